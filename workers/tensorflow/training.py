"""Training steps of a prepared case, timed in five phases."""
import os
import time

import numpy as np
import tensorflow as tf

from adam import Adam
from errors import member, positive, unsupported
from losses import LOSSES
from network import FLOAT, Network
from problem import Problem
from serving import json_number


def use_threads(threads):
    """TensorFlow counts its threads once, at its first operation."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        raise unsupported("%d threads, where this process began with %d: TensorFlow takes their number once"
                          % (threads, tf.config.threading.get_intra_op_parallelism_threads()))


def nanoseconds():
    return np.int64(time.monotonic_ns())


class Training:
    """Forward, loss and gradients are one tf.function, as its users write it: had it two, calling for gradients in
    between, the first would keep all that the second might want, which takes a third to a half as long again."""

    def __init__(self, request, is_xla):
        dtype, device = member(request, "dtype"), member(request, "device")
        if dtype not in FLOAT:
            raise unsupported("dtype %s; known: %s" % (dtype, ", ".join(FLOAT)))
        if device != "cpu":
            raise unsupported("device %s; this worker has the CPU only" % device)
        threads = positive(request, "threads")
        use_threads(threads)
        self.description = "%d threads" % threads
        self.is_xla = is_xla
        problem = Problem(request)
        self.network = Network(problem)
        self.initial = self.network.values()
        self.loss = LOSSES[problem.loss](problem, is_xla)
        self.host_x = problem.x.astype(self.network.float)
        self.make_optimizer(member(request, "optimizer"))
        self.gradients = tf.function(self.timed_gradients, jit_compile=is_xla)
        self.step()  # traces and compiles

    def device_peak_bytes(self):
        return None

    def make_optimizer(self, settings):
        if member(settings, "name") != "adam":
            raise unsupported("optimizer %r; known: adam" % (settings["name"],))
        self.adam = Adam(self.network.variables, self.network.rates, settings.get("learning_rate", 1e-3),
                         settings.get("beta1", 0.9), settings.get("beta2", 0.999), settings.get("epsilon", 1e-8))

    def timed_gradients(self, x, labels):
        """The loss, gradients of the variables, and when forward and the loss were done, where one can tell."""
        with tf.GradientTape() as tape:
            logits = self.network.logits(x)
            forward_end = self.time_after(logits)
            with tf.control_dependencies(forward_end):
                loss = self.loss.of(logits, labels)
        loss_end = self.time_after(loss)
        with tf.control_dependencies(loss_end):
            gradients = tape.gradient(loss, self.network.variables)
        if gradients[0] is None:  # no sample's labels fit
            gradients = [tf.zeros(variable.shape, variable.dtype) for variable in self.network.variables]
        return loss, gradients, forward_end + loss_end

    def time_after(self, tensor):
        """A list of one time, or of none: what XLA has compiled reads no clock."""
        if self.is_xla:
            return []
        with tf.control_dependencies([tensor]):
            return [tf.numpy_function(nanoseconds, [], tf.int64)]

    def step(self):
        """Phases of one step in nanoseconds up to the gradients, its loss, and the gradients."""
        start = time.monotonic_ns()
        x, labels = tf.constant(self.host_x), tf.constant(self.loss.host_labels)
        input_end = time.monotonic_ns()
        loss, gradients, ends = self.gradients(x, labels)
        value = float(loss)
        backward_end = time.monotonic_ns()
        forward_end, loss_end = [int(end) for end in ends] or [input_end, input_end]
        return {"input_ns": input_end - start, "forward_ns": forward_end - input_end, "loss_ns": loss_end - forward_end,
                "backward_ns": backward_end - loss_end, "loss": json_number(value)}, gradients

    def full_step(self):
        times, gradients = self.step()
        start = time.monotonic_ns()
        self.adam.function(gradients)
        times["update_ns"] = time.monotonic_ns() - start
        return times

    def run(self, steps):
        return [self.full_step() for _ in range(steps)]

    def check(self, directory):
        """Loss at the prepared parameters; writes their gradients. Steps that were run before are not lost."""
        current = self.network.values()
        self.network.assign(self.initial)
        times, gradients = self.step()
        self.network.assign(current)
        for names, gradient in zip(self.network.names, gradients):
            for name in names:
                np.save(os.path.join(directory, name + ".npy"), np.ascontiguousarray(gradient.numpy().T))
        return times["loss"]
