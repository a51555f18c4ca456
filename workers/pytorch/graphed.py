"""nn.LSTM replayed as CUDA graphs: the kernels of a step without the time that launching each of them takes."""
import torch
from torch import nn

from errors import unsupported
from stacked import Dense


class Output(nn.Module):
    """What an nn.LSTM returns first: one tensor is all that every version can capture."""

    def __init__(self, lstm):
        super(Output, self).__init__()
        self.lstm = lstm

    def forward(self, x):
        return self.lstm(x)[0]


class Graphed(Dense):
    def __init__(self, problem):
        if not hasattr(torch.cuda, "make_graphed_callables"):
            raise unsupported("PyTorch %s has no torch.cuda.make_graphed_callables (since 1.10)" % torch.__version__)
        super(Graphed, self).__init__(problem)

    def place(self, device):
        """Captures forward and backward, with the addresses that the parameters have from here on."""
        if device != "cuda":
            raise unsupported("CUDA graphs need the device cuda, and this case is on the device %s" % device)
        network = super(Graphed, self).place(device)
        problem = self.problem
        x = self.head.weight.data.new_zeros(problem.samples, problem.time_steps, problem.inputs)
        self.output = torch.cuda.make_graphed_callables(Output(self.lstm), (x,))
        return network

    def forward(self, x):
        if torch.is_autocast_enabled():
            raise unsupported("the graphs are captured without autocast: fp32 and fp64 only")
        return self.dense_logits(self.output(x))
