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
import gc
import json
import os
import sys

sys.dont_write_bytecode = True  # interpreters of many versions share this folder
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from errors import (ProtocolError, bad_request, is_out_of_memory, message_of, positive,  # noqa: E402
                    text)

PROTOCOL = 1
MAX_LINE_BYTES = 1 << 20
is_loaded = False


def load_libraries(api, engine_library, threads=None):
    """At the first request, so that a broken installation is a reply and not a crash."""
    global is_loaded
    if is_loaded:
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
    if api == "tensor" and versions.api.name != api:
        raise ProtocolError("failed", "--api tensor: PyTorch %s has Variables only" % torch.__version__)
    if api:
        versions.use_api(api)
    if engine_library:
        import engine
        engine.use_library(engine_library)
    is_loaded = True


def peak_rss_bytes():
    """Not of getrusage, whose maximum survives exec and so may be that of the program that started this one."""
    with open("/proc/self/status", "rb") as status:
        for line in status:
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def not_json(word):
    raise ValueError("%s is not JSON" % word)


def parsed(line):
    if len(line) > MAX_LINE_BYTES:
        raise bad_request("a request of %d bytes; at most %d" % (len(line), MAX_LINE_BYTES))
    try:
        return json.loads(line.decode("utf-8"), parse_constant=not_json)
    except (ValueError, RuntimeError) as error:  # nested too deeply, too
        raise bad_request("not a line of JSON: %s" % message_of(error))


def identifier_of(request):
    """What a reply repeats; 1e999 is JSON, and read as infinity, which is not."""
    identifier = request.get("id") if isinstance(request, dict) else None
    try:
        json.dumps(identifier, allow_nan=False)
    except ValueError:
        raise bad_request("\"id\" is too large a number")
    return identifier


def offer(name, description, network):
    offered = {"name": name, "description": description, "dtypes": network.dtypes(), "devices": network.devices()}
    reason = network.unavailable()
    if reason:
        offered["unavailable"] = reason
    return offered


class Worker(object):
    def __init__(self, api, engine):
        self.api, self.engine = api, engine
        self.training = None

    def answer(self, request):
        if not isinstance(request, dict) or "request" not in request:
            raise bad_request("a request is an object with a member \"request\"")
        handlers = {"hello": self.hello, "prepare": self.prepare, "check": self.check, "run": self.run,
                    "memory": self.memory, "quit": lambda request: {}}
        if request["request"] not in list(handlers):  # which asks for no hash of what is not a text
            raise bad_request("unknown request %r; known: %s" % (request["request"], ", ".join(sorted(handlers))))
        return handlers[request["request"]](request)

    def hello(self, request):
        if request.get("protocol") != PROTOCOL:
            raise bad_request("protocol %r; this worker speaks %d" % (request.get("protocol"), PROTOCOL))
        load_libraries(self.api, self.engine)
        import build_info
        import engine
        from implementations import IMPLEMENTATIONS
        return {"protocol": PROTOCOL, "library": "pytorch", "version": build_info.version(),
                "build": dict(build_info.read_build(), **engine.build()),
                "implementations": [offer(*implementation) for implementation in IMPLEMENTATIONS]}

    def prepare(self, request):
        load_libraries(self.api, self.engine, positive(request, "threads"))
        import torch
        from implementations import IMPLEMENTATIONS
        from training import Training
        self.training = None  # its memory first
        gc.collect()
        networks = dict((name, network) for name, _, network in IMPLEMENTATIONS)
        name = text(request, "implementation")
        if name not in networks:
            raise bad_request("unknown implementation %r; known: %s" % (name, ", ".join(sorted(networks))))
        self.training = Training(request, networks[name])
        return {"workspace_bytes": None, "description": "torch %s, %s, %d threads"
                % (torch.__version__, self.training.device, torch.get_num_threads())}

    def prepared(self):
        if self.training is None:
            raise bad_request("nothing is prepared")
        return self.training

    def check(self, request):
        return {"loss": self.prepared().check(text(request, "directory"))}

    def run(self, request):
        return {"steps": self.prepared().run(positive(request, "steps"))}

    def memory(self, request):
        device_memory = None if self.training is None else self.training.device_memory
        return {"peak_rss_bytes": peak_rss_bytes(),
                "device_peak_bytes": None if device_memory is None else device_memory.peak_bytes()}

    def release(self):
        """After running out of memory: gives back what the failed case held."""
        self.training = None
        gc.collect()
        if is_loaded:
            import torch
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def reply(self, line):
        """(the reply to one line, whether the worker goes on)"""
        identifier = None
        try:
            request = parsed(line)
            identifier = identifier_of(request)
            return {"id": identifier, "result": self.answer(request)}, request["request"] != "quit"
        except ProtocolError as error:
            kind, message = error.kind, message_of(error)
        except Exception as error:
            kind = "out-of-memory" if is_out_of_memory(error) else "failed"
            message = "%s: %s" % (type(error).__name__, message_of(error))
        # Outside the except blocks, where the traceback would still hold the failed step's tensors.
        if kind == "out-of-memory":
            self.release()
        return {"id": identifier, "error": {"kind": kind, "message": message}}, True


def open_channel():
    """Requests and replies. Programs that a library may start do not inherit the descriptors."""
    import fcntl
    try:
        for descriptor in (3, 4):
            fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        return os.fdopen(3, "rb"), os.fdopen(4, "wb")
    except (IOError, OSError):
        sys.stderr.write("worker.py: descriptors 3 (requests) and 4 (replies) must be open; lstmbench does that. "
                         "See --help.\n")
        sys.exit(2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api", choices=["tensor", "variable"],
                        help="variable: handle tensors as PyTorch before 0.4 had to [as the version does]")
    parser.add_argument("--engine", metavar="FILE",
                        help="liblstm_c.so, built from this source, for pytorch/lstm_engine [that of an installed "
                             "lstm_engine]")
    options = parser.parse_args()
    worker = Worker(options.api, options.engine)
    requests, replies = open_channel()
    goes_on = True
    while goes_on:
        line = requests.readline()
        if not line:
            break
        reply, goes_on = worker.reply(line)
        replies.write(json.dumps(reply, allow_nan=False).encode("utf-8") + b"\n")
        replies.flush()
    # Without the libraries' own clearing up: that of some versions ends in a segmentation fault.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
