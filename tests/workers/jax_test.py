"""The JAX worker computes what float64 autograd computes, and keeps the worker protocol."""
import os
import time
import unittest

from frameworks import command_of
from python_worker import PROBLEMS, PythonWorker
from worker_session import WorkerSession

COMMAND = command_of("jax", "jax, optax, flax")
# Each is compiled anew, which takes seconds: all of them only in the full suite.
QUICK = {name: PROBLEMS[name] for name in ("one of everything", "unequal lengths", "ctc, padded", "ctc, unequal lengths")}
FEWER = {name: PROBLEMS[name] for name in ("unequal lengths", "ctc, unequal lengths")}
IS_FULL = "LSTM_TEST_SHAPES" in os.environ


class JaxWorkerTest(PythonWorker, unittest.TestCase):
    COMMAND, LIBRARY = COMMAND, "jax"
    IMPLEMENTATIONS = ["jax/LSTM", "jax/LSTM-flax"]
    ANY = JUDGE = "jax/LSTM"

    def test_fp32_matches_autograd(self):
        self.check_everything("fp32", PROBLEMS if IS_FULL else QUICK)

    def test_fp64_matches_autograd(self):
        self.check_everything("fp64", PROBLEMS if IS_FULL else FEWER)

    def test_bf16_matches_autograd(self):
        self.check_everything("bf16", PROBLEMS if IS_FULL else FEWER)

    def test_hello(self):
        hello = self.worker.send("hello", protocol=1)
        self.assertEqual((hello["protocol"], hello["library"]), (1, "jax"))
        self.assertEqual([one["name"] for one in hello["implementations"]], self.IMPLEMENTATIONS)
        for name in ("python", "numpy", "jaxlib", "flax"):
            self.assertIsInstance(hello["build"][name], str)
        self.assert_error("bad-request", "protocol", "hello", protocol=2)

    def test_one_thread_is_one(self):
        """What the process computes, it computes on as many processors as it was told."""
        worker = WorkerSession(COMMAND)
        self.addCleanup(worker.close)
        problem = self.problem(1, samples=64, time_steps=40, inputs=128, units=256)
        worker.send("prepare", **problem.request("jax/LSTM", threads=1))
        busy, start = cpu_seconds(worker.process.pid), time.monotonic()
        worker.send("run", steps=20)
        self.assertLess(cpu_seconds(worker.process.pid) - busy, 1.3 * (time.monotonic() - start) + 0.1)


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    unittest.main()
