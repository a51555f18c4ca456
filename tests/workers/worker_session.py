"""Drives any worker over the worker protocol from Python, and makes problems for it."""
import fcntl
import json
import os
import shutil
import subprocess
import tempfile

import numpy as np


class WorkerError(Exception):
    def __init__(self, kind, message):
        super().__init__("%s: %s" % (kind, message))
        self.kind = kind


class WorkerSession:
    """A running worker. log() is what it wrote to its standard output and error so far."""

    def __init__(self, command, environment=None):
        self._log = tempfile.TemporaryFile()
        request_read, request_write = [above_nine(end) for end in os.pipe()]
        reply_read, reply_write = [above_nine(end) for end in os.pipe()]
        script = 'exec 3<&%d 4>&%d; exec "$@"' % (request_read, reply_write)
        self.process = subprocess.Popen(["bash", "-c", script, "bash"] + list(command),
                                        pass_fds=(request_read, reply_write), stdin=subprocess.DEVNULL,
                                        stdout=self._log, stderr=self._log,
                                        env=dict(os.environ, **(environment or {})))
        os.close(request_read)
        os.close(reply_write)
        self.requests = os.fdopen(request_write, "wb")
        self.replies = os.fdopen(reply_read, "rb")
        self.last_id = 0

    def send_line(self, line):
        """Sends raw bytes; returns the reply as it is."""
        self.requests.write(line + b"\n")
        self.requests.flush()
        reply = self.replies.readline()
        if not reply:
            raise AssertionError("the worker ended (status %s): %s" % (self.process.wait(), self.log()))
        return json.loads(reply.decode("utf-8"), parse_constant=not_json)

    def send(self, request, **members):
        self.last_id += 1
        reply = self.send_line(json.dumps(dict(members, id=self.last_id, request=request)).encode("utf-8"))
        assert reply["id"] == self.last_id, reply
        if "error" in reply:
            raise WorkerError(reply["error"]["kind"], reply["error"]["message"])
        return reply["result"]

    def log(self):
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def close(self):
        """Ends the channel; a worker exits then. Returns its exit status."""
        self.requests.close()
        status = self.process.wait(timeout=60)
        self.replies.close()
        self._log.close()
        return status


def above_nine(descriptor):
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


def not_json(word):
    raise AssertionError("a reply holds %s, which is not JSON" % word)


class Problem:
    """A random problem on disk. lengths and loss_lengths default to T; CTC labels may be empty or repeat."""

    def __init__(self, seed, samples=3, time_steps=7, inputs=5, units=4, layers=1, directions=1, classes=6,
                 loss="cross-entropy", lengths=None, loss_lengths=None, max_labels=2, min_labels=0):
        random = np.random.RandomState(seed)
        self.network = {"inputs": inputs, "units": units, "layers": layers, "directions": directions,
                        "classes": classes, "loss": loss}
        self.batch = {"samples": samples, "time_steps": time_steps, "max_labels": max_labels}
        self.x = random.uniform(-1, 1, (samples, time_steps, inputs)).astype(np.float32)
        self.lengths = np.array([time_steps] * samples if lengths is None else lengths, np.int32)
        self.loss_lengths = self.lengths if loss_lengths is None else np.array(loss_lengths, np.int32)
        self.label_lengths = None
        if loss == "ctc":
            self.label_lengths = random.randint(min_labels, max_labels + 1, samples).astype(np.int32)
            self.labels = random.randint(1, classes, self.label_lengths.sum()).astype(np.int32)
        else:
            self.labels = random.randint(0, classes, samples).astype(np.int32)
        bound = 1 / np.sqrt(units)
        self.parameters = {name: random.uniform(-bound, bound, shape).astype(np.float32)
                           for name, shape in self.shapes()}
        self.directory = tempfile.mkdtemp(prefix="lstmbench-test-")
        self.write()

    def shapes(self):
        net = self.network
        inputs, units = net["inputs"], net["units"]
        for layer in range(net["layers"]):
            for direction in ["forward", "reverse"][:net["directions"]]:
                prefix = "layer%d.%s." % (layer, direction)
                yield prefix + "W", (4 * units, inputs)
                yield prefix + "R", (4 * units, units)
                yield prefix + "b_W", (4 * units,)
                yield prefix + "b_R", (4 * units,)
            inputs = net["directions"] * units
        yield "head", (net["classes"], inputs)

    def write(self):
        os.makedirs(os.path.join(self.directory, "parameters"), exist_ok=True)
        arrays = {"x": self.x, "lengths": self.lengths, "loss_lengths": self.loss_lengths, "labels": self.labels}
        if self.label_lengths is not None:
            arrays["label_lengths"] = self.label_lengths
        arrays.update({"parameters/" + name: array for name, array in self.parameters.items()})
        for name, array in arrays.items():
            np.save(os.path.join(self.directory, name + ".npy"), array)

    def request(self, implementation, dtype="fp32", device="cpu", threads=1):
        return {"implementation": implementation, "dtype": dtype, "device": device, "threads": threads,
                "network": self.network, "batch": self.batch, "directory": self.directory,
                "optimizer": {"name": "adam", "learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999,
                              "epsilon": 1e-8}}

    def remove(self):
        shutil.rmtree(self.directory)


LARGE_BYTES = 300 << 20


def peak_rss_from_a_large_process(command):
    """What a worker that has done nothing yet says of its memory, started by a process that holds LARGE_BYTES."""
    ballast = np.ones(LARGE_BYTES, np.uint8)  # noqa: F841
    worker = WorkerSession(command)
    try:
        return worker.send("memory")["peak_rss_bytes"]
    finally:
        worker.close()


def checked_gradients(worker, problem):
    """(loss, {name: gradient}) of the prepared problem."""
    directory = tempfile.mkdtemp(prefix="lstmbench-test-")
    try:
        loss = float(worker.send("check", directory=directory)["loss"])
        return loss, {name: np.load(os.path.join(directory, name + ".npy")) for name, _ in problem.shapes()}
    finally:
        shutil.rmtree(directory)
