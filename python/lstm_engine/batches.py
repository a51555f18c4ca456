"""Batches in the layouts of torch.nn.LSTM: what the engine has to know of them."""

import torch

from lstm_engine import library
from lstm_engine.engine import Size


class Padded:
    """(N, T, features) where batch_first, else (T, N, features). All samples have T steps."""

    lengths = None

    def __init__(self, x, batch_first):
        samples, time_steps = x.shape[:2] if batch_first else (x.shape[1], x.shape[0])
        if samples < 1 or time_steps < 1:
            raise ValueError("lstm_engine: input of shape %s has %d samples of %d time steps, expected at least one of "
                             "each" % (tuple(x.shape), samples, time_steps))
        self.order = library.ROWS_BY_SAMPLE if batch_first else library.ROWS_BY_STEP
        self.size = Size(samples, time_steps, samples * time_steps)

    def dropout(self, values, probability):
        """As torch.nn.LSTM does it between its layers, which lie by step there in any case: the same seed makes the
        same numbers zero."""
        if self.order == library.ROWS_BY_STEP:
            return torch.nn.functional.dropout(values, probability)
        samples, time_steps, features = values.shape
        factors = torch.nn.functional.dropout(values.new_ones(time_steps, samples, features), probability)
        return values * factors.transpose(0, 1)


class Packed:
    """The data of a PackedSequence, (rows, features): step after step, samples by descending length."""

    order = library.ROWS_PACKED

    def __init__(self, data, batch_sizes):
        time_steps, samples = len(batch_sizes), int(batch_sizes[0])
        runs = torch.arange(samples, device="cpu") < batch_sizes.unsqueeze(1)  # (T, N): whether a sample has that step
        self.lengths = runs.sum(0, dtype=torch.int32)
        self.size = Size(samples, time_steps, int(self.lengths.sum()))
        if len(data) != self.size.total_steps or not torch.equal(runs.sum(1), batch_sizes):
            raise ValueError("lstm_engine: input has %d rows and batch_sizes %s, expected these to descend, "
                             "and as many rows as their sum" % (len(data), batch_sizes.tolist()))

    def dropout(self, values, probability):
        return torch.nn.functional.dropout(values, probability)
