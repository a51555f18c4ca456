"""The oneDNN worker computes what float64 autograd computes, where it was built."""
import os
import sys
import unittest

import numpy as np

from autograd import autograd, needs_torch, relative_error
from worker_session import (LARGE_BYTES, Problem, WorkerError, WorkerSession, checked_gradients,
                            peak_rss_from_a_large_process)

WORKER = os.path.join(os.environ.get("LSTMBENCH_BINARY_DIR", "build/dev/bin"), "lstm-worker-onednn")
# fp32: rounding over a few steps, with room; bf16 keeps 8 bits: 2^-8 a product, with room.
TOLERANCE = {"fp32": 5e-6, "bf16": 0.04}
PROBLEMS = {
    "one layer": dict(),
    "one of everything": dict(samples=1, time_steps=1, inputs=1, units=1, classes=2),
    "one sample": dict(samples=1, time_steps=12, inputs=16, units=32),
    "one step": dict(samples=3, time_steps=1, layers=2, directions=2),
    "one input": dict(samples=4, time_steps=6, inputs=1, units=16),
    "two directions": dict(directions=2),
    "three layers, two directions": dict(layers=3, directions=2, samples=5),
    "whole vectors": dict(layers=2, directions=2, samples=16, inputs=32, units=48, time_steps=9),
    "odd sizes": dict(layers=2, samples=3, inputs=19, units=33, time_steps=20),
}


class OneDnnWorkerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Spinning threads are for measurements: here other tests share the cores.
        cls.worker = WorkerSession([WORKER], {"OMP_WAIT_POLICY": "passive"})

    @classmethod
    def tearDownClass(cls):
        status = cls.worker.close()
        assert status == 0, "end of file on descriptor 3 must end the worker with 0, got %d" % status

    def problem(self, seed, **sizes):
        problem = Problem(seed, **sizes)
        self.addCleanup(problem.remove)
        return problem

    def assert_close(self, got, expected, tolerance, what):
        error = relative_error(got, expected)
        self.assertLessEqual(error, tolerance, "%s: relative error %.3g, tolerance %.3g" % (what, error, tolerance))

    def assert_error(self, kind, text, request, **members):
        with self.assertRaises(WorkerError) as caught:
            self.worker.send(request, **members)
        self.assertEqual(caught.exception.kind, kind, str(caught.exception))
        self.assertIn(text, str(caught.exception))

    def check_everything(self, dtype):
        for seed, (name, sizes) in enumerate(sorted(PROBLEMS.items())):
            problem = self.problem(seed, **sizes)
            loss, gradients = autograd(problem)
            for threads in (1, 2):
                with self.subTest(problem=name, dtype=dtype, threads=threads):
                    try:
                        self.worker.send("prepare", **problem.request("onednn/lstm", dtype, threads=threads))
                    except WorkerError as error:
                        # oneDNN has bf16 only on machines with AVX-512.
                        if dtype == "bf16" and error.kind == "unsupported":
                            self.skipTest(str(error))
                        raise
                    got_loss, got = checked_gradients(self.worker, problem)
                    self.assert_close(got_loss, loss, TOLERANCE[dtype], "loss")
                    for parameter in gradients:
                        self.assert_close(got[parameter], gradients[parameter], TOLERANCE[dtype], parameter)

    @needs_torch
    def test_fp32_matches_autograd(self):
        self.check_everything("fp32")

    @needs_torch
    def test_bf16_matches_autograd(self):
        self.check_everything("bf16")

    @needs_torch
    def test_trajectory_is_that_of_adam(self):
        import torch
        problem = self.problem(7, layers=2, directions=2, units=8)
        self.worker.send("prepare", **problem.request("onednn/lstm"))
        got = []
        for _ in range(2):
            got += [step["loss"] for step in self.worker.send("run", steps=10)["steps"]]

        parameters = {name: torch.from_numpy(array.astype(np.float64)) for name, array in problem.parameters.items()}
        optimizer = torch.optim.Adam(parameters.values(), lr=1e-3)
        expected = []
        for _ in range(20):
            problem.parameters = {name: parameter.numpy() for name, parameter in parameters.items()}
            loss, gradients = autograd(problem)
            expected.append(loss)
            for name, parameter in parameters.items():
                parameter.grad = torch.from_numpy(gradients[name])
            optimizer.step()
        self.assertLess(expected[-1], expected[0])
        # 1e-8 were measured. Adam with 1 - beta2 rounded as 1 - 0.999f is 3e-7 off.
        self.assert_close(got, np.array(expected), 6e-8, "losses")

    def test_check_starts_from_the_prepared_parameters(self):
        problem = self.problem(3)
        self.worker.send("prepare", **problem.request("onednn/lstm"))
        before, _ = checked_gradients(self.worker, problem)
        first = [step["loss"] for step in self.worker.send("run", steps=2)["steps"]]
        again, _ = checked_gradients(self.worker, problem)
        third = self.worker.send("run", steps=1)["steps"][0]["loss"]
        self.assertEqual([before, before], [first[0], again])
        self.assertLess(third, first[1])

    def test_nan_is_text(self):
        problem = self.problem(4)
        problem.x[0, 0, 0] = np.nan
        problem.write()
        self.worker.send("prepare", **problem.request("onednn/lstm"))
        self.assertEqual(self.worker.send("run", steps=1)["steps"][0]["loss"], "NaN")

    def test_hello(self):
        hello = self.worker.send("hello", protocol=1)
        self.assertEqual(hello["library"], "onednn")
        self.assertRegex(hello["version"], r"^3\.\d+\.\d+$")
        self.assert_error("bad-request", "protocol", "hello", protocol=2)

    def test_unsupported(self):
        self.assert_error("unsupported", "CTC", "prepare", **self.problem(1, loss="ctc").request("onednn/lstm"))
        self.assert_error("unsupported", "lengths", "prepare",
                          **self.problem(1, lengths=[7, 3, 7]).request("onednn/lstm"))
        good = self.problem(1).request("onednn/lstm")
        self.assert_error("unsupported", "fp64", "prepare", **dict(good, dtype="fp64"))
        self.assert_error("unsupported", "cuda", "prepare", **dict(good, device="cuda"))

    def test_bad_requests(self):
        problem = self.problem(1)
        good = problem.request("onednn/lstm")
        self.assert_error("bad-request", "fly", "fly")
        self.assert_error("bad-request", "onednn/gru", "prepare", **dict(good, implementation="onednn/gru"))
        self.assert_error("bad-request", "threads", "prepare", **dict(good, threads=0))
        self.assert_error("bad-request", "expected", "prepare", **dict(good, network=dict(problem.network, units=9)))
        self.assert_error("bad-request", "x.npy", "prepare", **dict(good, directory="/nonexistent"))
        self.assert_error("bad-request", "prepared", "run", steps=1)
        for line in (b"{", b"[]", b"{\"id\": 9}", b" " * (1 << 20) + b"{}"):
            self.assertEqual(self.worker.send_line(line)["error"]["kind"], "bad-request")

    def test_memory(self):
        problem = self.problem(1, units=64, samples=16, time_steps=50)
        prepared = self.worker.send("prepare", **problem.request("onednn/lstm"))
        # At least the gates of every step.
        self.assertGreater(prepared["workspace_bytes"], 50 * 16 * 4 * 64 * 4)
        self.assertGreater(self.worker.send("memory")["peak_rss_bytes"], prepared["workspace_bytes"])
        self.assertLess(peak_rss_from_a_large_process([WORKER]), LARGE_BYTES)


if __name__ == "__main__":
    if not os.path.exists(WORKER):
        print("skipped: no oneDNN worker (%s was not built: see docs/installation.md)" % WORKER)
        sys.exit(77)
    unittest.main()
