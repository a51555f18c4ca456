"""torch.nn.LSTM on the CPU, computed by the engine of lstmbench: see lstm_engine.LSTM."""

from lstm_engine.library import precisions
from lstm_engine.module import LSTM

__all__ = ["LSTM", "precisions"]
