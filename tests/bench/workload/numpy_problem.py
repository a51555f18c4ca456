#!/usr/bin/env python3
"""Compares a problem directory, bit for bit, with what NumPy's own generator gives.

usage: numpy_problem.py DIRECTORY WORKLOAD      (WORKLOAD: JSON of the fields of a [[workload]] table)
Exit status: 0 the same, 1 different, 77 no NumPy.
"""
import json
import os
import sys

try:
    import numpy
except ImportError as error:
    print(f"skipped: no NumPy ({error})")
    sys.exit(77)


def expected_files(w):
    n, t, c, h, v = w["samples"], w["time_steps"], w["channels"], w["units"], w["classes"]
    random = numpy.random.RandomState(w["seed"])
    files = {"x": random.uniform(-1, 1, (n, t, c)).astype(numpy.float32)}
    lengths = numpy.int32(numpy.linspace(w["min_length"], t, n))
    files["loss_lengths"] = lengths
    files["lengths"] = numpy.full(n, t, numpy.int32) if w["pads"] else lengths
    if w["loss"] == "ctc":
        files["labels"] = random.randint(1, v - 1, n * w["labels"]).astype(numpy.int32)
        files["label_lengths"] = numpy.full(n, w["labels"], numpy.int32)
    else:
        files["labels"] = random.randint(0, v - 1, n).astype(numpy.int32)

    random = numpy.random.RandomState(w["seed"] + 1)
    bound = 1 / numpy.sqrt(h)

    def parameter(name, *shape):
        files["parameters/" + name] = random.uniform(-bound, bound, shape).astype(numpy.float32)

    for layer in range(w["layers"]):
        for direction in ("forward", "reverse")[:w["directions"]]:
            prefix = f"layer{layer}.{direction}."
            parameter(prefix + "W", 4 * h, c if layer == 0 else w["directions"] * h)
            parameter(prefix + "R", 4 * h, h)
            parameter(prefix + "b_W", 4 * h)
            parameter(prefix + "b_R", 4 * h)
    parameter("head", v, w["directions"] * h)
    return files


def main():
    directory, workload = sys.argv[1], json.loads(sys.argv[2])
    expected = expected_files(workload)
    found = {os.path.relpath(os.path.join(folder, name), directory)
             for folder, _, names in os.walk(directory) for name in names}
    problems = sorted(found ^ {name + ".npy" for name in expected})
    problems = [f"{name}: a file too many or missing" for name in problems]
    for name, array in expected.items():
        if name + ".npy" not in found:
            continue
        got = numpy.load(os.path.join(directory, name + ".npy"))
        if got.dtype != array.dtype or got.shape != array.shape:
            problems.append(f"{name}: got {got.dtype} {got.shape}, expected {array.dtype} {array.shape}")
        elif got.tobytes() != array.tobytes():
            index = numpy.unravel_index(numpy.argmax(got != array), got.shape)
            problems.append(f"{name}: at {index} got {got[index]!r}, expected {array[index]!r}")
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


main()
