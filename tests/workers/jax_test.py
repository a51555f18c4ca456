"""The JAX worker computes what float64 autograd computes, and keeps the worker protocol."""
import unittest

from frameworks import command_of
from python_worker import PythonWorker, in_short

COMMAND = command_of("jax", "jax, optax, flax")
# Each is compiled anew, which takes seconds: all of them only in the full suite.
QUICK = in_short("unequal lengths", "ctc, loss shorter than lengths")
FP64 = in_short("ctc, equal lengths below T")
BF16 = in_short("unequal lengths, one direction")


class JaxWorkerTest(PythonWorker, unittest.TestCase):
    COMMAND, LIBRARY = COMMAND, "jax"
    IMPLEMENTATIONS = ["jax/LSTM", "jax/LSTM-flax"]
    ANY = JUDGE = "jax/LSTM"

    def test_fp32_matches_autograd(self):
        self.check_everything("fp32", QUICK)

    def test_fp64_matches_autograd(self):
        self.check_everything("fp64", FP64)

    def test_bf16_matches_autograd(self):
        self.check_everything("bf16", BF16)

    def test_labels_that_do_not_fit_have_no_gradient(self):
        self.check_labels_that_do_not_fit()

    def test_hello(self):
        self.check_hello("python", "numpy", "jaxlib", "flax")

    def test_one_thread_is_one(self):
        self.check_one_thread(self.ANY)


if __name__ == "__main__":
    unittest.main()
