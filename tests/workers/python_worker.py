"""What every worker in Python is tested for: it computes what float64 autograd computes, and keeps the protocol."""
import os
import time

import numpy as np

from autograd import autograd, relative_error
from worker_session import (LARGE_BYTES, Problem, WorkerError, WorkerSession, checked_gradients,
                            peak_rss_from_a_large_process)

# fp64 and fp32: rounding over a few steps, with room. bf16 keeps 8 bits: 2^-8 a product, with room.
TOLERANCE = {"fp64": 1e-12, "fp32": 5e-6, "bf16": 0.04, "bf16x3": 3e-4}

PROBLEMS = {
    "one layer": dict(),
    "one of everything": dict(samples=1, time_steps=1, inputs=1, units=1, classes=2),
    "two directions": dict(directions=2),
    "three layers, two directions": dict(layers=3, directions=2, samples=5),
    "unequal lengths": dict(directions=2, layers=2, samples=5, lengths=[3, 7, 1, 7, 4]),
    "unequal lengths, one direction": dict(layers=2, samples=4, lengths=[2, 6, 6, 7]),
    "equal lengths below T": dict(directions=2, layers=2, lengths=[4, 4, 4]),
    "sorted lengths": dict(directions=2, layers=2, lengths=[7, 5, 2]),
    "ctc": dict(loss="ctc", directions=2, layers=2),
    "ctc, unequal lengths": dict(loss="ctc", directions=2, layers=2, samples=5, lengths=[5, 7, 6, 7, 5]),
    "ctc, equal lengths below T": dict(loss="ctc", lengths=[5, 5, 5]),
    "ctc, padded": dict(loss="ctc", directions=2, layers=2, samples=4, loss_lengths=[5, 7, 6, 5]),
    "ctc, loss shorter than lengths": dict(loss="ctc", directions=2, samples=3, lengths=[6, 7, 5],
                                           loss_lengths=[5, 5, 5]),
}


def check_conformance(test, worker, dtype, implementations, problems=PROBLEMS, dense_only=()):
    """Loss and gradients of implementations on problems against float64 autograd; how many were compared, or
    skipped because the library has no bf16 for this processor."""
    compared = 0
    for seed, (name, sizes) in enumerate(sorted(problems.items())):
        problem = Problem(seed, **sizes)
        test.addCleanup(problem.remove)
        loss, gradients = autograd(problem)
        for implementation in implementations:
            if implementation in dense_only and (problem.lengths < problem.x.shape[1]).any():
                continue
            with test.subTest(problem=name, implementation=implementation, dtype=dtype):
                worker.send("prepare", **problem.request(implementation, dtype))
                try:
                    got_loss, got = checked_gradients(worker, problem)
                except WorkerError as error:
                    if dtype == "bf16" and error.kind == "unsupported" and "AVX-512" in str(error):
                        compared += 1
                        test.skipTest(str(error))
                    raise
                assert_close(test, got_loss, loss, TOLERANCE[dtype], "loss")
                for parameter in gradients:
                    test.assertEqual(got[parameter].shape, gradients[parameter].shape)
                    test.assertTrue(got[parameter].flags.c_contiguous, parameter)
                    test.assertEqual(got[parameter].dtype, np.float64 if dtype == "fp64" else np.float32)
                    assert_close(test, got[parameter], gradients[parameter], TOLERANCE[dtype], parameter)
                compared += 1
    return compared


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def assert_close(test, got, expected, tolerance, what):
    error = relative_error(got, expected)
    test.assertLessEqual(error, tolerance, "%s: relative error %.3g, tolerance %.3g" % (what, error, tolerance))


IS_FULL = "LSTM_TEST_SHAPES" in os.environ  # the full suite


def in_short(*names):
    """These problems, and in the full suite all."""
    return PROBLEMS if IS_FULL else {name: PROBLEMS[name] for name in names}


class PythonWorker:
    """Of a unittest.TestCase that says which worker: COMMAND, LIBRARY, IMPLEMENTATIONS, DENSE_ONLY of them, which take
    no lengths, ANY of them that is quick to prepare, and JUDGE, which the losses of the others are to follow."""

    DENSE_ONLY = ()

    @classmethod
    def setUpClass(cls):
        cls.worker = WorkerSession(cls.COMMAND)

    @classmethod
    def tearDownClass(cls):
        status = cls.worker.close()
        assert status == 0, "end of file on descriptor 3 must end the worker with 0, got %d" % status

    def check_everything(self, dtype, problems=PROBLEMS):
        compared = check_conformance(self, self.worker, dtype, self.IMPLEMENTATIONS, problems, self.DENSE_ONLY)
        self.assertGreater(compared, (len(self.IMPLEMENTATIONS) - 1) * len(problems))

    def problem(self, seed, **sizes):
        problem = Problem(seed, **sizes)
        self.addCleanup(problem.remove)
        return problem

    def assert_error(self, kind, text, request, **members):
        with self.assertRaises(WorkerError) as caught:
            self.worker.send(request, **members)
        self.assertEqual(caught.exception.kind, kind, str(caught.exception))
        self.assertIn(text, str(caught.exception))

    def check_hello(self, *build):
        hello = self.worker.send("hello", protocol=1)
        self.assertEqual((hello["protocol"], hello["library"]), (1, self.LIBRARY))
        self.assertEqual([one["name"] for one in hello["implementations"]], self.IMPLEMENTATIONS)
        for name in build:
            self.assertIsInstance(hello["build"][name], str)
        self.assert_error("bad-request", "protocol", "hello", protocol=2)

    def check_one_thread(self, implementation):
        """What a process computes, it computes on as many processors as it was told."""
        worker = WorkerSession(self.COMMAND)
        self.addCleanup(worker.close)
        problem = self.problem(1, samples=64, time_steps=40, inputs=128, units=256)
        worker.send("prepare", **problem.request(implementation, threads=1))
        busy, start = cpu_seconds(worker.process.pid), time.monotonic()
        worker.send("run", steps=8)
        self.assertLess(cpu_seconds(worker.process.pid) - busy, 1.3 * (time.monotonic() - start) + 0.1)

    def check_labels_that_do_not_fit(self):
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

    def test_trajectories_agree(self):
        for sizes in (dict(layers=2, directions=2, samples=4, loss="ctc", lengths=[5, 7, 6, 7]),
                      dict(layers=2, directions=2, samples=4, lengths=[4, 7, 6, 7]))[:2 if IS_FULL else 1]:
            losses = {}
            for implementation in self.IMPLEMENTATIONS:
                problem = self.problem(5, units=8, **sizes)
                if implementation in self.DENSE_ONLY:
                    continue
                self.worker.send("prepare", **problem.request(implementation))
                steps = self.worker.send("run", steps=7)["steps"] + self.worker.send("run", steps=13)["steps"]
                losses[implementation] = [step["loss"] for step in steps]
            expected = losses[self.JUDGE]
            self.assertEqual(len(expected), 20)
            self.assertLess(expected[-1], expected[0], "20 steps of Adam lower the loss")
            for implementation in losses:
                assert_close(self, losses[implementation], np.array(expected), 1e-4, implementation)

    def test_phases_fit_into_the_request(self):
        problem = self.problem(2, loss="ctc")
        self.worker.send("prepare", **problem.request(self.ANY))
        for step in self.worker.send("run", steps=3)["steps"]:
            self.assertEqual(set(step), {"input_ns", "forward_ns", "loss_ns", "backward_ns", "update_ns", "loss"})
            for phase in ("forward_ns", "loss_ns", "backward_ns", "update_ns"):
                self.assertIsInstance(step[phase], int)
                self.assertGreater(step[phase], 0)

    def test_check_starts_from_the_prepared_parameters(self):
        problem = self.problem(3)
        self.worker.send("prepare", **problem.request(self.ANY))
        before, _ = checked_gradients(self.worker, problem)
        first = [step["loss"] for step in self.worker.send("run", steps=2)["steps"]]
        again, _ = checked_gradients(self.worker, problem)
        third = self.worker.send("run", steps=1)["steps"][0]["loss"]
        self.assertEqual([before, before], [first[0], again])
        self.assertLess(third, first[1])

    def test_infeasible_ctc_is_infinite(self):
        problem = self.problem(4, loss="ctc", samples=1, time_steps=2, max_labels=3)
        problem.label_lengths = np.array([3], np.int32)
        problem.labels = np.array([1, 1, 2], np.int32)
        problem.write()
        self.worker.send("prepare", **problem.request(self.ANY))
        self.assertEqual(self.worker.send("run", steps=1)["steps"][0]["loss"], "Infinity")

    def test_nan_is_text(self):
        problem = self.problem(4)
        problem.x[0, 0, 0] = np.nan
        problem.write()
        self.worker.send("prepare", **problem.request(self.ANY))
        self.assertEqual(self.worker.send("run", steps=1)["steps"][0]["loss"], "NaN")

    def test_threads_are_set(self):
        problem = self.problem(1)
        for threads in (2, 1):
            prepared = self.worker.send("prepare", **problem.request(self.ANY, threads=threads))
            self.assertIn("%d threads" % threads, prepared["description"])

    def test_bad_requests(self):
        problem = self.problem(1)
        good = problem.request(self.ANY)
        self.assert_error("bad-request", "fly", "fly")
        self.assert_error("bad-request", self.ANY, "prepare", **dict(good, implementation=self.LIBRARY + "/GRU"))
        self.assert_error("unsupported", "fp8", "prepare", **dict(good, dtype="fp8"))
        self.assert_error("unsupported", "tf32", "prepare", **dict(good, dtype="tf32"))
        self.assert_error("unsupported", "tpu", "prepare", **dict(good, device="tpu"))
        self.assert_error("bad-request", "threads", "prepare", **dict(good, threads=0))
        self.assert_error("bad-request", "units", "prepare", **dict(good, network=dict(problem.network, units=0)))
        self.assert_error("bad-request", "expected", "prepare", **dict(good, network=dict(problem.network, units=9)))
        self.assert_error("bad-request", "x.npy", "prepare", **dict(good, directory="/nonexistent"))
        self.assert_error("bad-request", "Schl\u00fcssel", "prepare", **dict(good, directory="/Schl\u00fcssel"))
        self.assert_error("bad-request", "'directory'", "prepare", **dict(good, directory=[]))
        self.assert_error("bad-request", "'implementation'", "prepare", **dict(good, implementation=[]))
        self.assert_error("bad-request", "hinge", "prepare", **dict(good, network=dict(problem.network, loss="hinge")))
        self.assert_error("unsupported", "sgd", "prepare", **dict(good, optimizer={"name": "sgd"}))
        self.assert_error("bad-request", "prepared", "run", steps=1)  # a failed prepare leaves nothing
        self.worker.send("prepare", **good)
        self.assert_error("bad-request", "steps", "run", steps=-1)
        self.assert_error("bad-request", "/nonexistent", "check", directory="/nonexistent")
        self.assertEqual(len(self.worker.send("run", steps=1)["steps"]), 1)

    def test_bad_data(self):
        for name, value, text in (("labels", [6, 0, 0], "labels.npy"), ("lengths", [7, 8, 7], "lengths.npy"),
                                  ("loss_lengths", [7, 0, 7], "loss_lengths")):
            problem = self.problem(1)
            setattr(problem, name, np.array(value, np.int32))
            problem.write()
            self.assert_error("bad-request", text, "prepare", **problem.request(self.ANY))

    def test_lines_that_are_no_requests(self):
        for line in (b"{", b"[]", b"\xff", b"{\"id\": 9}", b" " * (1 << 20) + b"{}", b"[" * 500000,
                     b"{\"request\": []}", b"{\"request\": {}}", "{\"request\": \"Schl\u00fcssel\"}".encode("utf-8"),
                     b"{\"id\": NaN, \"request\": \"hello\"}", b"{\"id\": 1e999, \"request\": \"hello\"}"):
            with self.subTest(line=line[:60]):
                reply = self.worker.send_line(line)
                self.assertEqual(reply["error"]["kind"], "bad-request", reply)

    def test_memory(self):
        memory = self.worker.send("memory")
        self.assertGreater(memory["peak_rss_bytes"], 50e6)
        self.assertIsNone(memory["device_peak_bytes"])
        self.assertLess(peak_rss_from_a_large_process(self.COMMAND), LARGE_BYTES)
