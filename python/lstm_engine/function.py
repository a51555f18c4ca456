"""Forward and backward of the engine as one operation of autograd."""

import torch
from torch.autograd.function import once_differentiable


def contiguous(tensors):
    return [None if tensor is None else tensor.detach().contiguous() for tensor in tensors]


def run_forward(loan, batch, x, states, parameters):
    """Outputs, in the layout of x, and h_n and c_n. The loan is then ready for run_backward."""
    loan.x = x.detach().contiguous()
    return loan.engine.forward(batch, loan.x, contiguous(states), contiguous(parameters))


def run_backward(loan, output_gradients, states, parameters, wanted):
    """Gradients of x, two states, and parameters, None where nobody wants them. Ends the loan."""
    x_wanted, *states_wanted = wanted[:3]
    dx = torch.empty_like(loan.x) if x_wanted else None
    d_states = [loan.x.new_empty(state.shape) if any(states_wanted) else None for state in states]
    d_parameters = [loan.x.new_empty(parameter.shape) if parameter_wanted else None
                    for parameter, parameter_wanted in zip(parameters, wanted[3:])]
    loan.engine.backward(*contiguous(output_gradients), dx, d_states, d_parameters)
    loan.end()
    d_states = [d_state if state_wanted else None for d_state, state_wanted in zip(d_states, states_wanted)]
    return [dx] + d_states + d_parameters


class LayerFunction(torch.autograd.Function):
    """apply(pool, batch, x, h_0, c_0, *parameters). Both states may be None; so may parameters, which are zeros."""

    @staticmethod
    def forward(ctx, pool, batch, x, h_0, c_0, *parameters):
        ctx.set_materialize_grads(False)
        # All that forward depends on: autograd complains where it has changed before backward, and a second backward of
        # the same graph (retain_graph) can run forward again.
        ctx.save_for_backward(x, h_0, c_0, *parameters)
        ctx.pool, ctx.batch = pool, batch
        ctx.loan = pool.lend(batch.size, ctx.needs_input_grad[2])
        return run_forward(ctx.loan, batch, x, (h_0, c_0), parameters)

    @staticmethod
    @once_differentiable
    def backward(ctx, *output_gradients):
        x, h_0, c_0, *parameters = ctx.saved_tensors
        wanted = ctx.needs_input_grad[2:]
        loan, ctx.loan = ctx.loan, None
        if loan is None:
            loan = ctx.pool.lend(ctx.batch.size, wanted[0])
            run_forward(loan, ctx.batch, x, (h_0, c_0), parameters)
        gradients = run_backward(loan, output_gradients, (h_0, c_0), parameters, wanted)
        return (None, None, *gradients)


def apply(pool, batch, x, h_0, c_0, parameters):
    tensors = [tensor for tensor in (x, h_0, c_0, *parameters) if tensor is not None]
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        return LayerFunction.apply(pool, batch, x, h_0, c_0, *parameters)
    loan = pool.lend(batch.size, None)
    results = run_forward(loan, batch, x, (h_0, c_0), parameters)
    loan.end()
    return results
