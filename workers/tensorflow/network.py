"""LSTM layers and the head as layers of Keras."""
# Sizes in comments: N samples, T time steps, C input channels, H units, D directions, V classes.
import keras
import numpy as np
import tensorflow as tf

# No bf16: under the policy mixed_bfloat16 Keras keeps the cell state, too, in 8 bits. Most gradients are off by 0.01,
# but one of a small network, where those of few samples cancel, is off by 0.08: twice what the tests grant.
FLOAT = {"fp32": "float32", "fp64": "float64"}
# Keras has one bias where the protocol has two that are added. Both have the gradient of the one, so Adam moves them in
# step and their sum twice as far: here the one learns at twice the rate.
BIAS_RATE = 2


class Network:
    """Keras keeps kernels as (in, 4H) and (H, 4H); the protocol has them transposed, with gates in the same order.

    variables, names and rates belong together: names are the protocol's of what holds the gradient of a variable (two
    where it is a bias), rates what the learning rate is multiplied with."""

    def __init__(self, problem):
        self.problem = problem
        self.float = FLOAT[problem.dtype]
        self.mask = None if problem.is_dense else tf.sequence_mask(problem.lengths, problem.time_steps)
        self.last = tf.constant(problem.lengths - 1)
        self.variables, self.names, self.rates, self.layers = [], [], [], []
        h, inputs = problem.units, problem.inputs
        for number in range(problem.layers):
            layer = []
            for direction in ["forward", "reverse"][:problem.directions]:
                lstm = keras.layers.LSTM(h, return_sequences=True, go_backwards=direction == "reverse",
                                         dtype=self.float, kernel_initializer="zeros", recurrent_initializer="zeros")
                lstm.build((problem.samples, problem.time_steps, inputs))
                prefix, cell = "layer%d.%s." % (number, direction), lstm.cell
                self.add(cell.kernel, [prefix + "W"], self.read(prefix + "W", (4 * h, inputs)))
                self.add(cell.recurrent_kernel, [prefix + "R"], self.read(prefix + "R", (4 * h, h)))
                names = [prefix + "b_W", prefix + "b_R"]
                self.add(cell.bias, names, sum(self.read(name, (4 * h,)) for name in names), BIAS_RATE)
                layer.append(lstm)
            self.layers.append(layer)
            inputs = problem.directions * h
        self.head = keras.layers.Dense(problem.classes, use_bias=False, dtype=self.float, kernel_initializer="zeros")
        self.head.build((problem.samples, inputs))
        self.add(self.head.kernel, ["head"], self.read("head", (problem.classes, inputs)))

    def read(self, name, shape):
        return self.problem.read("parameters/" + name, "float32", shape).astype(self.float)

    def add(self, variable, names, value, rate=1):
        variable.assign(value.T)
        self.variables.append(variable)
        self.names.append(names)
        self.rates.append(rate)

    def values(self):
        return [np.array(variable) for variable in self.variables]

    def assign(self, values):
        for variable, value in zip(self.variables, values):
            variable.assign(value)

    def logits(self, x):
        """(N, V) of each sample's last step for cross-entropy, (N, T, V) for CTC. x (N, T, C)."""
        h = x
        for layer in self.layers:
            outputs = [lstm(h, mask=self.mask) for lstm in layer]
            if len(outputs) == 2:
                outputs[1] = tf.reverse(outputs[1], [1])  # Keras leaves it in the order that it was computed in
            h = tf.concat(outputs, -1)
        if self.problem.loss == "cross-entropy":
            h = h[:, -1] if self.problem.is_dense else tf.gather(h, self.last, batch_dims=1)
        return self.head(h)
