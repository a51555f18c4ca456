#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""Trains LSTMs with PyTorch, as a worker of lstmbench.

The program speaks the worker protocol (docs/worker-protocol.md): requests come on file descriptor 3, replies go
to descriptor 4, one JSON object a line. It needs nothing but torch and numpy. lstmbench starts it; by hand:

    python worker.py --help
    python worker.py 3<requests.jsonl 4>replies.jsonl

Implementations:
    pytorch/LSTMCell-basic   an LSTM cell of elementary operations, Python loop over time
    pytorch/LSTMCell-fused   nn.LSTMCell, Python loop over time
    pytorch/LSTM             nn.LSTM over the whole batch; only where every length is T
    pytorch/LSTM-packed      nn.LSTM over packed sequences
    pytorch/LSTM-flipped     one nn.LSTM per layer and direction, the reverse one on sequences flipped within
                             their length: exact lengths on the dense path

The syntax is that of Python 2.7 and 3 alike; what differs between PyTorch versions is in the section "versions".
"""
# Sizes in comments: N samples, T time steps, C input channels, H units, D directions, V classes.
from __future__ import division, print_function

import argparse
import gc
import json
import os
import platform
import re
import resource
import sys
import time

PROTOCOL = 1
MAX_LINE_BYTES = 1 << 20
DTYPES = ["fp32", "bf16", "fp64"]


class ProtocolError(Exception):
    """An error reply: a kind of the protocol and a message for people."""

    def __init__(self, kind, message):
        Exception.__init__(self, message)
        self.kind = kind


def bad_request(message):
    return ProtocolError("bad-request", message)


def unsupported(message):
    return ProtocolError("unsupported", message)


# ---------------------------------------------------------------------------------------------- versions

torch = None  # imported at the first request, so that a broken installation is a reply and not a crash
np = None


def import_libraries():
    global torch, np
    if torch is not None:
        return
    try:
        import numpy
        import torch as imported_torch
        import torch.nn.functional  # noqa: F401 (some versions do not import it themselves)
    except Exception as error:  # a broken build can raise anything
        raise ProtocolError("failed", "PyTorch cannot be imported by %s: %s" % (sys.executable, error))
    np, torch = numpy, imported_torch
    # Before the first parallel work: threads made later inherit the setting.
    if hasattr(torch, "set_flush_denormal"):
        torch.set_flush_denormal(True)
    if hasattr(torch, "set_num_interop_threads"):
        torch.set_num_interop_threads(1)


def nanosecond_clock():
    if hasattr(time, "perf_counter_ns"):
        return time.perf_counter_ns
    seconds = getattr(time, "perf_counter", time.time)
    return lambda: int(seconds() * 1e9)


def autocast_context(device):
    if hasattr(torch, "autocast"):
        return torch.autocast(device, dtype=torch.bfloat16)
    raise unsupported("bf16 needs autocast, which PyTorch %s lacks" % torch.__version__)


def supported_dtypes():
    return DTYPES if hasattr(torch, "autocast") else [dtype for dtype in DTYPES if dtype != "bf16"]


def has_cuda():
    return torch.cuda.is_available()


def scalar(tensor):
    return float(tensor.item()) if hasattr(tensor, "item") else float(tensor.data[0])


def configuration():
    """The libraries that PyTorch says it was built with."""
    build = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
    text = torch.__config__.show() if hasattr(torch, "__config__") else ""
    patterns = {"MKL": r"(?:Math Kernel Library|oneAPI MKL)\D*Version ([\w.]+)",
                "oneDNN": r"MKL-DNN v([\w.]+)",
                "OpenMP": r"OpenMP (\d+)",
                "compiler": r"- (GCC [\w.]+|clang [\w.]+)",
                "ISA": r"CPU capability usage: (\S+)",
                "BLAS": r"BLAS_INFO=(\w+)"}
    for name in patterns:
        found = re.search(patterns[name], text)
        if found:
            build[name] = found.group(1)
    if getattr(torch.version, "cuda", None):
        build["CUDA"] = torch.version.cuda
        cudnn = torch.backends.cudnn.version() if has_cuda() else None
        found = re.search(r"CUDNN_VERSION=([\w.]+)", text)
        if cudnn or found:
            build["cuDNN"] = str(cudnn) if cudnn else found.group(1)
    if has_cuda():
        build["GPU"] = torch.cuda.get_device_name(0)
    return build


def is_out_of_memory(error):
    return isinstance(error, MemoryError) or any(
        sign in str(error) for sign in ("out of memory", "can't allocate memory", "not enough memory"))


# ----------------------------------------------------------------------------------------------- problem

class Problem(object):
    """One prepared case: network sizes and the batch, read from a directory and checked.

    Samples are put into descending order of length once, here, since packing asks for it; losses and gradients do
    not depend on the order. The order of x stays the harness's: rearranging it is work of the forward pass.
    """

    def __init__(self, request):
        network, batch = member(request, "network"), member(request, "batch")
        self.inputs, self.units, self.layers, self.directions, self.classes = [
            positive(network, name) for name in ("inputs", "units", "layers", "directions", "classes")]
        self.samples, self.time_steps = positive(batch, "samples"), positive(batch, "time_steps")
        self.loss = member(network, "loss")
        if self.loss not in ("cross-entropy", "ctc"):
            raise bad_request("unknown loss %r; known: cross-entropy, ctc" % (self.loss,))
        if self.directions > 2:
            raise bad_request("directions must be 1 or 2, got %d" % self.directions)
        self.directory = member(request, "directory")

        n, t = self.samples, self.time_steps
        self.x = self.read("x", "float32", (n, t, self.inputs))
        self.check_range("lengths", self.read("lengths", "int32", (n,)), 1, t)
        lengths = self.read("lengths", "int32", (n,))
        loss_lengths = self.read("loss_lengths", "int32", (n,))
        if (loss_lengths < 1).any() or (loss_lengths > lengths).any():
            raise bad_request("loss_lengths must be 1..length of each sample, got %s for lengths %s"
                              % (loss_lengths.tolist(), lengths.tolist()))
        self.order = np.argsort(-lengths.astype(np.int64), kind="mergesort")  # (N), stable
        self.is_sorted = bool((self.order == np.arange(n)).all())
        self.lengths, self.loss_lengths = lengths[self.order], loss_lengths[self.order]
        self.is_dense = bool((lengths == t).all())
        self.read_labels()

    def read_labels(self):
        n = self.samples
        if self.loss == "cross-entropy":
            labels = self.read("labels", "int32", (n,))
            self.check_range("labels", labels, 0, self.classes - 1)
            self.labels = labels[self.order].astype(np.int64)
            return
        label_lengths = self.read("label_lengths", "int32", (n,))
        self.check_range("label_lengths", label_lengths, 0, None)
        labels = self.read("labels", "int32", (int(label_lengths.sum()),))
        self.check_range("labels", labels, 1, self.classes - 1)
        ends = np.cumsum(label_lengths)
        sequences = [labels[end - length:end] for end, length in zip(ends, label_lengths)]
        self.labels = np.concatenate([sequences[sample] for sample in self.order]).astype(np.int64)
        self.label_lengths = label_lengths[self.order]

    def read(self, name, dtype, shape):
        path = os.path.join(self.directory, name + ".npy")
        try:
            array = np.load(path)
        except (IOError, OSError, ValueError) as error:
            raise bad_request("cannot read %s: %s" % (path, error))
        if array.dtype != np.dtype(dtype) or array.shape != shape:
            raise bad_request("%s: got %s %s, expected %s %s" % (path, array.dtype, array.shape, dtype, shape))
        return array

    def check_range(self, name, array, low, high):
        if (array < low).any() or (high is not None and (array > high).any()):
            raise bad_request("%s.npy: values must be %d..%s, got %d..%d"
                              % (name, low, "" if high is None else high, array.min(), array.max()))


def member(values, name):
    if not isinstance(values, dict) or name not in values:
        raise bad_request("the request lacks %r" % name)
    return values[name]


def positive(values, name):
    value = member(values, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise bad_request("%r must be a whole number of at least 1, got %r" % (name, value))
    return value


# ---------------------------------------------------------------------------------------- implementations

def define_implementations():
    """The networks are classes of torch.nn, which exists only once torch is imported."""
    nn = torch.nn

    class Network(nn.Module):
        """Stacked LSTM and head. forward(x) takes (N, T, C) in the harness's order and returns logits in the
        problem's order: (N, V) of each sample's last step for cross-entropy, (T, N, V) for CTC."""

        def __init__(self, problem):
            super(Network, self).__init__()
            self.problem = problem
            self.order = torch.from_numpy(problem.order)
            self.head = nn.Linear(problem.directions * problem.units, problem.classes, bias=False)
            n, t = problem.samples, problem.time_steps
            last = problem.lengths.astype(np.int64) - 1
            # Row numbers, in the problem's order, of each sample's last step in the (N*T) rows of a dense batch.
            self.last_rows = torch.from_numpy(problem.order * t + last)
            self.batch_sizes = [int((problem.lengths > step).sum()) for step in range(int(problem.lengths[0]))]

        def to_device(self, device):
            self.order, self.last_rows = self.order.to(device), self.last_rows.to(device)
            return self.to(device)

        def directed(self, layer):
            """(protocol's name of the direction, its number) for each direction of a layer."""
            return list(enumerate(["forward", "reverse"][:self.problem.directions]))

        def layer_inputs(self, layer):
            return self.problem.inputs if layer == 0 else self.problem.directions * self.problem.units

        def ordered(self, x):
            return x if self.problem.is_sorted else x.index_select(0, self.order)

        def padded_logits(self, logits):
            """CTC's (T, N, V) of the logits of valid steps, (sum of lengths, V), step by step."""
            problem = self.problem
            if problem.is_dense:
                return logits.view(problem.time_steps, problem.samples, problem.classes)
            packed = nn.utils.rnn.PackedSequence(logits, torch.tensor(self.batch_sizes))
            return nn.utils.rnn.pad_packed_sequence(packed)[0]

        def dense_logits(self, y):
            """Logits of (N, T, D*H), samples in the harness's order."""
            problem = self.problem
            if problem.loss == "cross-entropy":
                if problem.is_dense:
                    return self.head(y[:, -1])
                rows = y.reshape(problem.samples * problem.time_steps, -1)
                return self.head(rows.index_select(0, self.last_rows))
            logits = self.head(y).transpose(0, 1)
            return logits if problem.is_sorted else logits.index_select(1, self.order)

    class CellNetwork(Network):
        """A Python loop over time; the batch shrinks as samples end, and the reverse direction's grows.

        A layer's input and output are lists of the valid rows of each step: T tensors (active samples, features).
        """

        def __init__(self, problem):
            super(CellNetwork, self).__init__(problem)
            self.cells = nn.ModuleList([nn.ModuleList([self.make_cell(self.layer_inputs(layer), problem.units)
                                                       for _ in range(problem.directions)])
                                        for layer in range(problem.layers)])

        def parameters_by_name(self):
            for layer, cells in enumerate(self.cells):
                for direction, word in self.directed(layer):
                    for name, parameter in self.cell_parameters(cells[direction]):
                        yield "layer%d.%s.%s" % (layer, word, name), parameter
            yield "head", self.head.weight

        def run_direction(self, cell, steps, is_reverse):
            state = None
            outputs = [None] * len(steps)
            for t in (reversed(range(len(steps))) if is_reverse else range(len(steps))):
                active = self.batch_sizes[t]
                if state is None:
                    zeros = steps[t].new_zeros(active, self.problem.units)
                    state = (zeros, zeros)
                elif state[0].size(0) > active:
                    state = tuple(part[:active] for part in state)
                elif state[0].size(0) < active:
                    zeros = state[0].new_zeros(active - state[0].size(0), self.problem.units)
                    state = tuple(torch.cat([part, zeros.to(part.dtype)]) for part in state)
                state = self.cell_step(cell, steps[t], state)
                outputs[t] = state[0]
            return outputs

        def forward(self, x):
            x = self.ordered(x)
            steps = [x[:active, t] for t, active in enumerate(self.batch_sizes)]
            for cells in self.cells:
                outputs = [self.run_direction(cell, steps, direction == 1) for direction, cell in enumerate(cells)]
                steps = outputs[0] if len(outputs) == 1 else [torch.cat(pair, 1) for pair in zip(*outputs)]
            if self.problem.loss == "cross-entropy":
                return self.head(self.last_valid(steps))
            return self.padded_logits(self.head(torch.cat(steps)))

        def last_valid(self, steps):
            """(N, D*H) of each sample's last step. Samples that end together are one slice: those that end at t
            are the active ones that t + 1 has no more."""
            ends = self.batch_sizes[1:] + [0]
            pieces = [steps[t][ends[t]:] for t in reversed(range(len(steps))) if self.batch_sizes[t] > ends[t]]
            return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    class BasicCell(nn.Module):
        def __init__(self, inputs, units):
            super(BasicCell, self).__init__()
            self.x2gates = nn.Linear(inputs, 4 * units)
            self.h2gates = nn.Linear(units, 4 * units)

    class Basic(CellNetwork):
        make_cell = BasicCell

        def cell_parameters(self, cell):
            return [("W", cell.x2gates.weight), ("R", cell.h2gates.weight),
                    ("b_W", cell.x2gates.bias), ("b_R", cell.h2gates.bias)]

        def cell_step(self, cell, x, state):
            h, c = state
            gates = cell.x2gates(x) + cell.h2gates(h)
            i, f, g, o = gates.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            return torch.sigmoid(o) * torch.tanh(c), c

    class Fused(CellNetwork):
        make_cell = nn.LSTMCell

        def cell_parameters(self, cell):
            return [("W", cell.weight_ih), ("R", cell.weight_hh), ("b_W", cell.bias_ih), ("b_R", cell.bias_hh)]

        def cell_step(self, cell, x, state):
            return cell(x, state)

    class Stacked(Network):
        """nn.LSTM for all layers and directions. batch_first takes x as it comes; handing it a transposed x
        measured the same."""

        def __init__(self, problem):
            super(Stacked, self).__init__(problem)
            self.lstm = nn.LSTM(problem.inputs, problem.units, problem.layers, batch_first=True,
                                bidirectional=problem.directions == 2)

        def parameters_by_name(self):
            for layer in range(self.problem.layers):
                for direction, word in self.directed(layer):
                    for name, parameter in lstm_parameters(self.lstm, layer, direction):
                        yield "layer%d.%s.%s" % (layer, word, name), parameter
            yield "head", self.head.weight

    class Dense(Stacked):
        needs_full_lengths = True

        def forward(self, x):
            return self.dense_logits(self.lstm(x)[0])

    class Packed(Stacked):
        def __init__(self, problem):
            super(Packed, self).__init__(problem)
            self.lengths = [int(length) for length in problem.lengths]
            # Row numbers of each sample's last step in the packed rows.
            starts = np.concatenate([[0], np.cumsum(self.batch_sizes)])
            last = problem.lengths.astype(np.int64) - 1
            self.last_rows = torch.from_numpy(starts[last] + np.arange(problem.samples))

        def forward(self, x):
            packed = nn.utils.rnn.pack_padded_sequence(self.ordered(x), self.lengths, batch_first=True)
            y = self.lstm(packed)[0].data
            if self.problem.loss == "cross-entropy":
                return self.head(y.index_select(0, self.last_rows))
            return self.padded_logits(self.head(y))

    class PermuteRows(torch.autograd.Function):
        """Rows in an order that is its own inverse. index_select's gradient would add rows up one by one."""

        @staticmethod
        def forward(context, rows, index):
            context.index = index
            return rows.index_select(0, index)

        @staticmethod
        def backward(context, gradient):
            return gradient.index_select(0, context.index), None

    class Flipped(Network):
        def __init__(self, problem):
            super(Flipped, self).__init__(problem)
            self.layers = nn.ModuleList([
                nn.ModuleList([nn.LSTM(self.layer_inputs(layer), problem.units, batch_first=True)
                               for _ in range(problem.directions)]) for layer in range(problem.layers)])
            step = np.arange(problem.time_steps)[None, :]
            lengths = np.empty(problem.samples, np.int64)
            lengths[problem.order] = problem.lengths
            flipped = np.where(step < lengths[:, None], lengths[:, None] - 1 - step, step)  # (N, T)
            rows = np.arange(problem.samples)[:, None] * problem.time_steps + flipped
            self.flip_rows = torch.from_numpy(rows.reshape(-1))

        def to_device(self, device):
            self.flip_rows = self.flip_rows.to(device)
            return super(Flipped, self).to_device(device)

        def parameters_by_name(self):
            for layer, lstms in enumerate(self.layers):
                for direction, word in self.directed(layer):
                    for name, parameter in lstm_parameters(lstms[direction], 0, 0):
                        yield "layer%d.%s.%s" % (layer, word, name), parameter
            yield "head", self.head.weight

        def flip(self, x):
            return PermuteRows.apply(x.reshape(-1, x.size(2)), self.flip_rows).view_as(x)

        def forward(self, x):
            for lstms in self.layers:
                outputs = [lstms[0](x)[0]]
                if len(lstms) == 2:
                    outputs.append(self.flip(lstms[1](self.flip(x))[0]))
                x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, 2)
            return self.dense_logits(x)

    return [("pytorch/LSTMCell-basic", "an LSTM cell of elementary operations, Python loop over time", Basic),
            ("pytorch/LSTMCell-fused", "nn.LSTMCell, Python loop over time", Fused),
            ("pytorch/LSTM", "nn.LSTM over the whole batch, without lengths", Dense),
            ("pytorch/LSTM-packed", "nn.LSTM over packed sequences", Packed),
            ("pytorch/LSTM-flipped", "one nn.LSTM per layer and direction, the reverse one on sequences flipped "
                                     "within their length", Flipped)]


def lstm_parameters(lstm, layer, direction):
    suffix = "l%d%s" % (layer, "_reverse" if direction else "")
    return [("W", getattr(lstm, "weight_ih_" + suffix)), ("R", getattr(lstm, "weight_hh_" + suffix)),
            ("b_W", getattr(lstm, "bias_ih_" + suffix)), ("b_R", getattr(lstm, "bias_hh_" + suffix))]


# ----------------------------------------------------------------------------------------------- training

class Training(object):
    """A network, its batch and its optimiser; step() is one training step, timed in five phases."""

    def __init__(self, request, network_class):
        self.dtype = member(request, "dtype")
        self.device = member(request, "device")
        if self.dtype not in supported_dtypes():
            raise unsupported("dtype %s; PyTorch %s here does %s"
                              % (self.dtype, torch.__version__, ", ".join(supported_dtypes())))
        if self.device not in devices():
            raise unsupported("device %s; PyTorch %s here has %s"
                              % (self.device, torch.__version__, ", ".join(devices())))
        torch.set_num_threads(positive(request, "threads"))

        self.problem = problem = Problem(request)
        if getattr(network_class, "needs_full_lengths", False) and not problem.is_dense:
            raise unsupported("nn.LSTM over the whole batch knows no lengths; here they are %d..%d of %d steps"
                              % (problem.lengths.min(), problem.lengths.max(), problem.time_steps))
        if problem.loss == "ctc" and not hasattr(torch.nn.functional, "ctc_loss"):
            raise unsupported("PyTorch %s has no ctc_loss" % torch.__version__)

        self.float_type = torch.float64 if self.dtype == "fp64" else torch.float32
        self.network = network_class(problem).to(self.float_type)
        self.initial = dict((name, problem.read("parameters/" + name, "float32", tuple(parameter.shape)))
                            for name, parameter in self.network.parameters_by_name())
        self.set_parameters(self.initial)
        self.network = self.network.to_device(self.device)
        self.optimizer = self.make_optimizer(member(request, "optimizer"))
        self.has_run = False

        self.host_x = torch.from_numpy(problem.x).to(self.float_type)
        self.host_labels = torch.from_numpy(problem.labels)
        if self.device == "cuda":
            self.host_x, self.host_labels = self.host_x.pin_memory(), self.host_labels.pin_memory()
            torch.cuda.reset_peak_memory_stats()
        if problem.loss == "ctc":  # both stay on the host, where ctc_loss reads them
            self.loss_lengths = torch.from_numpy(problem.loss_lengths.astype(np.int64))
            self.label_lengths = torch.from_numpy(problem.label_lengths.astype(np.int64))
        self.clock = nanosecond_clock()

    def make_optimizer(self, settings):
        if member(settings, "name") != "adam":
            raise unsupported("optimizer %r; known: adam" % (settings["name"],))
        return torch.optim.Adam(self.network.parameters(), lr=settings.get("learning_rate", 1e-3),
                                betas=(settings.get("beta1", 0.9), settings.get("beta2", 0.999)),
                                eps=settings.get("epsilon", 1e-8))

    def set_parameters(self, arrays):
        for name, parameter in self.network.parameters_by_name():
            parameter.data.copy_(torch.from_numpy(arrays[name]))

    def now(self):
        if self.device == "cuda":
            torch.cuda.synchronize()
        return self.clock()

    def logits(self, x):
        if self.dtype != "bf16":
            return self.network(x)
        with autocast_context(self.device):
            return self.network(x)

    def loss(self, logits, labels):
        logits = logits.to(self.float_type)
        functional = torch.nn.functional
        if self.problem.loss == "cross-entropy":
            return functional.cross_entropy(logits, labels)
        return functional.ctc_loss(functional.log_softmax(logits, 2), labels, self.loss_lengths,
                                   self.label_lengths, blank=0, reduction="sum")

    def step(self, is_update):
        """Phases of one training step in nanoseconds, and its loss."""
        start = self.now()
        x, labels = [tensor.to(self.device, non_blocking=True) for tensor in (self.host_x, self.host_labels)]
        input_end = self.now()
        logits = self.logits(x)
        forward_end = self.now()
        loss = self.loss(logits, labels)
        value = scalar(loss)
        loss_end = self.now()
        for parameter in self.network.parameters():
            parameter.grad = None
        loss.backward()
        backward_end = self.now()
        if is_update:
            self.optimizer.step()
        update_end = self.now()
        return {"input_ns": input_end - start, "forward_ns": forward_end - input_end,
                "loss_ns": loss_end - forward_end, "backward_ns": backward_end - loss_end,
                "update_ns": update_end - backward_end, "loss": json_number(value)}

    def run(self, steps):
        self.has_run = True
        return [self.step(True) for _ in range(steps)]

    def check(self, directory):
        """Loss at the prepared parameters; writes their gradients. Steps that were run before are not lost."""
        current = None
        if self.has_run:
            current = dict((name, parameter.detach().cpu().numpy().copy())
                           for name, parameter in self.network.parameters_by_name())
            self.set_parameters(self.initial)
        loss = self.step(False)["loss"]
        for name, parameter in self.network.parameters_by_name():
            gradient = np.ascontiguousarray(parameter.grad.detach().cpu().numpy())  # in C order, as the protocol asks
            np.save(os.path.join(directory, name + ".npy"), gradient)
        if current is not None:
            self.set_parameters(current)
        return loss


def devices():
    return ["cpu", "cuda"] if has_cuda() else ["cpu"]


def json_number(value):
    """JSON has no words for what is not finite: the protocol writes them as text."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


# ----------------------------------------------------------------------------------------------- requests

class Worker(object):
    def __init__(self):
        self.training = None

    def answer(self, request):
        if not isinstance(request, dict) or "request" not in request:
            raise bad_request("a request is an object with a member \"request\"")
        handlers = {"hello": self.hello, "prepare": self.prepare, "check": self.check, "run": self.run,
                    "memory": self.memory, "quit": lambda request: {}}
        if request["request"] not in handlers:
            raise bad_request("unknown request %r; known: %s" % (request["request"], ", ".join(sorted(handlers))))
        return handlers[request["request"]](request)

    def hello(self, request):
        if request.get("protocol") != PROTOCOL:
            raise bad_request("protocol %r; this worker speaks %d" % (request.get("protocol"), PROTOCOL))
        import_libraries()
        return {"protocol": PROTOCOL, "library": "pytorch", "version": torch.__version__, "build": configuration(),
                "implementations": [{"name": name, "description": description, "dtypes": supported_dtypes(),
                                     "devices": devices()} for name, description, _ in define_implementations()]}

    def prepare(self, request):
        import_libraries()
        self.training = None  # its memory first
        gc.collect()
        implementations = dict((name, network) for name, _, network in define_implementations())
        name = member(request, "implementation")
        if name not in implementations:
            raise bad_request("unknown implementation %r; known: %s" % (name, ", ".join(sorted(implementations))))
        self.training = Training(request, implementations[name])
        return {"workspace_bytes": None, "description": "torch %s, %s, %d threads"
                % (torch.__version__, self.training.device, torch.get_num_threads())}

    def prepared(self):
        if self.training is None:
            raise bad_request("nothing is prepared")
        return self.training

    def check(self, request):
        training, directory = self.prepared(), member(request, "directory")
        if not os.path.isdir(directory):
            raise bad_request("no such directory: %s" % directory)
        return {"loss": training.check(directory)}

    def run(self, request):
        return {"steps": self.prepared().run(positive(request, "steps"))}

    def memory(self, request):
        on_gpu = self.training is not None and self.training.device == "cuda"
        return {"peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                "device_peak_bytes": int(torch.cuda.max_memory_allocated()) if on_gpu else None}

    def release(self):
        """After running out of memory: gives back what the failed case held."""
        self.training = None
        gc.collect()
        if torch is not None and has_cuda():
            torch.cuda.empty_cache()

    def reply(self, line):
        """(the reply to one line, whether the worker goes on)"""
        identifier = None
        try:
            if len(line) > MAX_LINE_BYTES:
                raise bad_request("a request of %d bytes; at most %d" % (len(line), MAX_LINE_BYTES))
            try:
                request = json.loads(line.decode("utf-8"))
            except ValueError as error:
                raise bad_request("not a line of JSON: %s" % error)
            identifier = request.get("id") if isinstance(request, dict) else None
            return {"id": identifier, "result": self.answer(request)}, request["request"] != "quit"
        except ProtocolError as error:
            kind, message = error.kind, str(error)
        except Exception as error:
            kind = "out-of-memory" if is_out_of_memory(error) else "failed"
            message = "%s: %s" % (type(error).__name__, error)
        # Outside the except blocks, where the traceback would still hold the failed step's tensors.
        if kind == "out-of-memory":
            self.release()
        return {"id": identifier, "error": {"kind": kind, "message": message}}, True


def open_channel():
    """Requests and replies. Programs that a library may start do not inherit the descriptors."""
    import fcntl
    try:
        for descriptor in (3, 4):
            fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        return os.fdopen(3, "rb"), os.fdopen(4, "wb")
    except (IOError, OSError):
        sys.stderr.write("worker.py: descriptors 3 (requests) and 4 (replies) must be open; lstmbench does that. "
                         "See --help.\n")
        sys.exit(2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    requests, replies = open_channel()
    worker = Worker()
    goes_on = True
    while goes_on:
        line = requests.readline()
        if not line:
            break
        reply, goes_on = worker.reply(line)
        replies.write(json.dumps(reply, allow_nan=False).encode("utf-8") + b"\n")
        replies.flush()


if __name__ == "__main__":
    main()
