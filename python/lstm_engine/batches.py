"""From the layouts of torch.nn.LSTM to that of the engine, (N, T, features), and back."""

import torch

from lstm_engine.engine import Size


class Padded:
    """(N, T, features) where batch_first, else (T, N, features). All samples have T steps."""

    lengths = None

    def __init__(self, x, batch_first):
        samples, time_steps = x.shape[:2] if batch_first else (x.shape[1], x.shape[0])
        if samples < 1 or time_steps < 1:
            raise ValueError("lstm_engine: input of shape %s has %d samples of %d time steps, expected at least one of "
                             "each" % (tuple(x.shape), samples, time_steps))
        self.batch_first = batch_first
        self.size = Size(samples, time_steps, samples * time_steps)

    def to_engine(self, values):
        return (values if self.batch_first else values.transpose(0, 1)).contiguous()

    def from_engine(self, values):
        return values if self.batch_first else values.transpose(0, 1).contiguous()


class Packed:
    """The data of a PackedSequence, (rows, features): step after step, samples by descending length."""

    def __init__(self, batch_sizes):
        time_steps, samples = len(batch_sizes), int(batch_sizes[0])
        places, steps = (torch.arange(count, device="cpu") for count in (samples, time_steps))
        runs = places < batch_sizes.unsqueeze(1)  # (T, N): whether a sample has that step
        self.lengths = runs.sum(0, dtype=torch.int32)
        # (rows): where each row lies in (N * T, features).
        self.rows = (places * time_steps + steps.unsqueeze(1))[runs]
        self.size = Size(samples, time_steps, len(self.rows))

    def to_engine(self, values):
        samples, time_steps, _ = self.size
        # Nobody reads the rest.
        padded = values.new_empty(samples * time_steps, values.shape[1]).index_copy_(0, self.rows, values)
        return padded.view(samples, time_steps, -1)

    def from_engine(self, values):
        return values.flatten(0, 1).index_select(0, self.rows)
