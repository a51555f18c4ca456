# -*- coding: utf-8 -*-
"""The worker protocol (docs/worker-protocol.md), for workers in Python: requests come on file descriptor 3, replies go
to descriptor 4, one JSON object a line. Any Python from 2.7 on."""
from __future__ import division, print_function

import gc
import json
import os
import sys

from errors import ProtocolError, bad_request, is_out_of_memory, message_of, positive, text

PROTOCOL = 1
MAX_LINE_BYTES = 1 << 20


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


def json_number(value):
    """JSON has no words for what is not finite: the protocol writes them as text."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def chosen(request, implementations):
    """What a request asks for by name."""
    name = text(request, "implementation")
    if name not in implementations:
        raise bad_request("unknown implementation %r; known: %s" % (name, ", ".join(sorted(implementations))))
    return implementations[name]


class Worker(object):
    """What all libraries answer alike. Each one's worker says what it is:

    library         its name
    load(threads)   imports it, once; threads where they are known already. Not at the start, so that a broken
                    installation is a reply and not a crash
    about()         its version, build (names and values) and list of implementations, as the protocol has them
    train(request)  prepares a case: an object with check(directory), run(steps), device_peak_bytes() and description
    release()       gives back what a case held that ran out of memory"""

    library = None

    def __init__(self):
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
        self.load(None)
        version, build, implementations = self.about()
        return {"protocol": PROTOCOL, "library": self.library, "version": version, "build": build,
                "implementations": implementations}

    def prepare(self, request):
        self.load(positive(request, "threads"))
        self.training = None  # its memory first
        gc.collect()
        self.training = self.train(request)
        return {"workspace_bytes": None, "description": self.training.description}

    def prepared(self):
        if self.training is None:
            raise bad_request("nothing is prepared")
        return self.training

    def check(self, request):
        directory = text(request, "directory")
        if self.prepared() and not os.path.isdir(directory):
            raise bad_request("no such directory: %s" % directory)
        return {"loss": self.training.check(directory)}

    def run(self, request):
        return {"steps": self.prepared().run(positive(request, "steps"))}

    def memory(self, request):
        return {"peak_rss_bytes": peak_rss_bytes(),
                "device_peak_bytes": None if self.training is None else self.training.device_peak_bytes()}

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
            self.training = None
            gc.collect()
            self.release()
        return {"id": identifier, "error": {"kind": kind, "message": message}}, True

    def release(self):
        pass

    def serve(self):
        """Answers until the harness has no more to ask, then ends the process."""
        requests, replies = open_channel()
        goes_on = True
        while goes_on:
            line = requests.readline()
            if not line:
                break
            reply, goes_on = self.reply(line)
            replies.write(json.dumps(reply, allow_nan=False).encode("utf-8") + b"\n")
            replies.flush()
        # Without the libraries' own clearing up: that of some versions ends in a segmentation fault.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


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
