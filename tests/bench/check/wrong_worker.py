#!/usr/bin/env python3
"""Stands between the harness and a proper worker and makes its numbers wrong in one way.

usage: wrong_worker.py MISTAKE COMMAND...
"""
import array
import ast
import json
import os
import shutil
import struct
import subprocess
import sys
import time


def read_npy(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack_from("<H", data, 8)[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    values = array.array({"<f4": "f", "<f8": "d", "<i4": "i"}[header["descr"]])
    values.frombytes(data[10 + size:])
    return header, values


def write_npy(path, header, values):
    text = (repr(header)[:-1] + ", }\n").encode()  # as NumPy writes it
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + values.tobytes())


def change(directory, name, function):
    path = os.path.join(directory, name + ".npy")
    header, values = read_npy(path)
    write_npy(path, header, function(values))


def swap_gates(directory):
    """Rows of gates i and f change places in every tensor of the recurrence."""
    for file in os.listdir(directory):
        if file == "head.npy":
            continue
        header, values = read_npy(os.path.join(directory, file))
        gate = len(values) // 4
        swapped = values[gate:2 * gate] + values[:gate] + values[2 * gate:]
        write_npy(os.path.join(directory, file), header, swapped)


class Proxy:
    def __init__(self, mistake, command):
        self.mistake = mistake
        request_in, self.to_worker = os.pipe()
        self.from_worker, reply_out = os.pipe()

        def give_descriptors():
            high = [os.dup(request_in), os.dup(reply_out)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        # The harness's own channel leaves descriptors 3 and 4 to the worker.
        self.worker = subprocess.Popen(command, preexec_fn=give_descriptors, pass_fds=(3, 4))
        os.close(request_in)
        os.close(reply_out)
        self.replies = os.fdopen(self.from_worker, "rb")
        self.prepared = None
        self.is_broken = False

    def ask(self, request):
        os.write(self.to_worker, json.dumps(request).encode() + b"\n")
        return json.loads(self.replies.readline())

    def prepare(self, request):
        if self.mistake in ("swapped-gates", "ignores-lengths"):
            problem = request["directory"] + "-changed"
            shutil.rmtree(problem, ignore_errors=True)
            shutil.copytree(request["directory"], problem)
            if self.mistake == "swapped-gates":
                swap_gates(os.path.join(problem, "parameters"))
            else:
                longest = request["batch"]["time_steps"]
                change(problem, "lengths", lambda v: array.array("i", [longest] * len(v)))
            request = dict(request, directory=problem)
        self.prepared = request
        return self.ask(request)

    def check(self, request):
        reply = self.ask(request)
        if "error" in reply:
            return reply
        gradients, mistake = request["directory"], self.mistake
        bias = "layer0.forward.b_R"
        if mistake == "swapped-gates":
            swap_gates(gradients)
        elif mistake == "missing-bias-gradient":
            change(gradients, bias, lambda v: array.array(v.typecode, [0] * len(v)))
        elif mistake == "nan-gradient":
            change(gradients, bias, lambda v: v[:3] + array.array(v.typecode, [float("nan")]) + v[4:])
        elif mistake == "slightly-wrong-gradient":
            change(gradients, bias, lambda v: array.array(v.typecode, [1.001 * x for x in v]))
        elif mistake == "missing-file":
            os.remove(os.path.join(gradients, bias + ".npy"))
        elif mistake == "misshapen-file":
            header, values = read_npy(os.path.join(gradients, bias + ".npy"))
            write_npy(os.path.join(gradients, bias + ".npy"), dict(header, shape=(len(values), 1)), values)
        elif mistake == "wrong-beyond-the-slice" and self.prepared["batch"]["samples"] > 4:
            reply["result"]["loss"] *= 1.01
        elif mistake == "wrong-loss":
            reply["result"]["loss"] *= 1.01
        elif mistake == "nan-loss":
            reply["result"]["loss"] = "NaN"
        return reply

    def run(self, request):
        if self.mistake == "no-backward":
            steps = []
            for _ in range(request["steps"]):
                self.ask(self.prepared)
                steps += self.ask(dict(request, steps=1))["result"]["steps"]
            return {"id": request["id"], "result": {"steps": steps}}
        reply = self.ask(request)
        if self.mistake == "time-not-spent" and "result" in reply:
            for step in reply["result"]["steps"]:
                step["backward_ns"] += 10**9
        if self.mistake == "time-hidden":
            time.sleep(0.5)
        return reply

    def fail(self, request):
        return {"error": {"kind": "failed", "message": "an illegal memory access was encountered"}}

    def serve(self):
        for line in os.fdopen(30, "rb"):
            request = json.loads(line)
            act = {"prepare": self.prepare, "check": self.check, "run": self.run}.get(request["request"], self.ask)
            if self.mistake == "broken-by-basic":  # as a process is by a fault on a GPU
                self.is_broken |= request.get("implementation") == "native/basic"
                act = self.fail if self.is_broken else act
            reply = dict(act(request), id=request["id"])
            os.write(40, json.dumps(reply).encode() + b"\n")
            if request["request"] == "quit":
                break
        os.close(self.to_worker)
        self.worker.wait()


def main():
    # Out of the way of the descriptors that the worker expects.
    os.dup2(3, 30, inheritable=False)
    os.dup2(4, 40, inheritable=False)
    os.close(3)
    os.close(4)
    placeholder = os.open("/dev/null", os.O_RDWR)  # takes 3
    os.dup(placeholder)  # takes 4
    Proxy(sys.argv[1], sys.argv[2:]).serve()


main()
