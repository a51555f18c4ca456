"""Adam as every other worker computes it: epsilon is added to the square root of the bias-corrected second moment.

PyTorch 1.0 adds it before the correction, which makes it thirty times as large in the first step. The losses of such
a run drift away from all others by 1e-4, so there epsilon is scaled down by what the correction will multiply it with.
"""

import torch


class EpsilonBeforeCorrection(torch.optim.Adam):
    """torch.optim.Adam of such a version, with epsilon scaled for each step."""

    def __init__(self, parameters, epsilon, **settings):
        torch.optim.Adam.__init__(self, parameters, eps=epsilon, **settings)
        self.epsilon = epsilon
        self.steps = 0

    def step(self, closure=None):
        self.steps += 1
        for group in self.param_groups:
            group["eps"] = self.epsilon * (1 - group["betas"][1] ** self.steps) ** 0.5
        return torch.optim.Adam.step(self, closure)


def adds_epsilon_before_correction():
    """Whether this version does, by one step with a gradient as small as epsilon: it halves the step, or nearly
    stops it."""
    weight = torch.nn.Parameter(torch.zeros(1))
    (weight * 1e-8).sum().backward()
    torch.optim.Adam([weight], lr=1.0, eps=1e-8).step()
    return -0.25 < float(weight.data[0])


def make(parameters, learning_rate, betas, epsilon):
    if adds_epsilon_before_correction():
        return EpsilonBeforeCorrection(parameters, epsilon, lr=learning_rate, betas=betas)
    return torch.optim.Adam(parameters, lr=learning_rate, betas=betas, eps=epsilon)
