"""The PyTorch worker on other versions: as PyTorch before 0.4 wanted it, and on PyTorch 1.0.0 itself."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from python_worker import PROBLEMS, check_conformance
from pytorch_test import DENSE, SHORT, WORKER
from worker_session import Problem, WorkerError, WorkerSession

OLD_TORCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_0_3.py")
BEFORE_JIT = ["pytorch/LSTMCell-basic", "pytorch/LSTMCell-fused", "pytorch/LSTM", "pytorch/LSTM-packed",
              "pytorch/LSTM-flipped"]
WITHOUT_CTC = {name: sizes for name, sizes in PROBLEMS.items() if sizes.get("loss") != "ctc"}
SHORT_WITHOUT_CTC = {name: WITHOUT_CTC[name] for name in SHORT if name in WITHOUT_CTC}
DATA = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share") / "lstmbench"


class VersionTest(unittest.TestCase):
    def start(self, *command, environment=None):
        worker = WorkerSession(command, environment)
        self.addCleanup(lambda: self.assertEqual(worker.close(), 0))
        return worker

    def assert_unsupported(self, worker, text, implementation, dtype="fp32", **sizes):
        problem = Problem(1, **sizes)
        self.addCleanup(problem.remove)
        with self.assertRaises(WorkerError) as caught:
            worker.send("prepare", **problem.request(implementation, dtype))
        self.assertEqual(caught.exception.kind, "unsupported", str(caught.exception))
        self.assertIn(text, str(caught.exception))


ADAM_STEP = """import adam, torch
weight = torch.nn.Parameter(torch.zeros(1))
(weight * 1e-8).sum().backward()
adam.make([weight], 1.0, (0.9, 0.999), 1e-8).step()
print(float(weight.data[0]))
"""


def adam_step(python):
    """The first step of Adam, at a learning rate of 1, for a gradient that equals epsilon: half of it."""
    return float(subprocess.run([python, "-B", "-c", ADAM_STEP], text=True, cwd=pathlib.Path(WORKER).parent,
                                stdout=subprocess.PIPE, check=True).stdout)


class VariableApiTest(VersionTest):
    def test_adam_adds_epsilon_after_the_correction(self):
        self.assertAlmostEqual(adam_step(sys.executable), -0.5, places=5)

    def test_matches_autograd(self):
        worker = self.start(sys.executable, WORKER, "--api", "variable")
        self.assertGreater(check_conformance(self, worker, "fp32", BEFORE_JIT, SHORT_WITHOUT_CTC, dense_only=[DENSE]),
                           4 * len(SHORT_WITHOUT_CTC))

    def test_has_no_ctc_without_warp_ctc(self):
        worker = self.start(sys.executable, WORKER, "--api", "variable")
        self.assert_unsupported(worker, "warp-ctc", "pytorch/LSTM", loss="ctc")


class OldSurfaceTest(VersionTest):
    """With a torch that refuses whatever came after 0.3."""

    def test_touches_nothing_newer(self):
        worker = self.start(sys.executable, OLD_TORCH, "--warp-ctc", WORKER)
        self.assertGreater(check_conformance(self, worker, "fp64", BEFORE_JIT, SHORT, dense_only=[DENSE]),
                           4 * len(SHORT))
        hello = worker.send("hello", protocol=1)
        self.assertEqual((hello["version"], hello["build"]["released"]), ("0.3.1.post2", "2018-02"))
        self.assertEqual(hello["implementations"][0]["dtypes"], ["fp32", "fp64"])
        problem = Problem(2)
        self.addCleanup(problem.remove)
        worker.send("prepare", **problem.request("pytorch/LSTM"))
        losses = [step["loss"] for step in worker.send("run", steps=20)["steps"]]
        self.assertLess(losses[-1], losses[0])

    def test_what_is_newer_is_unsupported(self):
        worker = self.start(sys.executable, OLD_TORCH, WORKER)
        self.assert_unsupported(worker, "warp-ctc", "pytorch/LSTM", loss="ctc")
        self.assert_unsupported(worker, "torch.compile", "pytorch/LSTMCell-compiled")
        self.assert_unsupported(worker, "torch.jit.script", "pytorch/LSTMCell-scripted")
        self.assert_unsupported(worker, "fp32, fp64", "pytorch/LSTM", dtype="bf16")

    def test_the_surface_is_old(self):
        for code, error in (("torch.no_grad", "no_grad"), ("torch.zeros(2).item()", "item"),
                            ("torch.nn.Linear(2, 2).to('cpu')", "'to'"), ("torch.zeros(2).shape", "shape"),
                            ("torch.autograd.Variable(torch.zeros(2)).mul(torch.zeros(2))", "plain tensor")):
            with self.subTest(code=code):
                self.assertIn(error, self.output_of("import torch\n" + code))

    def output_of(self, code):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "program.py"
            program.write_text(code)
            return subprocess.run([sys.executable, OLD_TORCH, program], text=True, stderr=subprocess.PIPE).stderr


class RealTorchTest(VersionTest):
    """PyTorch 1.0.0 as `lstmbench peers add` installs it."""

    def check(self, environment):
        python = DATA / "environments" / environment / "bin/python"
        if not python.exists():
            self.skipTest("needs torch 1.0.0 (lstmbench peers add torch==1.0.0, see docs/pytorch-versions.md)")
        # 1.0.0 computes the loss of a sample without labels wrongly, which the worker says: only CTC with labels.
        ctc = {name: dict(sizes, min_labels=1) for name, sizes in PROBLEMS.items() if sizes.get("loss") == "ctc"}
        scripted = BEFORE_JIT + ["pytorch/LSTMCell-scripted"]
        worker = self.start(str(python), WORKER)
        self.assertEqual(worker.send("hello", protocol=1)["version"], "1.0.0")
        self.assertGreater(check_conformance(self, worker, "fp32", scripted, dict(WITHOUT_CTC, **ctc), dense_only=[DENSE]), 50)
        self.assert_unsupported(worker, "wrong for a sample without labels", "pytorch/LSTM", loss="ctc", max_labels=0)
        self.assertAlmostEqual(adam_step(str(python)), -0.5, places=5)
        old = self.start(str(python), WORKER, "--api", "variable")
        self.assertGreater(check_conformance(self, old, "fp32", BEFORE_JIT, WITHOUT_CTC, dense_only=[DENSE]), 30)

    def test_python_2_7(self):
        self.check("torch-1.0.0-python2.7")

    def test_python_3_7(self):
        self.check("torch-1.0.0")


if __name__ == "__main__":
    unittest.main()
