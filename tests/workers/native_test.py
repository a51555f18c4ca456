"""The native engines compute what PyTorch's float64 autograd computes, and their worker keeps the protocol."""
import os
import unittest

import numpy as np

from autograd import autograd, needs_torch, relative_error
from worker_session import (LARGE_BYTES, Problem, WorkerError, WorkerSession, checked_gradients,
                            peak_rss_from_a_large_process)

WORKER = os.path.join(os.environ["LSTMBENCH_BINARY_DIR"], "lstm-worker-native")
# Two float64 programs that add in different orders; fp32 rounding over some dozens of steps, with room; bf16: ten
# times 2^-8; bf16x3: five times 2^-16.
TOLERANCE = {"fp64": 1e-11, "fp32": 2e-5, "bf16x3": 8e-5, "bf16": 0.04}

INSTRUCTION_SETS = ["portable", "avx2", "avx512", "avx512bf16", "amx"]

PROBLEMS = {
    "one layer": dict(),
    "one of everything": dict(samples=1, time_steps=1, inputs=1, units=1, classes=2),
    "two directions": dict(directions=2),
    "four layers, two directions": dict(layers=4, directions=2, samples=5, units=9),
    "wide": dict(samples=9, time_steps=20, inputs=37, units=33, layers=2, directions=2, classes=19),
    "unequal lengths": dict(directions=2, layers=3, samples=5, lengths=[3, 7, 1, 7, 4]),
    "unequal lengths, one direction": dict(layers=2, samples=4, lengths=[2, 6, 6, 7]),
    "every length below T": dict(directions=2, layers=2, lengths=[4, 2, 4]),
    "ctc": dict(loss="ctc", directions=2, layers=2),
    "ctc, long": dict(loss="ctc", directions=2, layers=2, samples=6, time_steps=60, units=17, classes=11,
                      max_labels=20, lengths=[60, 41, 50, 60, 44, 57]),
    "ctc, repeated labels": dict(loss="ctc", samples=6, time_steps=19, classes=2, max_labels=9),
    "ctc, unequal lengths": dict(loss="ctc", directions=2, layers=2, samples=5, lengths=[5, 7, 6, 7, 5]),
    "ctc, padded": dict(loss="ctc", directions=2, layers=2, samples=4, loss_lengths=[5, 7, 6, 5]),
    "ctc, loss shorter than lengths": dict(loss="ctc", directions=2, samples=3, lengths=[6, 7, 5],
                                           loss_lengths=[5, 3, 5]),
    "ctc, no labels": dict(loss="ctc", samples=3, max_labels=0),
}


class NativeWorkerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.worker = WorkerSession([WORKER])
        cls.hello = cls.worker.send("hello", protocol=1)

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

    @needs_torch
    def test_gradients_are_those_of_float64_autograd(self):
        implementations = [(known["name"], dtype) for known in self.hello["implementations"]
                           for dtype in known["dtypes"] if dtype in TOLERANCE]
        self.assertIn(("native/reference", "fp64"), implementations)
        compared = 0
        for seed, (name, sizes) in enumerate(sorted(PROBLEMS.items())):
            problem = self.problem(seed, **sizes)
            loss, gradients = autograd(problem)
            for implementation, dtype in implementations:
                with self.subTest(problem=name, implementation=implementation, dtype=dtype):
                    self.worker.send("prepare", **problem.request(implementation, dtype, threads=1 + seed % 2))
                    got_loss, got = checked_gradients(self.worker, problem)
                    self.assert_close(got_loss, loss, TOLERANCE[dtype], "loss")
                    for parameter in gradients:
                        self.assertEqual(got[parameter].shape, gradients[parameter].shape)
                        self.assertEqual(got[parameter].dtype, np.float64 if dtype == "fp64" else np.float32)
                        self.assert_close(got[parameter], gradients[parameter], TOLERANCE[dtype], parameter)
                    compared += 1
        self.assertEqual(compared, len(PROBLEMS) * len(implementations))

    @needs_torch
    def test_steps_are_those_of_torch_adam(self):
        import torch
        problem = self.problem(1, samples=6, units=8, directions=2)
        self.worker.send("prepare", **problem.request("native/reference", "fp64"))
        steps = self.worker.send("run", steps=3)["steps"] + self.worker.send("run", steps=2)["steps"]
        parameters = {name: torch.from_numpy(value).double() for name, value in problem.parameters.items()}
        adam = torch.optim.Adam(list(parameters.values()), lr=1e-3)
        for step in steps:
            problem.parameters = {name: value.numpy() for name, value in parameters.items()}
            loss, gradients = autograd(problem)
            self.assert_close(step["loss"], loss, 1e-8, "loss")
            for name, value in parameters.items():
                value.grad = torch.from_numpy(gradients[name])
            adam.step()
        self.assertTrue(all(step[phase] >= 0 for step in steps for phase in
                            ["input_ns", "forward_ns", "loss_ns", "backward_ns", "update_ns"]))

    def test_check_starts_from_the_prepared_parameters(self):
        problem = self.problem(2)
        self.worker.send("prepare", **problem.request("native/fused"))
        first, gradients = checked_gradients(self.worker, problem)
        run = [step["loss"] for step in self.worker.send("run", steps=3)["steps"]]
        again, again_gradients = checked_gradients(self.worker, problem)
        run += [self.worker.send("run", steps=1)["steps"][0]["loss"]]
        self.assertEqual(first, again)
        for name in gradients:
            np.testing.assert_array_equal(gradients[name], again_gradients[name])
        self.assertEqual(first, run[0])
        self.assertEqual(sorted(run, reverse=True), run)  # the check in between has not moved the parameters

    def test_a_label_sequence_that_does_not_fit_has_an_infinite_loss_and_no_gradient(self):
        problem = self.problem(3, loss="ctc", samples=2, time_steps=4, max_labels=3)
        problem.label_lengths = np.array([3, 1], np.int32)
        problem.labels = np.array([2, 2, 2, 1], np.int32)  # three equal labels need five steps
        problem.write()
        for implementation, dtype in [("native/reference", "fp64"), ("native/fused", "fp32")]:
            self.worker.send("prepare", **problem.request(implementation, dtype))
            loss, gradients = checked_gradients(self.worker, problem)
            self.assertEqual(loss, np.inf)
            self.assertTrue(all(np.isfinite(gradient).all() for gradient in gradients.values()))
            self.assertGreater(np.abs(gradients["head"]).max(), 0)  # of the other sample

    def test_bad_requests_say_what_is_wrong(self):
        worker = self.worker
        self.assertEqual(worker.send_line(b"no json")["error"]["kind"], "bad-request")
        self.assertEqual(worker.send_line(b"[1]")["error"]["kind"], "bad-request")
        self.assertEqual(worker.send_line(b"x" * (1 << 21))["error"]["kind"], "bad-request")
        self.assert_error("bad-request", "dance", "dance")
        self.assert_error("bad-request", "protocol", "hello", protocol=2)
        self.assert_error("bad-request", "protocol", "hello", protocol="one")
        problem = self.problem(4)
        request = problem.request("native/fused")
        self.assert_error("bad-request", "native/none", "prepare", **dict(request, implementation="native/none"))
        self.assert_error("bad-request", "prepare", "run", steps=1)
        self.assert_error("unsupported", "fp32", "prepare", **dict(request, dtype="bf16"))
        self.assert_error("unsupported", "cpu", "prepare", **dict(request, device="cuda"))
        self.assert_error("bad-request", "threads", "prepare", **dict(request, threads=0))
        self.assert_error("bad-request", "threads", "prepare", **dict(request, threads=(1 << 32) + 1))
        self.assert_error("bad-request", "units", "prepare", **dict(request, network=dict(problem.network, units=0)))
        self.assert_error("bad-request", "units", "prepare",
                          **dict(request, network={k: v for k, v in problem.network.items() if k != "units"}))
        self.assert_error("bad-request", "x.npy", "prepare", **dict(request, directory="/nowhere"))
        self.assert_error("bad-request", "shape", "prepare", **dict(request, batch=dict(problem.batch, samples=4)))
        worker.send("prepare", **request)  # still usable
        self.assert_error("bad-request", "steps", "run", steps=0)
        self.assert_error("failed", "/nowhere", "check", directory="/nowhere")

    def test_sizes_beyond_what_the_library_takes_are_unsupported(self):
        problem = self.problem(8, units=1, classes=(1 << 20) + 1)
        self.assert_error("unsupported", "classes", "prepare", **problem.request("native/fused"))

    def test_bad_data_is_named(self):
        def with_array(name, array, kind, text):
            problem = self.problem(5, loss="ctc", lengths=[7, 6, 5])
            np.save(os.path.join(problem.directory, name + ".npy"), array)
            self.assert_error(kind, text, "prepare", **problem.request("native/fused"))

        with_array("lengths", np.array([8, 6, 5], np.int32), "bad-request", "lengths")
        with_array("loss_lengths", np.array([7, 7, 5], np.int32), "bad-request", "loss_lengths[1]")
        with_array("lengths", np.array([7, 6, 5], np.int64), "bad-request", "<i8")
        with_array("lengths", np.array([[7, 6, 5]], np.int32), "bad-request", "shape")
        with_array("x", np.asfortranarray(np.zeros((3, 7, 5), np.float32)), "bad-request", "'fortran_order': True")
        with_array("parameters/head", np.zeros((6, 5), np.float32), "bad-request", "head.npy")
        problem = self.problem(6)
        with open(os.path.join(problem.directory, "x.npy"), "r+b") as file:
            file.truncate(200)
        self.assert_error("bad-request", "x.npy", "prepare", **problem.request("native/fused"))
        problem = self.problem(7)
        np.save(os.path.join(problem.directory, "labels.npy"), np.array([0, 6, 1], np.int32))
        self.assert_error("bad-request", "labels", "prepare", **problem.request("native/fused"))

    def test_an_unknown_instruction_set_is_an_error(self):
        worker = WorkerSession([WORKER], {"LSTM_ISA": "mmx"})
        self.addCleanup(worker.close)
        with self.assertRaises(WorkerError) as caught:
            worker.send("hello", protocol=1)
        self.assertIn("LSTM_ISA", str(caught.exception))

    def test_an_instruction_set_beyond_the_machine_is_unsupported(self):
        best = self.hello["build"]["isa"]
        problem = self.problem(8)
        for isa in INSTRUCTION_SETS:
            worker = WorkerSession([WORKER], {"LSTM_ISA": isa})
            self.addCleanup(worker.close)
            for implementation in worker.send("hello", protocol=1)["implementations"]:
                for dtype in implementation["dtypes"]:
                    with self.subTest(isa=isa, implementation=implementation["name"], dtype=dtype):
                        request = problem.request(implementation["name"], dtype)
                        is_beyond = INSTRUCTION_SETS.index(isa) > INSTRUCTION_SETS.index(best)
                        if not is_beyond or implementation["name"] == "native/reference":  # which has plain loops only
                            worker.send("prepare", **request)
                            continue
                        with self.assertRaises(WorkerError) as caught:
                            worker.send("prepare", **request)
                        self.assertEqual(caught.exception.kind, "unsupported")
                        self.assertIn("got %s, which this machine lacks; its best is %s" % (isa, best),
                                      str(caught.exception))

    def test_peak_is_measured(self):
        quick = self.worker.send("peak", threads=1, seconds=0.05, quick=True)
        self.assertGreater(quick["fp32_gflops"], 0)
        self.assertIsNone(quick["memory_gbytes"])
        self.assertGreater(self.worker.send("peak", threads=2, seconds=0.05)["memory_gbytes"], 0)
        self.assert_error("bad-request", "threads", "peak", threads=0)

    def test_memory_and_quit(self):
        worker = WorkerSession([WORKER])
        self.assertGreater(worker.send("memory")["peak_rss_bytes"], 1 << 20)
        self.assertLess(peak_rss_from_a_large_process([WORKER]), LARGE_BYTES)
        self.assertEqual(worker.send("quit"), {})
        self.assertEqual(worker.close(), 0)

    def test_hello_describes_the_build(self):
        self.assertEqual(self.hello["library"], "native")
        self.assertTrue({"compiler", "isa", "cpu"} <= set(self.hello["build"]))
        self.assertRegex(self.hello["build"]["build id"], "^[0-9a-f]{16}$")

    def test_hello_says_where_a_dtype_cannot_be_fast(self):
        notes = {i["name"]: i["notes"] for i in self.hello["implementations"]}
        isa = self.hello["build"]["isa"]
        self.assertEqual("bf16x3" in notes["native/sequence"], isa != "amx")
        self.assertEqual("bf16" in notes["native/sequence"], isa not in ("amx", "avx512bf16"))
        self.assertEqual(notes["native/basic"], {})


if __name__ == "__main__":
    unittest.main()
