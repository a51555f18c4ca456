"""One prepared case: network sizes and the batch, read from a directory and checked."""
# Sizes in comments: N samples, T time steps, C input channels, V classes.
from __future__ import division

import os

import numpy as np

from errors import bad_request, member, message_of, positive, text


class Problem(object):
    """Arrays are as the protocol has them: x (N, T, C) float32, lengths and loss_lengths (N) int32, label_lengths (N)
    int32 with CTC only; labels (N) int64, with CTC a list of N sequences of any length."""

    def __init__(self, request):
        network, batch = member(request, "network"), member(request, "batch")
        self.inputs, self.units, self.layers, self.directions, self.classes = [
            positive(network, name) for name in ("inputs", "units", "layers", "directions", "classes")]
        self.samples, self.time_steps = positive(batch, "samples"), positive(batch, "time_steps")
        self.loss = member(network, "loss")
        if self.loss not in ("cross-entropy", "ctc"):
            raise bad_request("unknown loss %r; known: cross-entropy, ctc" % (self.loss,))
        if self.directions > 2:
            raise bad_request("directions must be 1 or 2, got %d" % self.directions)
        self.directory = text(request, "directory")
        self.dtype = text(request, "dtype")

        n, t = self.samples, self.time_steps
        self.x = self.read("x", "float32", (n, t, self.inputs))
        self.lengths = self.read("lengths", "int32", (n,))
        self.check_range("lengths", self.lengths, 1, t)
        self.loss_lengths = self.read("loss_lengths", "int32", (n,))
        if (self.loss_lengths < 1).any() or (self.loss_lengths > self.lengths).any():
            raise bad_request("loss_lengths must be 1..length of each sample, got %s for lengths %s"
                              % (self.loss_lengths.tolist(), self.lengths.tolist()))
        self.is_dense = bool((self.lengths == t).all())
        self.read_labels()

    def read_labels(self):
        n = self.samples
        if self.loss == "cross-entropy":
            labels = self.read("labels", "int32", (n,))
            self.check_range("labels", labels, 0, self.classes - 1)
            self.labels = labels.astype(np.int64)
            return
        self.label_lengths = self.read("label_lengths", "int32", (n,))
        self.check_range("label_lengths", self.label_lengths, 0, None)
        labels = self.read("labels", "int32", (int(self.label_lengths.sum()),))
        self.check_range("labels", labels, 1, self.classes - 1)
        ends = np.cumsum(self.label_lengths)
        self.labels = [labels[end - length:end].astype(np.int64) for end, length in zip(ends, self.label_lengths)]

    def fits(self):
        """(N) of CTC: whether a sample's labels, with the blanks that repeats need between them, fit into its loss length."""
        needed = [len(labels) + int((labels[1:] == labels[:-1]).sum()) for labels in self.labels]
        return np.array(needed) <= self.loss_lengths

    def read(self, name, dtype, shape):
        path = os.path.join(self.directory, name + ".npy")
        try:
            array = np.load(path)
        except (IOError, OSError, ValueError) as error:
            raise bad_request("cannot read %s: %s" % (path, message_of(error)))
        if array.dtype != np.dtype(dtype) or array.shape != shape:
            raise bad_request("%s: got %s %s, expected %s %s" % (path, array.dtype, array.shape, dtype, shape))
        return array

    def check_range(self, name, array, low, high):
        if (array < low).any() or (high is not None and (array > high).any()):
            raise bad_request("%s.npy: values must be %d..%s, got %d..%d"
                              % (name, low, "" if high is None else high, array.min(), array.max()))
