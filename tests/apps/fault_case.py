"""What tests of faults share: a folder with a configuration, and everything that a harness started there."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest
import uuid

SOURCE = pathlib.Path(os.environ.get("LSTMBENCH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARIES = pathlib.Path(os.environ.get("LSTMBENCH_BINARY_DIR", SOURCE / "build/dev/bin"))
PROGRAM = BINARIES / "lstmbench"
CONFIG = f"""
[[worker]]
name = "fake"
command = ["python3", "{SOURCE / 'tests/apps/fake_worker.py'}"]
environment = {{ FAKE_STEP_MS = "2" }}

[[worker]]
name = "pytorch"
command = ["/nonexistent/pytorch"]

[[workload]]
name = "tiny"
units = 8
classes = 3
samples = 4
time_steps = 6
channels = 5

[[workload]]
name = "long"
units = 256
classes = 3
samples = 64
time_steps = 500
channels = 64
"""
ROUNDS, STEPS = 3, 2
MEASURE = ["run", "--workload", "tiny", "--check", "none", "--threads", "1", "--rounds", str(ROUNDS), "--steps", str(STEPS),
           "--warmup", "1"]


class Faults(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lstmbench-faults-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "lstmbench.toml").write_text(CONFIG)
        self.mark = f"LSTMBENCH_TEST_MARK={uuid.uuid4().hex}"
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("LSTMBENCH_") or name == "LSTMBENCH_PYTHON"}
        self.environment.update(COLUMNS="80", LC_ALL="C.UTF-8", LSTMBENCH_SOURCE_DIR=str(SOURCE),
                                **dict([self.mark.split("=")]))
        self.addCleanup(lambda: [os.kill(pid, signal.SIGKILL) for pid in self.processes()])

    def processes(self):
        """Ids of everything that a harness of this test started and that still runs; the harness included."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                pass  # gone, or another user's
        return found

    def assert_no_orphans(self):
        for _ in range(200):  # the kernel ends them a moment after their parent
            left = self.processes()
            if not left:
                return
            time.sleep(0.05)
        self.fail(f"still running: {[(pid, pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()) for pid in left]}")

    def workers_of(self, process):
        """Ids of what a harness has started."""
        return [pid for pid in self.processes() if pid != process.pid]

    def use_pytorch(self):
        """The real one, where there is one, instead of the configuration's missing one."""
        missing = '[[worker]]\nname = "pytorch"\ncommand = ["/nonexistent/pytorch"]\n'
        (self.folder / "lstmbench.toml").write_text(CONFIG.replace(missing, ""))

    def real_implementations(self):
        """One of each library that can be measured here."""
        wanted = {"native": "native/fused", "onednn": "onednn/lstm", "pytorch": "pytorch/LSTM"}
        workers = json.loads(self.call("list", "--json")[0])["workers"]
        return [wanted[worker["name"]] for worker in workers if worker["name"] in wanted and not worker["problem"]]

    def start(self, *arguments):
        return subprocess.Popen([PROGRAM, *arguments], cwd=self.folder, env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def call(self, *arguments, expect=0):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=900)
        self.assertEqual(process.returncode, expect, f"{arguments}\n--- stdout\n{out}\n--- stderr\n{err}")
        return out, err

    def database(self, path="results/lstmbench.db"):
        """Closed at the end of a with statement; what it wrote is then committed. Never read-only: what a killed program left of
        a commit is undone by whom reads it next, and cannot be read before."""
        return contextlib.closing(sqlite3.connect(f"file:{self.folder / path}?mode=rw", uri=True, isolation_level=None,
                                                  timeout=60))

    def committed(self, path="results/lstmbench.db"):
        """Everything measured that is on the disk."""
        if not (self.folder / path).exists():
            return set()
        with self.database(path) as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'sample'").fetchone():
                return set()
            return set(database.execute("SELECT case_id, round, step, forward_ns, backward_ns FROM sample"))

    def content(self, *arguments):
        """What a report says, without times, nor their order."""
        document = json.loads(self.call("report", "--json", "-", *arguments)[0])
        return (document["run"]["state"], document["run"]["rounds"],
                sorted((entry["implementation"], entry["status"], [(s["round"], s["step"]) for s in entry["samples"]])
                       for entry in document["cases"]))

    def wait_for(self, process, text):
        for line in process.stderr:
            if text in line:
                return
        self.fail(f"{text!r} never appeared")
