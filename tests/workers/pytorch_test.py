"""The PyTorch worker computes what float64 autograd computes, and keeps the worker protocol."""
import os
import pathlib
import subprocess
import sys
import unittest
from unittest import mock

import numpy as np

from python_worker import IS_FULL, PROBLEMS, PythonWorker, assert_close, check_conformance, in_short
from worker_session import Problem, WorkerError, WorkerSession

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../workers/pytorch/worker.py")
SHARED = os.path.join(os.path.dirname(WORKER), "../protocol/python")  # what the workers in Python have in common
DENSE = "pytorch/LSTM"
COMPILED = "pytorch/LSTMCell-compiled"
GRAPHED = "pytorch/LSTM-graphed"
ENGINE = "pytorch/lstm_engine"
LIBRARY = pathlib.Path(os.environ.get("LSTMBENCH_BINARY_DIR", "bin")).parent / "lib" / "liblstm_c.so"
ALL = ["pytorch/LSTMCell-basic", "pytorch/LSTMCell-fused", COMPILED, "pytorch/LSTMCell-scripted", "pytorch/LSTM",
       "pytorch/LSTM-packed", "pytorch/LSTM-flipped"]
# Compiling takes seconds for each problem: all of them only in the full suite.
QUICK = ALL if IS_FULL else [name for name in ALL if name != COMPILED]
# Each kind of lengths and of loss once; and in the other dtypes, which are cast to and computed in by the same code, fewer.
SHORT = in_short("one of everything", "three layers, two directions", "unequal lengths", "equal lengths below T",
                 "sorted lengths", "ctc, padded", "ctc, loss shorter than lengths")
FEWER = in_short("three layers, two directions", "ctc, unequal lengths")


class PyTorchWorkerTest(PythonWorker, unittest.TestCase):
    COMMAND, LIBRARY = [sys.executable, WORKER], "pytorch"
    IMPLEMENTATIONS, DENSE_ONLY = QUICK, [DENSE]
    ANY, JUDGE = DENSE, "pytorch/LSTM-packed"

    def test_compiled_matches_autograd(self):
        name = "ctc, unequal lengths"
        self.assertEqual(check_conformance(self, self.worker, "fp32", [COMPILED], {name: PROBLEMS[name]}), 1)

    def test_fp32_matches_autograd(self):
        self.check_everything("fp32", SHORT)

    def test_fp64_matches_autograd(self):
        self.check_everything("fp64", FEWER)

    def test_bf16_matches_autograd(self):
        self.check_everything("bf16", FEWER)

    def test_dense_needs_full_lengths(self):
        problem = self.problem(1, lengths=[7, 6, 7])
        self.assert_error("unsupported", "lengths", "prepare", **problem.request(DENSE))
        problem = self.problem(1)
        self.worker.send("prepare", **problem.request(DENSE))  # usable after an error

    def test_graphs_need_a_gpu(self):
        self.assert_error("unsupported", "CUDA graphs need", "prepare", **self.problem(1).request(GRAPHED))

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


class EngineTest(unittest.TestCase):
    def start(self, *arguments):
        worker = WorkerSession([sys.executable, WORKER, *arguments])
        self.addCleanup(worker.close)
        return worker, next(one for one in worker.send("hello", protocol=1)["implementations"] if one["name"] == ENGINE)

    @unittest.skipUnless(LIBRARY.exists(), "liblstm_c.so is not built")
    def test_computes_what_pytorch_does(self):
        worker, offer = self.start("--engine", str(LIBRARY))
        self.assertNotIn("unavailable", offer)
        self.assertEqual((offer["dtypes"], offer["devices"]), (["fp32", "bf16", "bf16x3"], ["cpu"]))
        self.assertRegex(worker.send("hello", protocol=1)["build"]["lstm_engine"], "^[0-9a-f]{12}$")
        for dtype in offer["dtypes"]:
            problems = SHORT if dtype == "fp32" else FEWER
            self.assertEqual(check_conformance(self, worker, dtype, [ENGINE], problems), len(problems))
        losses = []  # and trains as it does
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

    def test_libraries_have_their_words_for_no_memory(self):
        sys.path[:0] = [SHARED]
        import errors
        for words in ("CUDA out of memory.", "[enforce fail] DefaultCPUAllocator: can't allocate memory", "OOM when allocating tensor",
                      "RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes."):
            self.assertTrue(errors.is_out_of_memory(RuntimeError(words)), words)
        self.assertFalse(errors.is_out_of_memory(RuntimeError("shapes do not match")))

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
