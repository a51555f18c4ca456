"""The PyTorch worker computes what float64 autograd computes, and keeps the worker protocol."""
import os
import pathlib
import subprocess
import sys
import unittest
from unittest import mock

import numpy as np

from autograd import autograd, relative_error
from worker_session import (LARGE_BYTES, Problem, WorkerError, WorkerSession, checked_gradients,
                            peak_rss_from_a_large_process)

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../workers/pytorch/worker.py")
SHARED = os.path.join(os.path.dirname(WORKER), "../protocol/python")  # what the workers in Python have in common
DENSE_ONLY = "pytorch/LSTM"
COMPILED = "pytorch/LSTMCell-compiled"
GRAPHED = "pytorch/LSTM-graphed"
ENGINE = "pytorch/lstm_engine"
LIBRARY = pathlib.Path(os.environ.get("LSTMBENCH_BINARY_DIR", "bin")).parent / "lib" / "liblstm_c.so"
ALL = ["pytorch/LSTMCell-basic", "pytorch/LSTMCell-fused", COMPILED, "pytorch/LSTMCell-scripted", "pytorch/LSTM",
       "pytorch/LSTM-packed", "pytorch/LSTM-flipped"]
# Compiling takes seconds for each problem: all of them only in the full suite.
QUICK = ALL if "LSTM_TEST_SHAPES" in os.environ else [name for name in ALL if name != COMPILED]
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


def check_conformance(test, worker, dtype, implementations, problems=PROBLEMS):
    """Loss and gradients of implementations on problems against float64 autograd; how many were compared, or
    skipped because nn.LSTM has no bf16 on this processor."""
    compared = 0
    for seed, (name, sizes) in enumerate(sorted(problems.items())):
        problem = Problem(seed, **sizes)
        test.addCleanup(problem.remove)
        loss, gradients = autograd(problem)
        for implementation in implementations:
            if implementation == DENSE_ONLY and (problem.lengths < problem.x.shape[1]).any():
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


def assert_close(test, got, expected, tolerance, what):
    error = relative_error(got, expected)
    test.assertLessEqual(error, tolerance, "%s: relative error %.3g, tolerance %.3g" % (what, error, tolerance))


class PyTorchWorkerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.worker = WorkerSession([sys.executable, WORKER])

    @classmethod
    def tearDownClass(cls):
        status = cls.worker.close()
        assert status == 0, "end of file on descriptor 3 must end the worker with 0, got %d" % status

    def problem(self, seed, **sizes):
        problem = Problem(seed, **sizes)
        self.addCleanup(problem.remove)
        return problem

    def assert_error(self, kind, text, request, **members):
        with self.assertRaises(WorkerError) as caught:
            self.worker.send(request, **members)
        self.assertEqual(caught.exception.kind, kind, str(caught.exception))
        self.assertIn(text, str(caught.exception))

    def check_everything(self, dtype):
        compared = check_conformance(self, self.worker, dtype, QUICK)
        self.assertGreater(compared, 4 * len(PROBLEMS))

    def test_compiled_matches_autograd(self):
        name = "ctc, unequal lengths"
        self.assertEqual(check_conformance(self, self.worker, "fp32", [COMPILED], {name: PROBLEMS[name]}), 1)

    def test_fp32_matches_autograd(self):
        self.check_everything("fp32")

    def test_fp64_matches_autograd(self):
        self.check_everything("fp64")

    def test_bf16_matches_autograd(self):
        self.check_everything("bf16")

    def test_dense_needs_full_lengths(self):
        problem = self.problem(1, lengths=[7, 6, 7])
        self.assert_error("unsupported", "lengths", "prepare", **problem.request(DENSE_ONLY))
        problem = self.problem(1)
        self.worker.send("prepare", **problem.request(DENSE_ONLY))  # usable after an error

    def test_graphs_need_a_gpu(self):
        self.assert_error("unsupported", "CUDA graphs need", "prepare", **self.problem(1).request(GRAPHED))

    def test_trajectories_agree(self):
        for sizes in (dict(layers=2, directions=2, samples=4, lengths=[4, 7, 6, 7]),
                      dict(layers=2, directions=2, samples=4, loss="ctc", lengths=[5, 7, 6, 7])):
            losses = {}
            for implementation in QUICK:
                problem = self.problem(5, units=8, **sizes)
                if implementation == DENSE_ONLY:
                    continue
                self.worker.send("prepare", **problem.request(implementation))
                steps = self.worker.send("run", steps=7)["steps"] + self.worker.send("run", steps=13)["steps"]
                losses[implementation] = [step["loss"] for step in steps]
            expected = losses["pytorch/LSTM-packed"]
            self.assertEqual(len(expected), 20)
            self.assertLess(expected[-1], expected[0], "20 steps of Adam lower the loss")
            for implementation in losses:
                assert_close(self, losses[implementation], np.array(expected), 1e-4, implementation)

    def test_phases_fit_into_the_request(self):
        problem = self.problem(2, loss="ctc")
        self.worker.send("prepare", **problem.request("pytorch/LSTM"))
        for step in self.worker.send("run", steps=3)["steps"]:
            self.assertEqual(set(step), {"input_ns", "forward_ns", "loss_ns", "backward_ns", "update_ns", "loss"})
            for phase in ("forward_ns", "loss_ns", "backward_ns", "update_ns"):
                self.assertIsInstance(step[phase], int)
                self.assertGreater(step[phase], 0)

    def test_check_starts_from_the_prepared_parameters(self):
        problem = self.problem(3)
        self.worker.send("prepare", **problem.request("pytorch/LSTM"))
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
        self.worker.send("prepare", **problem.request("pytorch/LSTM"))
        self.assertEqual(self.worker.send("run", steps=1)["steps"][0]["loss"], "Infinity")

    def test_nan_is_text(self):
        problem = self.problem(4)
        problem.x[0, 0, 0] = np.nan
        problem.write()
        self.worker.send("prepare", **problem.request("pytorch/LSTM"))
        self.assertEqual(self.worker.send("run", steps=1)["steps"][0]["loss"], "NaN")

    def test_hello(self):
        hello = self.worker.send("hello", protocol=1)
        import torch
        self.assertEqual((hello["protocol"], hello["library"], hello["version"]), (1, "pytorch", torch.__version__.split("+")[0]))
        self.assertEqual(hello["build"]["torch"], torch.__version__)
        # CUDA graphs run on a GPU only.
        names = [one["name"] for one in hello["implementations"] if one["name"] not in (GRAPHED, ENGINE)]
        self.assertEqual((names, len(hello["implementations"])), (ALL, len(ALL) + 2))
        self.assertIn("cpu", hello["implementations"][0]["devices"])
        for name in ("python", "numpy", "torch"):
            self.assertIsInstance(hello["build"][name], str)
        self.assert_error("bad-request", "protocol", "hello", protocol=2)

    def test_threads_are_set(self):
        problem = self.problem(1)
        for threads in (2, 1):
            prepared = self.worker.send("prepare", **problem.request("pytorch/LSTM", threads=threads))
            self.assertIn("%d threads" % threads, prepared["description"])

    def test_bad_requests(self):
        problem = self.problem(1)
        good = problem.request("pytorch/LSTM")
        self.assert_error("bad-request", "fly", "fly")
        self.assert_error("bad-request", "LSTM-packed", "prepare", **dict(good, implementation="pytorch/GRU"))
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
            self.assert_error("bad-request", text, "prepare", **problem.request("pytorch/LSTM"))

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
        self.assertLess(peak_rss_from_a_large_process([sys.executable, WORKER]), LARGE_BYTES)


class EngineTest(unittest.TestCase):
    def start(self, *arguments):
        worker = WorkerSession([sys.executable, WORKER, *arguments])
        self.addCleanup(worker.close)
        return worker, next(one for one in worker.send("hello", protocol=1)["implementations"] if one["name"] == ENGINE)

    @unittest.skipUnless(LIBRARY.exists(), "liblstm_c.so is not built")
    def test_matches_autograd(self):
        worker, offer = self.start("--engine", str(LIBRARY))
        self.assertNotIn("unavailable", offer)
        self.assertEqual((offer["dtypes"], offer["devices"]), (["fp32", "bf16", "bf16x3"], ["cpu"]))
        self.assertRegex(worker.send("hello", protocol=1)["build"]["lstm_engine"], "^[0-9a-f]{12}$")
        for dtype in offer["dtypes"]:
            self.assertEqual(check_conformance(self, worker, dtype, [ENGINE]), len(PROBLEMS))

    @unittest.skipUnless(LIBRARY.exists(), "liblstm_c.so is not built")
    def test_trains_as_nn_lstm_does(self):
        worker, _ = self.start("--engine", str(LIBRARY))
        losses = []
        for implementation in ("pytorch/LSTM-packed", ENGINE):
            problem = Problem(5, units=8, layers=2, directions=2, samples=4, loss="ctc", lengths=[5, 7, 6, 7])
            self.addCleanup(problem.remove)
            worker.send("prepare", **problem.request(implementation))
            losses.append([step["loss"] for step in worker.send("run", steps=20)["steps"]])
        assert_close(self, losses[1], np.array(losses[0]), 1e-4, ENGINE)

    def test_says_why_it_is_not_there(self):
        for arguments, text in (((), "cannot be loaded"), (("--engine", "/nonexistent.so"), "/nonexistent.so")):
            with mock.patch.dict(os.environ):
                os.environ.pop("LSTM_LIBRARY", None)
                worker, offer = self.start(*arguments)
            if not arguments and "unavailable" not in offer:
                continue  # this interpreter has the package
            self.assertRegex(offer["unavailable"], text + "|No module named 'lstm_engine'")
            problem = Problem(1)
            self.addCleanup(problem.remove)
            with self.assertRaisesRegex(WorkerError, "lstm_engine cannot be imported") as caught:
                worker.send("prepare", **problem.request(ENGINE))
            self.assertEqual(caught.exception.kind, "unsupported")


class MessageTest(unittest.TestCase):
    """What str() of Python 2.7 does to texts that are not ASCII, pretended."""

    def message_of(self, error):
        sys.path[:0] = [os.path.dirname(WORKER), SHARED]
        import errors
        return errors.message_of(error)

    def test_every_error_has_a_message(self):
        class NotAscii(Exception):
            def __str__(self):
                if sys._getframe(1).f_code.co_name == "message_of" and not self.args[1:]:
                    self.args += ("asked",)
                    raise UnicodeEncodeError("ascii", self.args[0], 0, 1, "ordinal not in range(128)")
                return self.args[0]
        self.assertEqual(self.message_of(NotAscii("Schl\u00fcssel")), "Schl\u00fcssel")
        self.assertEqual(self.message_of(ValueError("plain")), "plain")


# A torch that says it has a GPU of some compute capability; nothing runs on it. What preparing a case tells it of TF32
# is told before anything is read of the problem, which is not there.
PRETENDED_GPU = """import sys, torch
torch.cuda.is_available = lambda: True
torch.cuda.get_device_capability = lambda device=None: (int(sys.argv[1]), 0)
import errors, network, training, versions
print(" ".join(versions.supported_dtypes()))
for dtype, device in (("fp32", "cuda"), ("tf32", "cuda"), ("fp32", "cuda"), ("bf16", "cuda"), ("tf32", "cpu")):
    try:
        training.Training({"dtype": dtype, "device": device, "threads": 1}, network.Network)
    except errors.ProtocolError as error:
        print(error.kind, torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32)
"""


class PretendedGpuTest(unittest.TestCase):
    def lines(self, capability):
        return subprocess.run([sys.executable, "-B", "-c", PRETENDED_GPU, str(capability)], text=True, check=True,
                              cwd=os.path.dirname(WORKER), env=dict(os.environ, PYTHONPATH=SHARED),
                              stdout=subprocess.PIPE).stdout.splitlines()

    def test_fp32_is_not_tf32(self):
        allowed, forbidden = "bad-request True True", "bad-request False False"
        dtypes, *told = self.lines(8)
        self.assertEqual(dtypes.split(), ["fp32", "bf16", "fp64", "tf32"])
        self.assertEqual(told, [forbidden, allowed, forbidden, allowed, "unsupported True True"])

    def test_tf32_is_newer_than_some_gpus(self):
        dtypes, *told = self.lines(7)
        self.assertEqual(dtypes.split(), ["fp32", "bf16", "fp64"])
        self.assertTrue(told[1].startswith("unsupported"), told)


class ProcessTest(unittest.TestCase):
    def test_quit_and_output(self):
        # What a library prints goes to the log, never into the replies.
        program = ("import runpy, sys; print('hello from a library'); sys.stdout.flush(); sys.argv = [%r];"
                   "runpy.run_path(%r, run_name='__main__')" % (WORKER, WORKER))
        worker = WorkerSession([sys.executable, "-c", program])
        self.assertEqual(worker.send("quit"), {})
        self.assertIn("hello from a library", worker.log())
        self.assertEqual(worker.close(), 0)

    def test_out_of_memory(self):
        limited = ["bash", "-c", 'ulimit -v 12000000; exec "$@"', "bash", sys.executable, WORKER]
        problem = Problem(1, samples=64, time_steps=4000, inputs=8, units=3000)
        self.addCleanup(problem.remove)
        worker = WorkerSession(limited)
        with self.assertRaises(WorkerError) as caught:
            worker.send("prepare", **problem.request("pytorch/LSTM"))
            worker.send("run", steps=1)
        self.assertEqual(caught.exception.kind, "out-of-memory", str(caught.exception))
        small = Problem(1)
        self.addCleanup(small.remove)
        worker.send("prepare", **small.request("pytorch/LSTM"))
        self.assertEqual(len(worker.send("run", steps=1)["steps"]), 1)
        self.assertEqual(worker.close(), 0)

    def test_missing_torch(self):
        problem = Problem(1)
        self.addCleanup(problem.remove)
        worker = WorkerSession([sys.executable, "-S", "-E", WORKER])  # no site-packages
        with self.assertRaises(WorkerError) as caught:
            worker.send("hello", protocol=1)
        self.assertEqual(caught.exception.kind, "failed")
        self.assertIn("cannot be imported", str(caught.exception))
        self.assertEqual(worker.close(), 0)


class FakeGpu(object):
    """Time of a GPU that works off what it was given only when somebody waits for it."""

    def __init__(self):
        self.now, self.waits = 0.0, 0

    def synchronize(self):
        self.now += 10.0
        self.waits += 1

    def event(self, enable_timing):
        gpu = self

        class Event(object):
            def record(self):
                gpu.now += 1.0
                self.at = gpu.now

            def elapsed_time(self, other):
                return other.at - self.at
        assert enable_timing
        return Event()


class PhasesOnAGpu(unittest.TestCase):
    def test_nobody_waits_within_a_step(self):
        sys.path[:0] = [os.path.dirname(WORKER), SHARED]
        import torch
        import training
        gpu, order = FakeGpu(), []
        step = training.Training.__new__(training.Training)
        step.device, step.dtype = "cuda", "fp32"
        step.host_x, step.host_labels = torch.ones(2, 3), torch.tensor([0, 1])
        step.network = torch.nn.Linear(3, 2)
        step.clock = lambda: int(gpu.now * 1e6)
        step.loss = lambda logits, labels: torch.nn.functional.cross_entropy(logits, labels)
        step.network.register_full_backward_hook(lambda *_: order.append("backward"))
        api = training.versions.api
        with mock.patch.object(api, "move", lambda tensor, _: tensor), \
                mock.patch.object(api, "scalar", lambda loss: order.append("loss") or loss.item()), \
                mock.patch.object(torch.cuda, "synchronize", gpu.synchronize), \
                mock.patch.object(torch.cuda, "Event", gpu.event):
            times = step.step(False)
        self.assertEqual(order, ["backward", "loss"])
        self.assertEqual(gpu.waits, 4)  # in front, behind the input, behind backward, behind the update
        self.assertEqual([times[phase] for phase in ("input_ns", "forward_ns", "loss_ns", "backward_ns", "update_ns")],
                         [10000000, 1000000, 1000000, 11000000, 10000000])


class MemoryOfAGpu(unittest.TestCase):
    def setUp(self):
        sys.path[:0] = [os.path.dirname(WORKER), SHARED]
        import torch
        import versions
        self.cuda, self.in_use, self.calls = torch.cuda, 0, []
        self.make = versions.DeviceMemory
        for name in ("current_device", "empty_cache", "reset_peak_memory_stats"):
            self.pretend(name, lambda name=name: self.calls.append(name))
        self.pretend("mem_get_info", lambda: (1000 - self.in_use, 1000))
        self.pretend("max_memory_reserved", lambda: 70)
        self.pretend("max_memory_cached", lambda: 65)
        self.pretend("max_memory_allocated", lambda: 60)

    def pretend(self, name, function):
        patch = mock.patch.object(self.cuda, name, function)
        patch.start()
        self.addCleanup(patch.stop)

    def test_is_what_the_driver_counts_beyond_what_was_there(self):
        self.in_use = 100
        memory = self.make()
        self.assertEqual(self.calls, ["current_device", "empty_cache", "reset_peak_memory_stats"])
        self.assertEqual(memory.peak_bytes(), 0)
        for self.in_use in (350, 250):
            memory.note()
        self.assertEqual(memory.peak_bytes(), 250)

    def test_is_what_the_allocator_held_in_old_versions(self):
        del self.cuda.mem_get_info, self.cuda.reset_peak_memory_stats
        memory = self.make()
        memory.note()
        self.assertEqual(memory.peak_bytes(), 70)
        del self.cuda.max_memory_reserved
        self.assertEqual(memory.peak_bytes(), 65)
        del self.cuda.max_memory_cached
        self.assertEqual(memory.peak_bytes(), 60)
        del self.cuda.max_memory_allocated
        self.assertIsNone(memory.peak_bytes())


if __name__ == "__main__":
    unittest.main()
