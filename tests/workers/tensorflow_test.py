"""The TensorFlow worker computes what float64 autograd computes, and keeps the worker protocol."""
import unittest

from frameworks import command_of
from python_worker import IS_FULL, PythonWorker, in_short
from worker_session import WorkerError, WorkerSession

COMMAND = command_of("tensorflow", "tensorflow, keras")
# Each is traced and compiled anew, which takes seconds: all of them only in the full suite.
FEWER = in_short("unequal lengths, one direction")
QUICK = in_short("unequal lengths", "ctc, loss shorter than lengths")


class TensorFlowWorkerTest(PythonWorker, unittest.TestCase):
    COMMAND, LIBRARY = COMMAND, "tensorflow"
    IMPLEMENTATIONS = ["tensorflow/LSTM", "tensorflow/LSTM-xla"]
    ANY = JUDGE = "tensorflow/LSTM"

    def test_fp32_matches_autograd(self):
        self.check_everything("fp32", QUICK)

    def test_fp64_matches_autograd(self):
        self.check_everything("fp64", {name: FEWER[name] for name in FEWER if not name.startswith("ctc")})

    def test_what_is_unsupported(self):
        problem = self.problem(1, loss="ctc")
        self.assert_error("unsupported", "in float32", "prepare", **problem.request(self.ANY, "fp64"))
        self.assert_error("unsupported", "bf16", "prepare", **problem.request(self.ANY, "bf16"))

    def test_labels_that_do_not_fit_have_no_gradient(self):
        self.check_labels_that_do_not_fit()

    def test_threads_are_set(self):
        """Once: TensorFlow counts them no second time."""
        worker = WorkerSession(COMMAND)
        self.addCleanup(worker.close)
        problem = self.problem(1)
        for threads in (2, 2):
            prepared = worker.send("prepare", **problem.request(self.ANY, threads=threads))
            self.assertIn("2 threads", prepared["description"])
        with self.assertRaises(WorkerError) as caught:
            worker.send("prepare", **problem.request(self.ANY, threads=1))
        self.assertEqual(caught.exception.kind, "unsupported")
        self.assertIn("began with 2", str(caught.exception))

    def test_one_thread_is_one(self):
        for implementation in self.IMPLEMENTATIONS if IS_FULL else [self.ANY]:
            with self.subTest(implementation=implementation):
                self.check_one_thread(implementation)

    def test_hello(self):
        self.check_hello("python", "numpy", "keras")


if __name__ == "__main__":
    unittest.main()
