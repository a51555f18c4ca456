#!/usr/bin/env python3
"""A worker without any LSTM: answers properly until a given request, then misbehaves.

usage: misbehaving_worker.py [BEHAVIOUR [REQUEST]]      (default: behaves; the request is `run`)
"""
import json
import os
import signal
import sys
import time

STEP = {"input_ns": 1, "forward_ns": 20, "loss_ns": 3, "backward_ns": 40, "update_ns": 5, "loss": 2.5}


def proper_result(request):
    name = request["request"]
    if name == "hello":
        return {"protocol": 1, "library": "echo", "version": "1.0", "build": {"pid": str(os.getpid())},
                "implementations": [{"name": "echo/plain", "description": "echoes", "dtypes": ["fp32"],
                                     "devices": ["cpu"]}]}
    if name == "prepare":
        return {"workspace_bytes": 1000, "description": json.dumps(request)[:500]}
    if name == "check":
        return {"loss": 2.5}
    if name == "run":
        return {"steps": [STEP] * request["steps"]}
    if name == "memory":
        return {"peak_rss_bytes": 12345, "device_peak_bytes": None}
    if name == "peak":
        return {"fp32_gflops": 470.5, "bf16_gflops": None, "l2_gbytes": 400.0, "memory_gbytes": 60}
    return {}


def write(data):
    while data:
        data = data[os.write(4, data):]


def reply(request, result):
    write(json.dumps({"id": request["id"], "result": result}).encode() + b"\n")


def replied_step(request, **changes):
    reply(request, {"steps": [dict(STEP, **changes)] * request["steps"]})


def hang():
    time.sleep(1000)


def hang_ignoring_sigterm(request):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hang()


def fork(then):
    child = os.fork()
    if child == 0:
        hang()
    print("child", child, flush=True)
    then()


def flood(request):
    for _ in range(2000):
        os.write(1, b"x" * 65536)
    os.write(2, b"\nthe end of the flood\n")
    reply(request, proper_result(request))


def flood_forever(request):
    while True:
        os.write(1, b"x" * 65536)


def long_line(request):
    for _ in range(1600):
        write(b"y" * 65536)
    write(b"\n")


def reply_text(text):
    return lambda request: write(text.replace(b"ID", str(request["id"]).encode()) + b"\n")


def half_line_then(then):
    def behaviour(request):
        write(b'{"id": %d, "resu' % request["id"])
        then()
    return behaviour


def slowly(request):
    for byte in (json.dumps({"id": request["id"], "result": proper_result(request)}) + "\n").encode():
        write(bytes([byte]))


def close_channel(request):
    os.close(4)
    hang()


def close_log_and_be_slow(request):
    os.close(1)
    os.close(2)
    time.sleep(1)
    reply(request, proper_result(request))


def close_requests_after_reply(request):
    reply(request, proper_result(request))
    os.close(3)
    hang()


def reply_twice(request):
    reply(request, proper_result(request))
    reply(request, proper_result(request))


def reply_ahead(request):
    run = {"id": request["id"] + 1, "result": {"steps": [STEP]}}
    own = {"id": request["id"], "result": proper_result(request)}
    write(json.dumps(own).encode() + b"\n" + json.dumps(run).encode() + b"\n")


def error(kind, message="because"):
    return lambda request: write(
        json.dumps({"id": request["id"], "error": {"kind": kind, "message": message}}).encode() + b"\n")


def kill_self(number):
    return lambda *_: os.kill(os.getpid(), number)


BEHAVIOURS = {
    "segv": kill_self(signal.SIGSEGV),
    "sigkill": kill_self(signal.SIGKILL),
    "exit0": lambda request: os._exit(0),
    "exit3": lambda request: (print("last words", flush=True), os._exit(3)),
    "exit139": lambda request: os._exit(139),
    "hang": lambda request: hang(),
    "hang-ignoring-sigterm": hang_ignoring_sigterm,
    "hang-with-child": lambda request: fork(hang),
    "garbage": reply_text(b"Segmentation \x1b[31mfault\x07"),
    "array": reply_text(b"[1, 2]"),
    "other-id": reply_text(b'{"id": 999, "result": {}}'),
    "text-id": reply_text(b'{"id": "ID", "result": {}}'),
    "no-result": reply_text(b'{"id": ID}'),
    "result-and-error": reply_text(b'{"id": ID, "result": {}, "error": {"kind": "failed", "message": ""}}'),
    "empty-line": reply_text(b""),
    "empty-result": reply_text(b'{"id": ID, "result": {}}'),
    "deep": reply_text(b'{"id": ID, "result": ' + b"[" * 400000 + b"]" * 400000 + b"}"),
    "huge-number": reply_text(b'{"id": ID, "result": {"loss": 1e999, "steps": []}}'),
    "bare-nan": reply_text(b'{"id": ID, "result": {"loss": NaN}}'),
    "long-line": long_line,
    "half-line-exit": half_line_then(lambda: os._exit(0)),
    "half-line-segv": half_line_then(kill_self(signal.SIGSEGV)),
    "half-line-hang": half_line_then(hang),
    "slowly": slowly,
    "invalid-utf8": reply_text(b'{"id": ID, "result": {"loss": 1, "x": "\xff\xfe"}}'),
    "negative-times": lambda request: replied_step(request, backward_ns=-5),
    "absurd-times": lambda request: replied_step(request, backward_ns=10**17),
    "immeasurable-times": lambda request: replied_step(request, backward_ns=2**64 - 1),
    "float-times": lambda request: replied_step(request, backward_ns=5.5),
    "text-times": lambda request: replied_step(request, backward_ns="5"),
    "null-loss": lambda request: replied_step(request, loss=None),
    "nan-loss": lambda request: replied_step(request, loss="NaN"),
    "infinite-loss": lambda request: replied_step(request, loss="-Infinity"),
    "too-few-steps": lambda request: reply(request, {"steps": [STEP]}),
    "flood": flood,
    "flood-forever": flood_forever,
    "fork-and-die": lambda request: fork(kill_self(signal.SIGSEGV)),
    "fork-and-exit": lambda request: fork(lambda: os._exit(0)),
    "close-channel": close_channel,
    "close-log-and-be-slow": close_log_and_be_slow,
    "close-requests": close_requests_after_reply,
    "reply-twice": reply_twice,
    "reply-ahead": reply_ahead,
    "unsupported": error("unsupported", "no \x1b[2Jsuch thing"),
    "out-of-memory": error("out-of-memory"),
    "bad-request": error("bad-request"),
    "failed": error("failed"),
    "unknown-kind": error("tired"),
    "reply-then-hang": lambda request: (reply(request, {}), hang()),
    "reply-then-exit3": lambda request: (reply(request, {}), os._exit(3)),
}


def main():
    behaviour = sys.argv[1] if len(sys.argv) > 1 else "behave"
    moment = sys.argv[2] if len(sys.argv) > 2 else "run"
    if moment == "start":
        BEHAVIOURS[behaviour]({"id": 1, "request": "hello"})
    if behaviour == "never-reads":
        hang()
    for line in open(3):
        request = json.loads(line)
        if request["request"] == moment and behaviour in BEHAVIOURS:
            BEHAVIOURS[behaviour](request)
            continue
        reply(request, proper_result(request))
        if request["request"] == "quit":
            return
    if behaviour == "ignores-end-of-file":
        hang()
    print("end of requests", flush=True)


main()
