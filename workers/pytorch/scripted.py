"""The loop over time in TorchScript, as in PyTorch's own fastrnns benchmark."""
import torch

from cells import Basic
from errors import unsupported
from network import cannot_compile

try:  # TorchScript reads these names where it compiles a signature
    from typing import List, Tuple  # noqa: F401
except ImportError:  # Python 2.7: the signature's comment is enough
    pass


def run_steps(steps, batch_sizes, zeros, W, R, b_W, b_R, is_reverse):
    # type: (List[Tensor], List[int], Tensor, Tensor, Tensor, Tensor, Tensor, bool) -> List[Tensor]
    """h of each step in the order in which they ran. zeros (N, H): the state before the first step."""
    outputs = torch.jit.annotate(List[Tensor], [])  # noqa: F821
    h = zeros[:0]
    c = zeros[:0]
    for k in range(len(steps)):
        t = k
        if is_reverse:
            t = len(steps) - 1 - k
        active = batch_sizes[t]
        if h.size(0) > active:
            h = h[:active]
            c = c[:active]
        if h.size(0) < active:
            h = torch.cat([h, zeros[:active - h.size(0)]], 0)
            c = torch.cat([c, zeros[:active - c.size(0)]], 0)
        gates = torch.mm(steps[t], W.t()) + b_W + torch.mm(h, R.t()) + b_R
        i, f, g, o = gates.chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
    return outputs


class Scripted(Basic):
    compiles = True
    script = None  # of run_steps, made once

    def __init__(self, problem):
        super(Scripted, self).__init__(problem)
        if Scripted.script is None:
            Scripted.script = staticmethod(compile_script())

    def run_direction(self, cell, steps, is_reverse):
        zeros = steps[0].new_zeros(self.problem.samples, self.problem.units)
        parameters = [parameter for _, parameter in self.cell_parameters(cell)]
        outputs = self.script(steps, self.batch_sizes, zeros, *(parameters + [is_reverse]))
        return outputs[::-1] if is_reverse else outputs


def compile_script():
    if not hasattr(torch, "jit") or not hasattr(torch.jit, "script"):
        raise unsupported("PyTorch %s has no torch.jit.script (since 1.0)" % torch.__version__)
    try:
        return torch.jit.script(run_steps)
    except Exception as error:  # the language grew from version to version
        raise cannot_compile(error)
