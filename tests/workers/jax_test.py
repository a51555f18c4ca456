"""The JAX worker computes what float64 autograd computes, and keeps the worker protocol."""
import os
import unittest

from frameworks import command_of
from python_worker import PROBLEMS, PythonWorker

COMMAND = command_of("jax", "jax, optax, flax")
# Each is compiled anew, which takes seconds: all of them only in the full suite.
QUICK = {name: PROBLEMS[name] for name in ("unequal lengths", "ctc, padded", "ctc, loss shorter than lengths")}
FEWER = {"ctc, unequal lengths": PROBLEMS["ctc, unequal lengths"]}
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

    def test_labels_that_do_not_fit_have_no_gradient(self):
        self.check_labels_that_do_not_fit()

    def test_hello(self):
        hello = self.worker.send("hello", protocol=1)
        self.assertEqual((hello["protocol"], hello["library"]), (1, "jax"))
        self.assertEqual([one["name"] for one in hello["implementations"]], self.IMPLEMENTATIONS)
        for name in ("python", "numpy", "jaxlib", "flax"):
            self.assertIsInstance(hello["build"][name], str)
        self.assert_error("bad-request", "protocol", "hello", protocol=2)

    def test_one_thread_is_one(self):
        self.check_one_thread(self.ANY)


if __name__ == "__main__":
    unittest.main()
