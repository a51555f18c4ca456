"""One direction of an LSTM layer, as users of JAX have it."""
# Sizes in comments: N samples, T time steps, H units.
import jax
import jax.numpy as jnp
from jax import lax

from errors import message_of


class Scan:
    """What one writes by hand: a cell in lax.scan; of the gates, what the input adds is one product for all steps."""

    @staticmethod
    def unavailable():
        return ""

    @staticmethod
    def apply(weights, x, lengths, is_reverse):
        """x (T, N, in) -> (T, N, H). lengths (N), or None where all have T steps."""
        gates = x @ weights["W"] + weights["b"].astype(x.dtype)
        starts_late = is_reverse and lengths is not None

        def step(state, now):
            h, c = state
            gates, t = now
            i, f, g, o = jnp.split(gates.astype(c.dtype) + jnp.matmul(h, weights["R"], preferred_element_type=c.dtype), 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            if starts_late:  # at each sample's own last step
                c = jnp.where((t < lengths)[:, None], c, 0)
            h = (jax.nn.sigmoid(o) * jnp.tanh(c)).astype(h.dtype)
            return (h, c), h

        shape = (x.shape[1], weights["R"].shape[0])
        state = jnp.zeros(shape, x.dtype), jnp.zeros(shape, weights["b"].dtype)
        return lax.scan(step, state, (gates, jnp.arange(x.shape[0])), reverse=is_reverse)[1]


class Flax:
    @staticmethod
    def version():
        try:
            import flax
            return flax.__version__
        except Exception:  # a version for another JAX can raise anything
            return ""

    @staticmethod
    def unavailable():
        try:
            from flax import linen
            return "" if hasattr(linen, "RNN") else "this flax has no RNN: it is older than 0.6.5"
        except Exception as error:  # a version for another JAX can raise anything
            return "flax cannot be imported (%s: %s)" % (type(error).__name__, message_of(error))

    @staticmethod
    def apply(weights, x, lengths, is_reverse):
        """x (T, N, in) -> (T, N, H). lengths (N), or None where all have T steps."""
        from flax import linen
        parameters = {}
        for gate, w, r, b in zip("ifgo", *(jnp.split(weights[name], 4, -1) for name in ("W", "R", "b"))):
            parameters["i" + gate] = {"kernel": w}
            parameters["h" + gate] = {"kernel": r, "bias": b.astype(r.dtype)}
        units = weights["R"].shape[0]
        cell = linen.OptimizedLSTMCell(units, dtype=x.dtype, param_dtype=weights["b"].dtype)
        layer = linen.RNN(cell, time_major=True, reverse=is_reverse, keep_order=True)
        # Named by its class where RNN has made it, by its field where it was handed over: that changed between versions.
        key = jax.random.PRNGKey(0)
        name, = jax.eval_shape(lambda: layer.init(key, jnp.zeros((1, 1, x.shape[2]), x.dtype)))["params"]
        return layer.apply({"params": {name: parameters}}, x, seq_lengths=lengths)


LAYERS = {"jax/LSTM": Scan, "jax/LSTM-flax": Flax}
