"""How long a training step (forward, a sum as loss, backward) takes by lstm_engine.LSTM and by torch.nn.LSTM.

In turn, in one process. Prints the median of each, and of the ratios of neighbours, which a slow minute of the machine
does not move. With precision bf16 torch.nn.LSTM runs under torch.autocast.

Usage: benchmark.py [--layers L] [--bidirectional] [--units H] [--inputs C] [--samples N] [--time-steps T]
                    [--dropout P] [--batch-first] [--packed] [--input-gradients] [--precision fp32|bf16|bf16x3]
                    [--threads K] [--rounds R]
"""

import argparse
import statistics
import time

import torch
from torch.nn.utils.rnn import pack_padded_sequence

import lstm_engine


def parse():
    parser = argparse.ArgumentParser()
    for name, default in (("layers", 1), ("units", 320), ("inputs", 123), ("samples", 64), ("time-steps", 100),
                          ("threads", 0), ("rounds", 30)):
        parser.add_argument("--" + name, type=int, default=default)
    for name in ("bidirectional", "batch-first", "packed", "input-gradients"):
        parser.add_argument("--" + name, action="store_true")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--dropout", type=float, default=0.0)
    return parser.parse_args()


def make_input(options):
    """Random numbers; packed: of lengths from a half of all time steps to all, of which one sample has all."""
    sizes = (options.samples, options.time_steps) if options.batch_first else (options.time_steps, options.samples)
    x = torch.randn(*sizes, options.inputs, requires_grad=options.input_gradients)
    if not options.packed:
        return x
    lengths = torch.linspace(options.time_steps // 2, options.time_steps, options.samples).long().clamp(min=1)
    return pack_padded_sequence(x, lengths, batch_first=options.batch_first, enforce_sorted=False)


def step(lstm, x, autocast):
    """Seconds. The gradients that the step before has left are gone."""
    lstm.zero_grad(set_to_none=True)
    start = time.perf_counter()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        output, _ = lstm(x)
    data = getattr(output, "data", output) if hasattr(output, "batch_sizes") else output
    data.float().sum().backward(retain_graph=True)  # the packing of x is used again
    return time.perf_counter() - start


def main():
    options = parse()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    theirs = torch.nn.LSTM(options.inputs, options.units, options.layers, batch_first=options.batch_first,
                           dropout=options.dropout, bidirectional=options.bidirectional)
    ours = lstm_engine.LSTM.from_torch(theirs, precision=options.precision)
    x = make_input(options)
    times = {ours: [], theirs: []}
    for i in range(options.rounds + 2):  # the first two warm up
        for lstm in (ours, theirs) if i % 2 == 0 else (theirs, ours):
            seconds = step(lstm, x, autocast=lstm is theirs and options.precision == "bf16")
            if i >= 2:
                times[lstm].append(seconds)
    print("%s; torch %s, %d threads" % (ours.description(), torch.__version__, torch.get_num_threads()))
    for name, lstm in (("lstm_engine.LSTM", ours), ("torch.nn.LSTM", theirs)):
        print("%-16s %8.1f ms" % (name, 1e3 * statistics.median(times[lstm])))
    ratios = [their / our for our, their in zip(times[ours], times[theirs])]
    quartiles = statistics.quantiles(ratios, n=4)
    print("torch.nn.LSTM takes %.2f times as long (quartiles %.2f to %.2f, %d rounds)"
          % (statistics.median(ratios), quartiles[0], quartiles[2], len(ratios)))


if __name__ == "__main__":
    main()
