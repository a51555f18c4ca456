"""Random layers, inputs and losses for the tests beside torch.nn.LSTM, and how results are compared."""

import collections
import os
import random

import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import lstm_engine

# Of a result's norm, with room: rounding over some steps; bfloat16 has 8 bits, and 16 in three products.
TOLERANCE = {"fp32": 1e-5, "bf16": 0.05, "bf16x3": 3e-4}

Case = collections.namedtuple("Case", "inputs units layers directions bias batch_first kind lengths has_states "
                                      "reached x_gradients precision")


def random_case(source, precision="fp32"):
    """`reached`: which of output, h_n and c_n the loss reads."""
    kind = source.choice(["padded", "packed", "packed", "unbatched"])
    samples = 1 if kind == "unbatched" else source.randint(1, 9)
    time_steps = source.randint(1, 12)
    lengths = [source.randint(1, time_steps) if kind == "packed" else time_steps for _ in range(samples)]
    return Case(inputs=source.randint(1, 40), units=source.randint(1, 40), layers=source.randint(1, 3),
                directions=source.randint(1, 2), bias=source.random() < 0.7, batch_first=source.random() < 0.5,
                kind=kind, lengths=lengths, has_states=source.random() < 0.5,
                reached=source.choice([(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (1, 0, 1)]),
                x_gradients=source.random() < 0.7, precision=precision)


def make_pair(case):
    """torch.nn.LSTM and lstm_engine.LSTM with the same parameters."""
    theirs = torch.nn.LSTM(case.inputs, case.units, case.layers, case.bias, case.batch_first,
                           bidirectional=case.directions == 2)
    return theirs, lstm_engine.LSTM.from_torch(theirs, precision=case.precision)


def make_inputs(case):
    """x, as padded numbers, and states or None."""
    samples, time_steps = len(case.lengths), max(case.lengths)
    states_shape = (case.layers * case.directions, samples, case.units)
    shape = (samples, time_steps, case.inputs) if case.batch_first else (time_steps, samples, case.inputs)
    if case.kind == "unbatched":
        shape, states_shape = (time_steps, case.inputs), (states_shape[0], case.units)
    states = (torch.randn(states_shape), torch.randn(states_shape)) if case.has_states else None
    return torch.randn(shape), states


def run(lstm, case, x, states, weights):
    """One forward and backward: results and gradients by name. `weights` make a loss of what it reads, and are made by
    the first call."""
    dtype = next(lstm.parameters()).dtype
    lstm.zero_grad(set_to_none=True)
    x = x.to(dtype).requires_grad_(case.x_gradients)
    states = None if states is None else tuple(state.to(dtype).requires_grad_() for state in states)
    given = x
    if case.kind == "packed":
        given = pack_padded_sequence(x, case.lengths, batch_first=case.batch_first, enforce_sorted=False)
    output, (h_n, c_n) = lstm(given, states)
    output = output.data if isinstance(output, PackedSequence) else output
    results = {"output": output, "h_n": h_n, "c_n": c_n}
    if not weights:
        weights.extend(torch.randn(result.shape) for result in results.values())
    read = zip(results.values(), weights, case.reached)
    loss = sum((result * weight.to(dtype)).sum() for result, weight, is_read in read if is_read)
    loss.backward()
    for name, tensor in [("dx", x)] + list(zip(("dh_0", "dc_0"), states or ())):
        results[name] = tensor.grad
    for name, parameter in lstm.named_parameters():
        results["d_" + name] = parameter.grad
    return results


def error(got, expected):
    """Of the norm."""
    got, expected = got.detach().double(), expected.detach().double()
    return float((got - expected).norm() / expected.norm().clamp(min=1e-30))


def seeded():
    """A random.Random, from a seed that is printed and that torch gets as well; LSTM_TEST_SEED repeats one."""
    seed = int(os.environ.get("LSTM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
    torch.manual_seed(seed)
    print("seed %d" % seed)
    return random.Random(seed)
