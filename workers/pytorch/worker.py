#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""Trains LSTMs with PyTorch, as a worker of lstmbench.

The program speaks the worker protocol (docs/worker-protocol.md): requests come on file descriptor 3, replies go
to descriptor 4, one JSON object a line. It needs nothing but torch and numpy: any PyTorch from 0.1.12 on, any
Python from 2.7 on. lstmbench starts it; by hand:

    python worker.py --help
    python worker.py 3<requests.jsonl 4>replies.jsonl

implementations.py lists what it offers; what differs between PyTorch versions is in versions.py.
"""
from __future__ import division, print_function

import argparse
import os
import sys

sys.dont_write_bytecode = True  # interpreters of many versions share this folder
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "protocol", "python")]

from errors import ProtocolError, message_of  # noqa: E402
from serving import Worker, chosen  # noqa: E402


def offer(name, description, network):
    offered = {"name": name, "description": description, "dtypes": network.dtypes(), "devices": network.devices()}
    reason = network.unavailable()
    if reason:
        offered["unavailable"] = reason
    return offered


class PyTorch(Worker):
    library = "pytorch"

    def __init__(self, api, engine):
        Worker.__init__(self)
        self.api, self.engine = api, engine
        self.is_loaded = False

    def load(self, threads):
        if self.is_loaded:
            return
        if threads:  # those that old versions start for the backward pass take their number from here and nowhere else
            os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
        try:
            import numpy  # noqa: F401
            import torch
        except Exception as error:  # a broken build can raise anything
            raise ProtocolError("failed", "PyTorch cannot be imported by %s: %s" % (sys.executable, message_of(error)))
        import versions
        versions.prepare_process()
        if self.api == "tensor" and versions.api.name != self.api:
            raise ProtocolError("failed", "--api tensor: PyTorch %s has Variables only" % torch.__version__)
        if self.api:
            versions.use_api(self.api)
        if self.engine:
            import engine
            engine.use_library(self.engine)
        self.is_loaded = True

    def about(self):
        import build_info
        import engine
        from implementations import IMPLEMENTATIONS
        return (build_info.version(), dict(build_info.read_build(), **engine.build()),
                [offer(*implementation) for implementation in IMPLEMENTATIONS])

    def train(self, request):
        from implementations import IMPLEMENTATIONS
        from training import Training
        return Training(request, chosen(request, dict((name, network) for name, _, network in IMPLEMENTATIONS)))

    def release(self):
        if self.is_loaded:
            import torch
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api", choices=["tensor", "variable"],
                        help="variable: handle tensors as PyTorch before 0.4 had to [as the version does]")
    parser.add_argument("--engine", metavar="FILE",
                        help="liblstm_c.so, built from this source, for pytorch/lstm_engine [that of an installed "
                             "lstm_engine]")
    options = parser.parse_args()
    PyTorch(options.api, options.engine).serve()


if __name__ == "__main__":
    main()
