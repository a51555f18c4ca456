"""What every network has in common: the head, and how rows of its output become logits."""
# Sizes in comments: N samples, T time steps, C input channels, H units, D directions, V classes.
import numpy as np
import torch
from torch import nn

import versions
from errors import unsupported


def parameter_names(layer, direction, parameters):
    """The protocol's names of (name, parameter) pairs of one direction of a layer."""
    for name, parameter in parameters:
        yield "layer%d.%s.%s" % (layer, ["forward", "reverse"][direction], name), parameter


class Network(nn.Module):
    """Stacked LSTM and head. forward(x) takes (N, T, C) in the harness's order and returns logits in the
    problem's order: (N, V) of each sample's last step for cross-entropy, (T, N, V) for CTC."""

    compiles = False  # whether the first step does work that belongs to preparing

    # What it can compute with and on, and why it cannot run here at all; "": it can.
    @staticmethod
    def dtypes():
        return versions.supported_dtypes()

    @staticmethod
    def devices():
        return versions.devices()

    @staticmethod
    def unavailable():
        return ""

    def __init__(self, problem):
        super(Network, self).__init__()
        self.problem = problem
        self.constants = {}  # index vectors; a dict, so that Module takes them for no parameters
        self.set_constant("order", problem.order)
        self.head = nn.Linear(problem.directions * problem.units, problem.classes, bias=False)
        last = problem.lengths.astype(np.int64) - 1
        # Row numbers, in the problem's order, of each sample's last step in the (N*T) rows of a dense batch.
        self.set_constant("last_rows", problem.order * problem.time_steps + last)
        self.batch_sizes = [int((problem.lengths > step).sum()) for step in range(int(problem.lengths[0]))]
        self.packed_sizes = packed_batch_sizes(problem.lengths)

    def set_constant(self, name, array):
        self.constants[name] = versions.api.wrap(torch.from_numpy(np.ascontiguousarray(array, np.int64)))

    def place(self, device):
        for name in self.constants:
            self.constants[name] = versions.api.move(self.constants[name], device)
        return self.cuda() if device == "cuda" else self

    def layer_inputs(self, layer):
        return self.problem.inputs if layer == 0 else self.problem.directions * self.problem.units

    def ordered(self, x):
        return x if self.problem.is_sorted else x.index_select(0, self.constants["order"])

    def padded_logits(self, logits):
        """CTC's (T, N, V) of the logits of valid steps, (sum of lengths, V), step by step."""
        problem = self.problem
        if problem.is_dense:
            return logits.view(problem.time_steps, problem.samples, problem.classes)
        return nn.utils.rnn.pad_packed_sequence(nn.utils.rnn.PackedSequence(logits, self.packed_sizes))[0]

    def dense_logits(self, y):
        """Logits of (N, T, D*H), samples in the harness's order."""
        problem = self.problem
        if problem.loss == "cross-entropy":
            if problem.is_dense:
                return self.head(y[:, problem.time_steps - 1])
            rows = y.contiguous().view(problem.samples * problem.time_steps, -1)
            return self.head(rows.index_select(0, self.constants["last_rows"]))
        logits = rows_of(self.head, y).transpose(0, 1)
        return logits if problem.is_sorted else logits.index_select(1, self.constants["order"])


def packed_batch_sizes(lengths):
    """How many samples are active in each step, in the form that this version's PackedSequence has: a list or a
    tensor. Packing a batch of one channel says it."""
    lengths = [int(length) for length in lengths]
    batch = versions.api.wrap(torch.zeros(lengths[0], len(lengths), 1))
    return nn.utils.rnn.pack_padded_sequence(batch, lengths).batch_sizes


def cannot_compile(error):
    lines = str(error).strip().splitlines() or [""]
    return unsupported("PyTorch %s cannot compile this: %s: %s" % (torch.__version__, type(error).__name__, lines[0]))


def rows_of(head, y):
    """A dense layer over (N, T, in): its own matter since 0.2; before, it took rows only."""
    n, t = y.size(0), y.size(1)
    return head(y.contiguous().view(n * t, -1)).view(n, t, -1)
