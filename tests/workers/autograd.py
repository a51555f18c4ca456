"""Loss and gradients of a problem by PyTorch's float64 autograd on packed sequences; knows nothing of any worker."""
import importlib.util
import unittest

import numpy as np

needs_torch = unittest.skipUnless(importlib.util.find_spec("torch"), "skipped: no PyTorch")


def autograd(problem):
    """(loss, {name: gradient}) in float64."""
    import torch
    net = problem.network
    lstm = torch.nn.LSTM(net["inputs"], net["units"], net["layers"], bidirectional=net["directions"] == 2).double()
    head = torch.from_numpy(problem.parameters["head"]).double().requires_grad_()
    parameters = {"head": head}
    for layer in range(net["layers"]):
        for direction, suffix in [("forward", ""), ("reverse", "_reverse")][:net["directions"]]:
            for name, torch_name in [("W", "weight_ih"), ("R", "weight_hh"), ("b_W", "bias_ih"), ("b_R", "bias_hh")]:
                full_name = "layer%d.%s.%s" % (layer, direction, name)
                parameter = getattr(lstm, "%s_l%d%s" % (torch_name, layer, suffix))
                parameter.data.copy_(torch.from_numpy(problem.parameters[full_name]))
                parameters[full_name] = parameter

    lengths = torch.from_numpy(problem.lengths).long()
    x = torch.from_numpy(problem.x).double().transpose(0, 1)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(lstm(packed)[0])
    logits = y @ head.t()  # (T, N, V)
    labels = torch.from_numpy(problem.labels).long()
    if net["loss"] == "ctc":
        loss = torch.nn.functional.ctc_loss(logits.log_softmax(2), labels, torch.from_numpy(problem.loss_lengths),
                                            torch.from_numpy(problem.label_lengths), reduction="sum")
    else:
        loss = torch.nn.functional.cross_entropy(logits[lengths - 1, torch.arange(len(lengths))], labels)
    loss.backward()
    return loss.item(), {name: parameter.grad.numpy() for name, parameter in parameters.items()}


def relative_error(got, expected):
    """|got - expected| / |expected| in Euclidean norms; absolute where expected is zero."""
    norm = np.linalg.norm(expected)
    return np.linalg.norm(np.asarray(got, np.float64) - expected) / (norm if norm > 0 else 1)
