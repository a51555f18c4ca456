"""Adam as every other worker computes it: epsilon is added to the square root of the bias-corrected second moment.

keras.optimizers.Adam adds it before the correction, which makes it thirty times as large in the first step. So does the
operation that TensorFlow has for one tensor's update, but it takes epsilon anew with each step: scaled down here by
what the correction will multiply it with.
"""
import tensorflow as tf


class Adam:
    """rates are what the learning rate is multiplied with, for each variable."""

    def __init__(self, variables, rates, learning_rate, beta1, beta2, epsilon):
        self.variables, self.rates = variables, rates
        self.learning_rate, self.beta1, self.beta2, self.epsilon = learning_rate, beta1, beta2, epsilon
        self.moments = [[tf.Variable(tf.zeros(variable.shape, variable.dtype)) for _ in range(2)]
                        for variable in variables]
        self.steps = tf.Variable(0.0, dtype="float64")
        self.function = tf.function(self.update)
        self.function.get_concrete_function([tf.TensorSpec(variable.shape, variable.dtype) for variable in variables])

    def update(self, gradients):
        steps = self.steps.assign_add(1)
        powers = [tf.pow(tf.constant(beta, "float64"), steps) for beta in (self.beta1, self.beta2)]
        epsilon = self.epsilon * tf.sqrt(1 - powers[1])
        for variable, (m, v), rate, gradient in zip(self.variables, self.moments, self.rates, gradients):
            numbers = [tf.cast(number, variable.dtype)
                       for number in (*powers, rate * self.learning_rate, self.beta1, self.beta2, epsilon)]
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle, m=m.handle, v=v.handle, grad=gradient,
                **dict(zip(("beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon"), numbers)))
