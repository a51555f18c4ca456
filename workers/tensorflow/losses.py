"""Losses of a batch. host_labels is what goes in with each step, as one array."""
# Sizes in comments: N samples, T time steps, V classes, S labels.
import numpy as np
import tensorflow as tf

from errors import unsupported


class CrossEntropy:
    def __init__(self, problem, is_xla):
        self.host_labels = problem.labels

    def of(self, logits, labels):
        """logits (N, V)"""
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


class Ctc:
    """TensorFlow has CTC of sparse labels as one operation, and of dense ones as a program of many, which took forty
    times as long for 32 samples of 1000 steps. For XLA there is only the latter. The operation refuses empty sequences
    and those that do not fit, so it gets neither."""

    def __init__(self, problem, is_xla):
        if problem.dtype == "fp64":
            raise unsupported("CTC in fp64: TensorFlow computes its exponentials and logarithms in float32")
        self.is_xla, self.lengths = is_xla, problem.loss_lengths
        sequences, label_lengths = problem.labels, problem.label_lengths
        fits = problem.fits()
        self.is_infinite = not fits.all()
        self.empty = np.flatnonzero(label_lengths == 0)
        self.labelled = np.flatnonzero(fits & (label_lengths > 0))
        self.label_lengths = label_lengths[self.labelled]
        self.host_labels = np.zeros((len(self.labelled), max(1, self.label_lengths.max(initial=0))), np.int32)
        for row, sample in enumerate(self.labelled):
            self.host_labels[row, :self.label_lengths[row]] = sequences[sample]

    def of(self, logits, labels):
        """logits (N, T, V)"""
        loss = tf.constant(np.inf if self.is_infinite else 0, logits.dtype)  # no gradient for what does not fit
        if len(self.labelled):
            loss += tf.cast(tf.reduce_sum(self.labelled_losses(self.rows(logits, self.labelled), labels)), loss.dtype)
        if len(self.empty):  # the path of blanks
            blanks = tf.nn.log_softmax(self.rows(logits, self.empty))[:, :, 0]
            is_read = tf.sequence_mask(self.lengths[self.empty], logits.shape[1])
            loss -= tf.reduce_sum(tf.where(is_read, blanks, 0))
        return loss

    def rows(self, logits, samples):
        return logits if len(samples) == logits.shape[0] else tf.gather(logits, samples)

    def labelled_losses(self, logits, labels):
        lengths = self.lengths[self.labelled]
        if self.is_xla:
            return tf.nn.ctc_loss(labels, logits, self.label_lengths, lengths, logits_time_major=False, blank_index=0)
        # In float32 the operation's gradients are off by 1e-3 after 1000 steps: their exponents are differences of sums
        # over all steps. At least those it keeps in float64 where it is given such logits. tf.nn.ctc_loss gives it
        # none; that of old does, and has the blank as last class.
        indices = np.argwhere(np.arange(labels.shape[1]) < self.label_lengths[:, None])
        labels = tf.SparseTensor(indices, tf.gather_nd(labels, indices) - 1, labels.shape)
        logits = tf.roll(tf.cast(logits, "float64"), -1, 2)
        return tf.compat.v1.nn.ctc_loss(labels, logits, lengths, time_major=False)


LOSSES = {"cross-entropy": CrossEntropy, "ctc": Ctc}
