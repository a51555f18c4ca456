"""torch.nn.LSTM by the engine."""

import torch
from torch.nn.utils.rnn import PackedSequence

from lstm_engine import function, library
from lstm_engine.batches import Packed, Padded
from lstm_engine.engine import EnginePool, Network


def not_compiled(function):
    """torch.compile leaves the function as it is and compiles what is around it. PyTorch before 2.1 traces it."""
    return torch.compiler.disable(function) if hasattr(torch, "compiler") else function


def require_float32_on_cpu(name, tensor):
    if not isinstance(tensor, torch.Tensor):
        raise TypeError("lstm_engine: %s: got %s, expected a tensor" % (name, type(tensor).__name__))
    if tensor.device.type != "cpu":
        raise ValueError("lstm_engine: %s is on %s, but the engine is for the CPU: move it with .cpu(), or use "
                         "torch.nn.LSTM there" % (name, tensor.device))
    if tensor.dtype != torch.float32:
        raise ValueError("lstm_engine: %s is %s, expected torch.float32: convert it with .float() (precision='bf16' "
                         "computes in bfloat16 with tensors of float32)" % (name, tensor.dtype))
    if tensor.layout != torch.strided:
        raise ValueError("lstm_engine: %s is %s, expected torch.strided: convert it with .to_dense()"
                         % (name, tensor.layout))


def require_shape(name, tensor, shape):
    if tuple(tensor.shape) != tuple(shape):
        raise ValueError("lstm_engine: %s has shape %s, expected %s" % (name, tuple(tensor.shape), tuple(shape)))


class LSTM(torch.nn.LSTM):
    """torch.nn.LSTM, whose arguments, parameters, inputs and results it has, on the CPU in float32.

    precision: the number format of the operands of products, one of precisions(): "fp32", "bf16" or "bf16x3" (bfloat16
    in three products each, nearly as exact as fp32). Tensors are float32 with any of them.

    Raises ValueError for projections (proj_size), which the engine does not have.
    """

    def __init__(self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
                 bidirectional=False, proj_size=0, device=None, dtype=None, *, precision="fp32"):
        if proj_size:
            raise ValueError("lstm_engine: projections are not there, got proj_size=%s: use torch.nn.LSTM" % proj_size)
        if precision not in library.precisions():
            raise ValueError("lstm_engine: got precision=%r, expected one of %s" % (precision, library.precisions()))
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
                         device=device, dtype=dtype)
        self.precision = precision
        directions = 2 if bidirectional else 1
        self.pool = EnginePool(Network(input_size, hidden_size, num_layers, directions, precision))
        # With dropout between them layers are trained one by one.
        self.layer_pools = [EnginePool(Network(directions * hidden_size if layer > 0 else input_size, hidden_size, 1,
                                               directions, precision)) for layer in range(num_layers)]

    @classmethod
    def from_torch(cls, lstm, precision="fp32"):
        """The same as a torch.nn.LSTM, with a copy of its parameters. Raises ValueError where they are not float32 on
        the CPU, and what the constructor raises."""
        for name, parameter in lstm.named_parameters():
            require_float32_on_cpu(name, parameter)
        made = cls(lstm.input_size, lstm.hidden_size, lstm.num_layers, lstm.bias, lstm.batch_first, lstm.dropout,
                   lstm.bidirectional, lstm.proj_size, precision=precision)
        made.load_state_dict(lstm.state_dict())
        for name, parameter in lstm.named_parameters():
            getattr(made, name).requires_grad_(parameter.requires_grad)
        return made.train(lstm.training)

    def extra_repr(self):
        return super().extra_repr() + ", precision=%s" % self.precision

    def description(self):
        """What computes, for people: kernels, threads, how work is split. Empty before the first forward is over."""
        engines = [engine for pool in (self.pool, *self.layer_pools) for engine in pool.idle_engines()]
        return "; ".join(sorted({engine.description() for engine in engines}))

    def _parameters_in_order(self):
        """In the order of the C interface. bias=False: None in place of each bias."""
        network = self.pool.network
        gates = 4 * network.units
        tensors = []
        for layer in range(network.layers):
            inputs = network.inputs if layer == 0 else network.directions * network.units
            for suffix in ("", "_reverse")[:network.directions]:
                for name, shape in (("weight_ih", (gates, inputs)), ("weight_hh", (gates, network.units)),
                                    ("bias_ih", (gates,)), ("bias_hh", (gates,))):
                    if name.startswith("bias") and not self.bias:
                        tensors.append(None)
                        continue
                    name = "%s_l%d%s" % (name, layer, suffix)
                    tensor = getattr(self, name)
                    require_float32_on_cpu(name, tensor)
                    require_shape(name, tensor, shape)
                    tensors.append(tensor)
        return tensors

    def _states(self, hx, samples, is_batched):
        """h_0 and c_0 as (L*D, N, H); both None without any."""
        if hx is None:
            return None, None
        if len(hx) != 2:
            raise ValueError("lstm_engine: got %d states, expected (h_0, c_0)" % len(hx))
        network = self.pool.network
        shape = (network.layers * network.directions, samples, network.units)
        if not is_batched:
            shape = (shape[0], shape[2])
        states = []
        for name, state in zip(("h_0", "c_0"), hx):
            require_float32_on_cpu(name, state)
            require_shape(name, state, shape)
            states.append(state if is_batched else state.unsqueeze(1))
        return states

    def _require_inputs(self, x, dimensions):
        require_float32_on_cpu("input", x)
        if x.dim() not in dimensions:
            raise ValueError("lstm_engine: input has shape %s, expected %s dimensions"
                             % (tuple(x.shape), " or ".join(map(str, dimensions))))
        if x.shape[-1] != self.input_size:
            raise ValueError("lstm_engine: input has shape %s, expected input_size=%d as the last size"
                             % (tuple(x.shape), self.input_size))

    def _run(self, batch, x, states):
        """output, h_n and c_n of a Padded or Packed batch."""
        parameters = self._parameters_in_order()
        if not (self.training and self.num_layers > 1 and self.dropout > 0):
            return function.apply(self.pool, batch, x, *states, parameters)
        directions, tensors = self.pool.network.directions, len(parameters) // self.num_layers
        ends = []
        for layer, pool in enumerate(self.layer_pools):
            if layer > 0:
                x = batch.dropout(x, self.dropout)
            own = slice(layer * directions, (layer + 1) * directions)
            own_states = [None if state is None else state[own] for state in states]
            x, *end = function.apply(pool, batch, x, *own_states, parameters[layer * tensors:(layer + 1) * tensors])
            ends.append(end)
        return (x, *map(torch.cat, zip(*ends)))

    @not_compiled
    def forward(self, input, hx=None):  # the argument names of torch.nn.LSTM
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        self._require_inputs(input, (2, 3))
        is_batched = input.dim() == 3
        x = input if is_batched else input.unsqueeze(0)
        batch = Padded(x, self.batch_first or not is_batched)
        states = self._states(hx, batch.size.samples, is_batched)
        output, h_n, c_n = self._run(batch, x, states)
        if is_batched:
            return output, (h_n, c_n)
        return output.squeeze(0), (h_n.squeeze(1), c_n.squeeze(1))

    def _forward_packed(self, packed, hx):
        data, batch_sizes, sorted_indices, unsorted_indices = packed
        self._require_inputs(data, (2,))
        batch = Packed(data, batch_sizes)
        states = self._states(hx, batch.size.samples, is_batched=True)
        if hx is not None and sorted_indices is not None:
            states = [state.index_select(1, sorted_indices) for state in states]
        output, h_n, c_n = self._run(batch, data, states)
        if unsorted_indices is not None:
            h_n, c_n = (state.index_select(1, unsorted_indices) for state in (h_n, c_n))
        return PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices), (h_n, c_n)
