"""The implementations that this worker offers: name, description, network."""
from cells import Basic, Compiled, Fused
from engine import Engine
from graphed import Graphed
from scripted import Scripted
from stacked import Dense, Flipped, Packed

IMPLEMENTATIONS = [
    ("pytorch/LSTMCell-basic", "an LSTM cell of elementary operations, Python loop over time", Basic),
    ("pytorch/LSTMCell-fused", "nn.LSTMCell, Python loop over time", Fused),
    ("pytorch/LSTMCell-compiled", "the basic cell through torch.compile, Python loop over time", Compiled),
    ("pytorch/LSTMCell-scripted", "the basic cell and its loop over time in TorchScript", Scripted),
    ("pytorch/LSTM", "nn.LSTM over the whole batch, without lengths", Dense),
    ("pytorch/LSTM-graphed", "nn.LSTM replayed as CUDA graphs; on a GPU only", Graphed),
    ("pytorch/LSTM-packed", "nn.LSTM over packed sequences", Packed),
    ("pytorch/LSTM-flipped", "one nn.LSTM per layer and direction, the reverse one on sequences flipped within "
                             "their length", Flipped),
    ("pytorch/lstm_engine", "lstm_engine.LSTM, this project's module in place of nn.LSTM; over packed sequences where "
                            "lengths differ", Engine),
]
