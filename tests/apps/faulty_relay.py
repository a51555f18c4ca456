#!/usr/bin/env python3
"""Stands between the harness and a real worker, and spoils what it answers to its second `run`.

usage: faulty_relay.py IMPLEMENTATION COMMAND...     IMPLEMENTATION is offered once for each fault, as relayed/FAULT;
relayed/waits is no fault: it fails where the worker uses a CPU between two requests.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time


def spoilt_times(**changes):
    def spoil(reply):
        for step in reply["result"]["steps"]:
            step.update(changes)
        return encoded(reply)
    return spoil


def encoded(reply):
    return json.dumps(reply).encode() + b"\n"


def half_and_gone(reply):
    write(encoded(reply)[:20])
    os._exit(0)


def flooded(reply):
    for _ in range(1600):
        os.write(1, b"x" * 65536)
    return encoded(reply)


# What becomes of the reply; nothing: none is written.
REPLIES = {
    "nothing": encoded,
    "reply-lost": lambda reply: None,
    "half-a-line": half_and_gone,
    "another-id": lambda reply: encoded(dict(reply, id=reply["id"] + 1)),
    "invalid-utf8": lambda reply: encoded(reply).replace(b"result", b"\xff\xfe"),
    "100-mb-line": lambda reply: b"y" * (100 << 20) + b"\n",
    "negative-times": spoilt_times(backward_ns=-5),
    "absurd-times": spoilt_times(backward_ns=10**17),
    "loss-is-no-number": spoilt_times(loss="NaN"),
    "flood": flooded,
}
# What happens while the real worker computes.
MEANWHILE = {
    "channel-closed": lambda: os.close(4),
    "dies-and-leaves-its-child": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


def error_of_waiting(worker):
    """What a worker that waits for its next request must not do."""
    def ticks():
        fields = pathlib.Path(f"/proc/{worker.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    time.sleep(0.5)  # threads may look out for more work for a moment
    before = ticks()
    time.sleep(1)
    used = ticks() - before
    return f"it used {used} % of a CPU while it waited" if used > 5 else None


def write(data):
    while data:
        data = data[os.write(4, data):]


def start(command):
    """The real worker, as the harness would start it; then its requests and replies."""
    requests, replies = os.pipe(), os.pipe()

    def connect():
        os.dup2(requests[0], 103)
        os.dup2(replies[1], 104)
        os.dup2(103, 3)
        os.dup2(104, 4)
        os.closerange(5, 256)

    worker = subprocess.Popen(command, preexec_fn=connect, close_fds=False)
    os.close(requests[0])
    os.close(replies[1])
    return worker, os.fdopen(requests[1], "w"), os.fdopen(replies[0])


def offered(hello, implementation):
    for one in hello["implementations"]:
        if one["name"] == implementation:
            return [dict(one, name="relayed/" + fault) for fault in [*REPLIES, *MEANWHILE, "waits"]]
    sys.exit(f"the worker has no {implementation}")


def main():
    implementation, command = sys.argv[1], sys.argv[2:]
    worker, to_worker, from_worker = start(command)
    fault, runs = "nothing", 0
    for line in open(3):
        request = json.loads(line)
        if request["request"] == "prepare":
            fault = request["implementation"].split("/")[1]
            request["implementation"] = implementation
        runs += request["request"] == "run"
        spoils = request["request"] == "run" and runs == 2
        error = error_of_waiting(worker) if spoils and fault == "waits" else None
        if error:
            write(encoded({"id": request["id"], "error": {"kind": "failed", "message": error}}))
            continue
        to_worker.write(json.dumps(request) + "\n")
        to_worker.flush()
        if spoils and fault in MEANWHILE:
            MEANWHILE[fault]()
            time.sleep(3600)
        reply = json.loads(from_worker.readline())
        if request["request"] == "hello":
            reply["result"]["implementations"] = offered(reply["result"], implementation)
        spoilt = REPLIES.get(fault, encoded)(reply) if spoils else encoded(reply)
        if spoilt is not None:
            write(spoilt)
        if request["request"] == "quit":
            sys.exit(worker.wait())


main()
