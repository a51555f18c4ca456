#!/usr/bin/env python3
"""A worker that only pretends, for tests of the command line: every implementation it offers behaves in one way.

Needs nothing but Python. The time of a step is FAKE_STEP_MS (5). FAKE_LIBRARY (fake) and FAKE_VERSION are what it calls itself,
FAKE_BUILD_ID its build, FAKE_DTYPES what it offers (fp32). With FAKE_CHECK_HANGS, fake/hang never finishes a check. Once the file
FAKE_WITHDRAWN exists, it supports nothing any more.
"""
import json
import os
import signal
import sys
import time

STEP_S = float(os.environ.get("FAKE_STEP_MS", "5")) / 1000
LIBRARY = os.environ.get("FAKE_LIBRARY", "fake")
DTYPES = os.environ.get("FAKE_DTYPES", "fp32").split(",")
BEHAVIOURS = {
    "fake/steady": "does its work",
    "fake/slow": "takes twice as long",
    "fake/hang": "never finishes a step",
    "fake/hang-later": "finishes two steps, then no more",
    "fake/crash": "dies by SIGSEGV in its first step",
    "fake/unsupported": "supports nothing",
    "fake/memory": "has none",
    "fake/garbage": "writes \033[31mred\033[0m garbage | and <b>markup</b>",
    "fake/liar": "reports a tenth of the time it spent",
    "fake/frozen": "its loss never changes",
}
requests = os.fdopen(3, "r", encoding="utf-8")
replies = os.fdopen(4, "w", encoding="utf-8")


class Refused(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def hello():
    implementations = [{"name": name.replace("fake/", LIBRARY + "/"), "description": text, "dtypes": DTYPES, "devices": ["cpu"]}
                       for name, text in BEHAVIOURS.items()]
    return {"protocol": 1, "library": LIBRARY, "version": os.environ.get("FAKE_VERSION", "1.0+test"),
            "build": {"made by": "a test", "build id": os.environ.get("FAKE_BUILD_ID", "0123")}, "implementations": implementations}


def prepare(request):
    global behaviour, steps_done
    behaviour = request["implementation"].split("/")[1]
    steps_done = 0
    if os.path.exists(os.environ.get("FAKE_WITHDRAWN", "")):
        raise Refused("unsupported", "withdrawn")
    if behaviour == "unsupported":
        raise Refused("unsupported", "this does nothing | and says so with \033[2J")
    if behaviour == "memory":
        raise Refused("out-of-memory", "needs 4 PB")
    return {"workspace_bytes": 123456, "description": "pretending"}


def step():
    global steps_done
    if behaviour == "crash":
        print("about to die \033]0;evil title\a", flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
    if behaviour == "garbage":
        print("log \033[31mred\033[0m", flush=True)
        raise Refused("failed", "it | broke <b>badly</b> \033[31m")
    if behaviour == "hang" or (behaviour == "hang-later" and steps_done == 2):
        time.sleep(3600)
    seconds = STEP_S * (2 if behaviour == "slow" else 1)
    start = time.perf_counter_ns()
    time.sleep(seconds)
    elapsed = time.perf_counter_ns() - start
    if behaviour == "liar":
        elapsed //= 10
    parts = [elapsed * share // 100 for share in (1, 30, 2, 64, 3)]
    loss = 2.0 if behaviour == "frozen" else 2.0 / (1 + 0.01 * steps_done)
    steps_done += 1
    return dict(zip(("input_ns", "forward_ns", "loss_ns", "backward_ns", "update_ns"), parts), loss=loss)


def answer(request):
    kind = request["request"]
    if kind == "hello":
        return hello()
    if kind == "prepare":
        return prepare(request)
    if kind == "run":
        return {"steps": [step() for _ in range(request["steps"])]}
    if kind == "check" and behaviour == "hang" and "FAKE_CHECK_HANGS" in os.environ:
        time.sleep(3600)
    if kind == "memory":
        return {"peak_rss_bytes": 1000000, "device_peak_bytes": None}
    if kind == "quit":
        return {}
    raise Refused("bad-request", f"unknown request {kind}")


for line in requests:
    message = json.loads(line)
    try:
        reply = {"id": message["id"], "result": answer(message)}
    except Refused as refusal:
        reply = {"id": message["id"], "error": {"kind": refusal.kind, "message": str(refusal)}}
    replies.write(json.dumps(reply) + "\n")
    replies.flush()
    if message["request"] == "quit":
        sys.exit(0)
