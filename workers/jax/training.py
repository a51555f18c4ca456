"""Training steps of a prepared case, timed in five phases."""
# Sizes in comments: N samples, T time steps, C input channels, H units, D directions, V classes, S labels.
import os
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.extend import backend

from errors import member, positive, unsupported
from problem import Problem
from serving import json_number

FLOAT = {"fp32": jnp.float32, "bf16": jnp.float32, "fp64": jnp.float64}  # of parameters, sums and losses
PRODUCT = {"fp32": jnp.float32, "bf16": jnp.bfloat16, "fp64": jnp.float64}  # of what products take


def use_threads(threads):
    """The backend counts its threads once, by this variable where there is one."""
    if os.environ.get("NPROC") != str(threads):
        os.environ["NPROC"] = str(threads)
        jax.clear_caches()
        backend.clear_backends()


class Training:
    """Parameters are kept as JAX's users keep them, (in, 4H) and (H, 4H), and written as the protocol has them."""

    def __init__(self, request, layer):
        self.dtype, device = member(request, "dtype"), member(request, "device")
        reason = layer.unavailable()
        if reason:
            raise unsupported(reason)
        if self.dtype not in FLOAT:
            raise unsupported("dtype %s; known: %s" % (self.dtype, ", ".join(FLOAT)))
        if device != "cpu":
            raise unsupported("device %s; this worker has the CPU only" % device)
        threads = positive(request, "threads")
        use_threads(threads)
        self.description = "%d threads" % threads
        self.problem, self.layer = Problem(request), layer
        self.float, self.product = FLOAT[self.dtype], PRODUCT[self.dtype]
        self.initial = self.parameters = self.read_parameters()
        self.make_optimizer(member(request, "optimizer"))
        self.make_batch()
        self.forward = jax.jit(lambda parameters, x: jax.vjp(lambda p: self.logits(p, x), parameters))
        self.loss = jax.jit(jax.value_and_grad(self.loss_of))
        self.backward = jax.jit(lambda derivative, dlogits: derivative(dlogits)[0])
        self.full_step()  # compiles
        self.parameters, self.state = self.initial, self.optimizer.init(self.initial)

    def device_peak_bytes(self):
        return None

    def read_parameters(self):
        problem = self.problem
        h, d, v = problem.units, problem.directions, problem.classes
        arrays = {"head": problem.read("parameters/head", "float32", (v, d * h)).T}
        for layer, inputs in enumerate([problem.inputs] + [d * h] * (problem.layers - 1)):
            for direction in self.directions():
                prefix = "layer%d.%s." % (layer, direction)
                for name, shape in (("W", (4 * h, inputs)), ("R", (4 * h, h)), ("b_W", (4 * h,)), ("b_R", (4 * h,))):
                    arrays[prefix + name] = problem.read("parameters/" + prefix + name, "float32", shape).T
        return {name: jnp.array(array, self.float) for name, array in arrays.items()}  # a copy

    def directions(self):
        return ["forward", "reverse"][:self.problem.directions]

    def make_optimizer(self, settings):
        if member(settings, "name") != "adam":
            raise unsupported("optimizer %r; known: adam" % (settings["name"],))
        self.optimizer = optax.adam(settings.get("learning_rate", 1e-3), settings.get("beta1", 0.9),
                                    settings.get("beta2", 0.999), settings.get("epsilon", 1e-8))
        self.state = self.optimizer.init(self.initial)

        def update(gradients, state, parameters):
            updates, state = self.optimizer.update(gradients, state)
            return optax.apply_updates(parameters, updates), state
        self.update = jax.jit(update)

    def make_batch(self):
        problem = self.problem
        self.host_x = problem.x.astype(self.float)
        self.lengths = None if problem.is_dense else jnp.array(problem.lengths)
        self.last = jnp.array(problem.lengths) - 1
        if problem.loss == "cross-entropy":
            self.host_labels = problem.labels
            return
        # optax takes labels as a matrix, and says with 1 where it or the logits are to be left out.
        lengths, most = problem.label_lengths, max(1, int(problem.label_lengths.max()))
        self.host_labels = np.zeros((problem.samples, most), np.int64)
        for sample, labels in enumerate(problem.labels):
            self.host_labels[sample, :len(labels)] = labels
        self.no_label = jnp.array(np.arange(most) >= lengths[:, None], self.float)
        self.no_logit = jnp.array(np.arange(problem.time_steps) >= problem.loss_lengths[:, None], self.float)
        self.fits = jnp.array(problem.fits())

    def logits(self, parameters, x):
        """(N, V) of each sample's last step for cross-entropy, (N, T, V) for CTC. x (N, T, C)."""
        h = jnp.swapaxes(x, 0, 1).astype(self.product)
        for layer in range(self.problem.layers):
            h = jnp.concatenate([self.direction(parameters, h, "layer%d.%s." % (layer, direction), direction == "reverse")
                                 for direction in self.directions()], -1)
        if self.problem.loss == "cross-entropy":
            h = h[self.last, jnp.arange(h.shape[1])]
        logits = jnp.matmul(h, parameters["head"].astype(self.product), preferred_element_type=self.float)
        return logits if self.problem.loss == "cross-entropy" else jnp.swapaxes(logits, 0, 1)

    def direction(self, parameters, x, prefix, is_reverse):
        weights = {"W": parameters[prefix + "W"].astype(self.product), "R": parameters[prefix + "R"].astype(self.product),
                   "b": parameters[prefix + "b_W"] + parameters[prefix + "b_R"]}
        return self.layer.apply(weights, x, self.lengths, is_reverse)

    def loss_of(self, logits, labels):
        if self.problem.loss == "cross-entropy":
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
        losses = optax.ctc_loss(logits, self.no_logit, labels, self.no_label, blank_id=0)
        return jnp.where(self.fits, losses, jnp.inf).sum()  # no gradient for what does not fit

    def step(self):
        """Phases of one step in nanoseconds up to the gradients, its loss, and the gradients."""
        start = time.monotonic_ns()
        x, labels = jax.block_until_ready(jax.device_put((self.host_x, self.host_labels)))
        input_end = time.monotonic_ns()
        logits, derivative = self.forward(self.parameters, x)
        jax.block_until_ready(logits)
        forward_end = time.monotonic_ns()
        loss, dlogits = self.loss(logits, labels)
        value = float(loss)
        loss_end = time.monotonic_ns()
        gradients = jax.block_until_ready(self.backward(derivative, dlogits))
        backward_end = time.monotonic_ns()
        return {"input_ns": input_end - start, "forward_ns": forward_end - input_end, "loss_ns": loss_end - forward_end,
                "backward_ns": backward_end - loss_end, "loss": json_number(value)}, gradients

    def full_step(self):
        times, gradients = self.step()
        start = time.monotonic_ns()
        self.parameters, self.state = jax.block_until_ready(self.update(gradients, self.state, self.parameters))
        times["update_ns"] = time.monotonic_ns() - start
        return times

    def run(self, steps):
        return [self.full_step() for _ in range(steps)]

    def check(self, directory):
        """Loss at the prepared parameters; writes their gradients. Steps that were run before are not lost."""
        current, self.parameters = self.parameters, self.initial
        times, gradients = self.step()
        self.parameters = current
        for name, gradient in gradients.items():
            np.save(os.path.join(directory, name + ".npy"), np.ascontiguousarray(np.asarray(gradient).T))
        return times["loss"]
