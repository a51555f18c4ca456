#!/usr/bin/env python3
"""Trains LSTMs with JAX on the CPU, as a worker of lstmbench.

The program speaks the worker protocol (docs/worker-protocol.md): requests come on file descriptor 3, replies go
to descriptor 4, one JSON object a line. It needs jax, optax, numpy and, for jax/LSTM-flax, flax. lstmbench starts it;
by hand:

    python worker.py --help
    python worker.py 3<requests.jsonl 4>replies.jsonl
"""
import argparse
import os
import platform
import sys

sys.dont_write_bytecode = True  # interpreters of many versions share this folder
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "protocol", "python")]

from errors import ProtocolError, message_of  # noqa: E402
from serving import Worker, chosen  # noqa: E402

DESCRIPTIONS = {"jax/LSTM": "a cell in lax.scan, input products of all steps at once",
                "jax/LSTM-flax": "flax.linen.RNN of an OptimizedLSTMCell"}


class Jax(Worker):
    library = "jax"

    def load(self, threads):
        os.environ["JAX_PLATFORMS"] = "cpu"
        try:
            import jax
            import numpy  # noqa: F401
            import optax  # noqa: F401
        except Exception as error:  # a broken build can raise anything
            raise ProtocolError("failed", "JAX cannot be imported by %s: %s" % (sys.executable, message_of(error)))
        jax.config.update("jax_enable_x64", True)  # else fp64 is fp32

    def about(self):
        import jax
        import jaxlib
        import numpy
        from layers import LAYERS
        build = {"python": platform.python_version(), "numpy": numpy.__version__, "jaxlib": jaxlib.__version__}
        offers = []
        for name, layer in LAYERS.items():
            offered = {"name": name, "description": DESCRIPTIONS[name], "dtypes": ["fp32", "bf16", "fp64"],
                       "devices": ["cpu"]}
            reason = layer.unavailable()
            if reason:
                offered["unavailable"] = reason
            offers.append(offered)
        flax = LAYERS["jax/LSTM-flax"].version()
        if flax:
            build["flax"] = flax
        return jax.__version__, build, offers

    def train(self, request):
        from layers import LAYERS
        from training import Training
        return Training(request, chosen(request, LAYERS))


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    Jax().serve()


if __name__ == "__main__":
    main()
