"""The TensorFlow worker computes what float64 autograd computes, and keeps the worker protocol."""
import os
import unittest

import numpy as np

from autograd import autograd
from frameworks import command_of
from python_worker import PROBLEMS, TOLERANCE, PythonWorker, assert_close
from worker_session import WorkerError, WorkerSession, checked_gradients

COMMAND = command_of("tensorflow", "tensorflow, keras")
# Each is traced and compiled anew, which takes seconds: all of them only in the full suite.
FEWER = {name: PROBLEMS[name] for name in ("unequal lengths, one direction", "ctc, loss shorter than lengths")}
QUICK = dict(FEWER, **{name: PROBLEMS[name] for name in ("one of everything", "unequal lengths")})
IS_FULL = "LSTM_TEST_SHAPES" in os.environ


class TensorFlowWorkerTest(PythonWorker, unittest.TestCase):
    COMMAND, LIBRARY = COMMAND, "tensorflow"
    IMPLEMENTATIONS = ["tensorflow/LSTM", "tensorflow/LSTM-xla"]
    ANY = JUDGE = "tensorflow/LSTM"

    def test_fp32_matches_autograd(self):
        self.check_everything("fp32", PROBLEMS if IS_FULL else QUICK)

    def test_fp64_matches_autograd(self):
        problems = PROBLEMS if IS_FULL else FEWER
        self.check_everything("fp64", {name: problems[name] for name in problems if not name.startswith("ctc")})

    def test_what_is_unsupported(self):
        problem = self.problem(1, loss="ctc")
        self.assert_error("unsupported", "in float32", "prepare", **problem.request(self.ANY, "fp64"))
        self.assert_error("unsupported", "bf16", "prepare", **problem.request(self.ANY, "bf16"))

    def test_labels_that_do_not_fit_have_no_gradient(self):
        """Of four samples: too many labels, too many with the blank between two, none, and a few that fit."""
        sizes = dict(samples=4, time_steps=3, loss="ctc", max_labels=4, lengths=[3, 3, 3, 2])
        problem = self.problem(6, **sizes)
        problem.label_lengths = np.array([4, 3, 0, 2], np.int32)
        problem.labels = np.array([1, 2, 3, 4, 1, 1, 2, 5, 4], np.int32)
        problem.write()
        fitting = self.problem(6, **dict(sizes, samples=2, lengths=[3, 2]))
        fitting.x, fitting.parameters = problem.x[2:], problem.parameters
        fitting.label_lengths, fitting.labels = problem.label_lengths[2:], problem.labels[-2:]
        _, expected = autograd(fitting)
        for implementation in self.IMPLEMENTATIONS:
            self.worker.send("prepare", **problem.request(implementation))
            loss, gradients = checked_gradients(self.worker, problem)
            self.assertEqual(loss, np.inf)
            for name in expected:
                assert_close(self, gradients[name], expected[name], TOLERANCE["fp32"], name)

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
        for implementation in self.IMPLEMENTATIONS:
            with self.subTest(implementation=implementation):
                self.check_one_thread(implementation)

    def test_hello(self):
        hello = self.worker.send("hello", protocol=1)
        self.assertEqual((hello["protocol"], hello["library"]), (1, "tensorflow"))
        self.assertEqual([one["name"] for one in hello["implementations"]], self.IMPLEMENTATIONS)
        for name in ("python", "numpy", "keras"):
            self.assertIsInstance(hello["build"][name], str)
        self.assert_error("bad-request", "protocol", "hello", protocol=2)


if __name__ == "__main__":
    unittest.main()
