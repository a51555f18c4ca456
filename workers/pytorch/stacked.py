"""nn.LSTM: dense, packed, and flipped for exact lengths on the dense path."""
import numpy as np
import torch
from torch import nn

import versions
from errors import unsupported
from network import Network, parameter_names


def lstm_parameters(lstm, layer, direction):
    suffix = "l%d%s" % (layer, "_reverse" if direction else "")
    return [("W", getattr(lstm, "weight_ih_" + suffix)), ("R", getattr(lstm, "weight_hh_" + suffix)),
            ("b_W", getattr(lstm, "bias_ih_" + suffix)), ("b_R", getattr(lstm, "bias_hh_" + suffix))]


class Stacked(Network):
    """nn.LSTM for all layers and directions. batch_first takes x as it comes; handing it a transposed x
    measured the same."""

    def __init__(self, problem):
        super(Stacked, self).__init__(problem)
        self.lstm = self.make_lstm(problem.inputs, problem.units, problem.layers, batch_first=True,
                                   bidirectional=problem.directions == 2)

    def make_lstm(self, *arguments, **named):
        return nn.LSTM(*arguments, **named)

    def parameters_by_name(self):
        for layer in range(self.problem.layers):
            for direction in range(self.problem.directions):
                for pair in parameter_names(layer, direction, lstm_parameters(self.lstm, layer, direction)):
                    yield pair
        yield "head", self.head.weight


class Dense(Stacked):
    def __init__(self, problem):
        if not problem.is_dense:
            raise unsupported("nn.LSTM over the whole batch knows no lengths, and not all samples have all steps")
        super(Dense, self).__init__(problem)

    def forward(self, x):
        return self.dense_logits(self.lstm(x)[0])


class Packed(Stacked):
    def __init__(self, problem):
        super(Packed, self).__init__(problem)
        self.lengths = [int(length) for length in problem.lengths]
        # Row numbers of each sample's last step in the packed rows.
        starts = np.concatenate([[0], np.cumsum(self.batch_sizes)])
        last = problem.lengths.astype(np.int64) - 1
        self.set_constant("last_rows", starts[last] + np.arange(problem.samples))

    def forward(self, x):
        packed = nn.utils.rnn.pack_padded_sequence(self.ordered(x), self.lengths, batch_first=True)
        y = self.lstm(packed)[0].data
        if self.problem.loss == "cross-entropy":
            return self.head(y.index_select(0, self.constants["last_rows"]))
        return self.padded_logits(self.head(y))


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
        self.set_constant("flip_rows", rows.reshape(-1))

    def parameters_by_name(self):
        for layer, lstms in enumerate(self.layers):
            for direction, lstm in enumerate(lstms):
                for pair in parameter_names(layer, direction, lstm_parameters(lstm, 0, 0)):
                    yield pair
        yield "head", self.head.weight

    def flip(self, x):
        rows = x.contiguous().view(-1, x.size(2))
        return versions.api.permute_rows(rows, self.constants["flip_rows"]).view(x.size(0), x.size(1), x.size(2))

    def forward(self, x):
        for lstms in self.layers:
            outputs = [lstms[0](x)[0]]
            if len(lstms) == 2:
                outputs.append(self.flip(lstms[1](self.flip(x))[0]))
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, 2)
        return self.dense_logits(x)
