"""As a layer the library computes what torch.nn.LSTM computes: outputs, h_n, c_n, and the gradients of x, h_0, c_0 and all
parameters, for samples of different lengths (which nn.LSTM gets packed)."""
import math
import os
import subprocess
import unittest

import torch

PROGRAM = os.environ["LSTMBENCH_PRINT_LAYER"]
# Of a result's norm: rounding over a few steps, with room.
TOLERANCE = {"fp64": 1e-6, "fp32": 1e-5, "bf16": 0.05, "bf16x3": 3e-4}
ENGINES = [("reference", "fp64"), ("basic", "fp32"), ("fused", "fp32"), ("sequence", "fp32"), ("sequence", "bf16"),
           ("sequence", "bf16x3")]
# Layers, directions, inputs, units, time steps, lengths.
SHAPES = [(1, 1, 5, 7, 6, [6, 6, 6]), (2, 2, 5, 7, 6, [4, 6, 1]), (3, 1, 17, 33, 9, [9, 2, 9, 5]), (1, 2, 40, 48, 3, [3])]


def waves(count, frequency, scale=1.0):
    """The numbers of print_layer.cpp: rounded to floats."""
    values = [scale * math.sin(frequency * (i + 1)) for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).float().double()


def nn_lstm(layers, directions, inputs, units, time_steps, lengths):
    """What print-layer prints, by torch.nn.LSTM in float64."""
    lstm = torch.nn.LSTM(inputs, units, layers, batch_first=True, bidirectional=directions == 2).double()
    suffixes = ["", "_reverse"][:directions]
    parameters = [getattr(lstm, "%s_l%d%s" % (name, layer, suffix)) for layer in range(layers) for suffix in suffixes
                  for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    values = waves(sum(parameter.numel() for parameter in parameters), 0.37, 0.4)
    with torch.no_grad():
        for parameter in parameters:
            parameter.copy_(values[:parameter.numel()].view_as(parameter))
            values = values[parameter.numel():]
    samples = len(lengths)
    x = waves(samples * time_steps * inputs, 0.11).view(samples, time_steps, inputs).requires_grad_()
    shape = (layers * directions, samples, units)
    states = shape[0] * shape[1] * shape[2]
    h_0, c_0 = (waves(states, frequency).view(shape).requires_grad_() for frequency in (0.23, 0.29))
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    outputs, (h_n, c_n) = lstm(packed, (h_0, c_0))
    outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True, total_length=time_steps)
    d_outputs = waves(outputs.numel(), 0.17).view_as(outputs)  # where there is padding outputs are zero, whatever the input
    loss = (outputs * d_outputs).sum() + (h_n.flatten() * waves(states, 0.31)).sum() + (c_n.flatten() * waves(states, 0.41)).sum()
    loss.backward()
    return {"outputs": outputs, "h_n": h_n, "c_n": c_n, "dx": x.grad, "dh_0": h_0.grad, "dc_0": c_0.grad,
            "gradients": torch.cat([parameter.grad.flatten() for parameter in parameters])}


class NnLstm(unittest.TestCase):
    def test_computes_the_same(self):
        for shape in SHAPES:
            expected = nn_lstm(*shape)
            for engine, dtype in ENGINES:
                command = [PROGRAM, engine, dtype] + [str(number) for number in shape[:5]] + [str(length) for length in shape[5]]
                lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout.splitlines()
                got = {line.split()[0]: torch.tensor([float(value) for value in line.split()[1:]], dtype=torch.float64)
                       for line in lines}
                self.assertEqual(set(got), set(expected))
                for name, values in expected.items():
                    values = values.detach().flatten()
                    error = float((got[name] - values).norm() / values.norm())
                    with self.subTest(shape=shape, engine=engine, dtype=dtype, result=name):
                        self.assertLess(error, TOLERANCE[dtype])


if __name__ == "__main__":
    unittest.main()
