"""Python loops over time: an LSTM cell of elementary operations, compiled or not, and nn.LSTMCell."""
import torch
from torch import nn

import versions
from errors import unsupported
from network import Network, cannot_compile, parameter_names


class CellNetwork(Network):
    """A loop over time; the batch shrinks as samples end, and the reverse direction's grows.

    A layer's input and output are lists of the valid rows of each step: T tensors (active samples, features).
    """

    def __init__(self, problem):
        super(CellNetwork, self).__init__(problem)
        self.cells = nn.ModuleList([nn.ModuleList([self.make_cell(self.layer_inputs(layer), problem.units)
                                                   for _ in range(problem.directions)])
                                    for layer in range(problem.layers)])

    def parameters_by_name(self):
        for layer, cells in enumerate(self.cells):
            for direction, cell in enumerate(cells):
                for pair in parameter_names(layer, direction, self.cell_parameters(cell)):
                    yield pair
        yield "head", self.head.weight

    def run_direction(self, cell, steps, is_reverse):
        zeros = versions.api.zeros
        state = None
        outputs = [None] * len(steps)
        for t in (reversed(range(len(steps))) if is_reverse else range(len(steps))):
            active = self.batch_sizes[t]
            if state is None:
                state = (zeros(steps[t], active, self.problem.units),) * 2
            elif state[0].size(0) > active:
                state = tuple(part[:active] for part in state)
            elif state[0].size(0) < active:
                state = tuple(torch.cat([part, zeros(part, active - part.size(0), self.problem.units)])
                              for part in state)
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

    def forward(self, x, h, c):
        i, f, g, o = (self.x2gates(x) + self.h2gates(h)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class Basic(CellNetwork):
    make_cell = BasicCell

    def cell_parameters(self, cell):
        return [("W", cell.x2gates.weight), ("R", cell.h2gates.weight),
                ("b_W", cell.x2gates.bias), ("b_R", cell.h2gates.bias)]

    def cell_step(self, cell, x, state):
        return cell(x, state[0], state[1])


def basic_step(x, h, c, W, R, b_W, b_R):
    """BasicCell as a function of tensors alone: one compilation serves every layer, direction and network."""
    linear = torch.nn.functional.linear
    i, f, g, o = (linear(x, W, b_W) + linear(h, R, b_R)).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


class Compiled(Basic):
    """The same cell through torch.compile."""

    compiles = True
    step = None  # basic_step compiled, made once

    def __init__(self, problem):
        if not hasattr(torch, "compile"):
            raise unsupported("PyTorch %s has no torch.compile (since 2.0)" % torch.__version__)
        super(Compiled, self).__init__(problem)
        if Compiled.step is None:
            try:
                Compiled.step = staticmethod(compiled(basic_step))
            except (ImportError, RuntimeError) as error:  # not for every Python and system
                raise cannot_compile(error)

    def cell_step(self, cell, x, state):
        parameters = [parameter for _, parameter in self.cell_parameters(cell)]
        return self.step(x, state[0], state[1], *parameters)


def compiled(function):
    import torch._dynamo.config
    import torch._inductor.config
    # Lengths that differ are batches that differ: none may fall back to uncompiled code unnoticed.
    torch._dynamo.config.suppress_errors = False
    for name in ("cache_size_limit", "accumulated_cache_size_limit"):
        if hasattr(torch._dynamo.config, name):
            setattr(torch._dynamo.config, name, 1000)
    torch._inductor.config.compile_threads = 1  # no pool of processes beside what is measured
    return torch.compile(function)


class Fused(CellNetwork):
    make_cell = nn.LSTMCell

    def cell_parameters(self, cell):
        return [("W", cell.weight_ih), ("R", cell.weight_hh), ("b_W", cell.bias_ih), ("b_R", cell.bias_hh)]

    def cell_step(self, cell, x, state):
        return cell(x, state)
