#!/usr/bin/env python3
"""What survives when things go wrong: kill -9 at random instants, full disks, two programs on one file.

LSTM_TEST_KILLS: how often the harness is killed (5; ./run test --full: 200). LSTM_TEST_SEED: for its instants.
"""
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

SOURCE = pathlib.Path(os.environ.get("LSTMBENCH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARIES = pathlib.Path(os.environ.get("LSTMBENCH_BINARY_DIR", SOURCE / "build/dev/bin"))
PROGRAM = BINARIES / "lstmbench"
KILLS = int(os.environ.get("LSTM_TEST_KILLS", "5"))
SEED = int(os.environ.get("LSTM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
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
time_steps = 2000
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
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("LSTMBENCH_")}
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

    def start(self, *arguments):
        return subprocess.Popen([PROGRAM, *arguments], cwd=self.folder, env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def call(self, *arguments, expect=0):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, expect, f"{arguments}\n--- stdout\n{out}\n--- stderr\n{err}")
        return out, err

    def database(self, path="results/lstmbench.db", writes=False):
        """Closed at the end of a with statement; what it wrote is then committed."""
        mode = "rw" if writes else "ro"
        return contextlib.closing(sqlite3.connect(f"file:{self.folder / path}?mode={mode}", uri=True, isolation_level=None))

    def committed(self, path="results/lstmbench.db"):
        """Everything measured that is on the disk."""
        if not (self.folder / path).exists():
            return set()
        with self.database(path) as database:
            try:
                return set(database.execute("SELECT case_id, round, step, forward_ns, backward_ns FROM sample"))
            except sqlite3.OperationalError:
                return set()  # not even the tables

    def content(self, *arguments):
        """What a report says, without times."""
        document = json.loads(self.call("report", "--json", "-", *arguments)[0])
        return (document["run"]["state"], document["run"]["rounds"],
                [(entry["implementation"], entry["status"], [(s["round"], s["step"]) for s in entry["samples"]])
                 for entry in document["cases"]])

    def wait_for(self, process, text):
        for line in process.stderr:
            if text in line:
                return
        self.fail(f"{text!r} never appeared")


class Killed(Faults):
    def test_nothing_committed_is_lost_and_resume_completes(self):
        """kill -9 of the harness, or of it and its worker, at random instants; then resume, until the run is whole."""
        print(f"seed {SEED}", file=sys.stderr)
        instants = random.Random(SEED)
        measure = [*MEASURE, "--implementation", "fake/steady,fake/slow"]
        self.call(*measure, "--results", "undisturbed.db")
        expected = self.content("--results", "undisturbed.db")
        kills, resumed, runs = 0, 0, 0
        while kills < KILLS:
            (self.folder / "results/lstmbench.db").unlink(missing_ok=True)
            runs += 1
            before = set()
            has_begun = False
            while True:
                process = self.start(*(["resume"] if has_begun else measure))
                started = time.monotonic()
                deadline = started + instants.uniform(0, 4)
                while process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.002)
                has_ended = process.poll() is not None or kills >= KILLS
                if not has_ended:
                    both = [pid for pid in self.processes() if pid != process.pid] if instants.random() < 0.5 else []
                    for pid in (process.pid, *both):
                        try:
                            os.kill(pid, signal.SIGKILL)
                        except ProcessLookupError:
                            pass
                    kills += 1
                out, err = process.communicate(timeout=120)
                self.assert_no_orphans()
                after = self.committed()
                self.assertLessEqual(before, after, f"lost; seed {SEED}, kill {kills}")
                before = after
                if has_ended:
                    self.assertEqual(process.returncode, 0, out + err)
                    break
                if (self.folder / "results/lstmbench.db").exists() and not has_begun:
                    with self.database() as database:
                        try:
                            has_begun = database.execute("SELECT count(*) FROM run").fetchone()[0] > 0
                        except sqlite3.OperationalError:
                            pass
                resumed += has_begun
            self.assertEqual(self.content(), expected, f"seed {SEED}, kill {kills}")
        print(f"{kills} kills, {resumed} of them inside a run that was then resumed, {runs} runs completed, "
              f"nothing lost, no process left", file=sys.stderr)

    def kill_a_worker(self, *arguments, when):
        process = self.start(*arguments)
        self.wait_for(process, when)
        time.sleep(0.7)
        workers = [pid for pid in self.processes() if pid != process.pid]
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=120)
        self.assert_no_orphans()
        self.assertTrue(workers)
        return process.returncode, {name: status for name, status, _ in self.content()[2]}

    def test_a_killed_worker_is_crashed_and_the_others_go_on(self):
        code, statuses = self.kill_a_worker(*MEASURE, "--implementation", "fake/hang,fake/steady", "--time-limit", "100",
                                            when="fake/hang")
        self.assertEqual((code, statuses), (1, {"fake/hang": "CRASHED", "fake/steady": "UNCHECKED"}))

    def test_a_killed_native_worker(self):
        code, statuses = self.kill_a_worker("run", "--workload", "long", "--implementation", "native/basic,fake/steady",
                                            "--check", "none", "--rounds", "1", "--steps", "50", "--warmup", "0",
                                            when="native/basic")
        self.assertEqual((code, statuses), (1, {"native/basic": "CRASHED", "fake/steady": "UNCHECKED"}))


class Interrupted(Faults):
    def test_twice_ends_at_once_and_resume_goes_on(self):
        measure = [*MEASURE, "--implementation", "fake/steady,fake/hang-later", "--time-limit", "1000"]
        process = self.start(*measure)
        self.wait_for(process, "fake/hang-later")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assert_no_orphans()
        self.assertTrue(self.committed())

    def test_once_ends_cleanly_and_resume_completes(self):
        measure = [*MEASURE, "--implementation", "fake/steady,fake/slow"]
        process = self.start(*measure)
        self.wait_for(process, "round 2 of")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.content()[0], "interrupted")
        before = self.committed()
        self.call("resume")
        self.assertLessEqual(before, self.committed())
        state, rounds, cases = self.content()
        self.assertEqual((state, rounds), ("finished", ROUNDS))
        for _, status, samples in cases:
            self.assertEqual((status, len(samples)), ("UNCHECKED", ROUNDS * STEPS))

    def test_resume_measures_more_where_asked(self):
        self.call(*MEASURE, "--implementation", "fake/steady,fake/slow")
        before = self.committed()
        self.assertIn("is finished", self.call("resume")[1])
        self.call("resume", "--rounds", str(ROUNDS + 1))
        self.assertLess(before, self.committed())
        self.assertEqual(self.content()[1], ROUNDS + 1)

    def test_another_version_or_machine_is_not_mixed_in(self):
        self.call(*MEASURE, "--implementation", "fake/steady,fake/slow")
        self.environment["FAKE_VERSION"] = "2.0"
        self.assertIn("two versions do not mix", self.call("resume", "--rounds", "9", expect=2)[1])
        del self.environment["FAKE_VERSION"]
        with self.database("results/lstmbench.db", writes=True) as database:
            database.execute("UPDATE machine_fact SET value = 'another' WHERE name = 'CPU'")
        self.assertIn("another machine", self.call("resume", "--rounds", "9", expect=2)[1])


class SharedFiles(Faults):
    def test_two_harnesses_on_one_file(self):
        measure = [*MEASURE, "--implementation", "fake/steady,fake/slow"]
        self.call("list")  # warm
        both = [self.start(*measure) for _ in range(2)]
        for process in both:
            out, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, out + err)
        contents = [self.content("--run", number) for number in "12"]
        self.assertEqual(contents[0], contents[1])
        self.assertEqual(contents[0][1], ROUNDS)

    def test_a_run_that_is_being_measured_is_not_resumed(self):
        process = self.start(*MEASURE, "--implementation", "fake/hang,fake/steady", "--time-limit", "1000")
        self.wait_for(process, "fake/hang")
        self.assertIn("being measured now", self.call("resume", expect=2)[1])
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


class FullDisk(Faults):
    def test_a_disk_that_fills_up_while_measuring(self):
        disk = self.folder / "small"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3000k", "none", disk], capture_output=True).returncode != 0:
            self.skipTest("mounting is not allowed here; full_disk_test.cpp fails each write of the store instead")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        self.environment["FAKE_STEP_MS"] = "0"
        (self.folder / "lstmbench.toml").write_text(CONFIG.replace('FAKE_STEP_MS = "2"', 'FAKE_STEP_MS = "0"'))
        measure = ["run", "--workload", "tiny", "--check", "none", "--implementation", "fake/steady,fake/slow", "--rounds",
                   "200", "--steps", "3000", "--warmup", "1",
                   "--results", "small/r.db"]
        _, err = self.call(*measure, expect=5)
        self.assertIn("full", err.splitlines()[-1])
        self.assert_no_orphans()
        before = self.committed("small/r.db")
        self.assertTrue(before)
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        rounds = max(row[1] for row in before) + 1
        self.call("resume", "--results", "small/r.db", "--rounds", str(rounds))
        self.assertLess(before, self.committed("small/r.db"))
        self.assertEqual(self.content("--results", "small/r.db")[:2], ("finished", rounds))


class OutOfMemory(Faults):
    def test_a_worker_that_the_system_kills_for_its_memory(self):
        """In a control group with little memory, where one may be made."""
        if b"__asan_init" in pathlib.Path(PROGRAM).read_bytes():
            self.skipTest("AddressSanitizer alone takes more memory than the group has")
        group = pathlib.Path("/sys/fs/cgroup/memory" if pathlib.Path("/sys/fs/cgroup/memory").is_dir() else "/sys/fs/cgroup")
        group /= f"lstmbench-test-{os.getpid()}"
        limit = group / ("memory.limit_in_bytes" if "memory" in group.parts else "memory.max")
        try:
            group.mkdir()
            self.addCleanup(group.rmdir)
            limit.write_text(str(192 << 20))
        except OSError as error:
            self.skipTest(f"no control group can be made here ({error}); worker_session_test.cpp sends SIGKILL instead")
        code = (f"import os,sys; open('{group}/cgroup.procs','w').write(str(os.getpid())); "
                "os.execvp(sys.argv[1], sys.argv[1:])")
        process = subprocess.run([sys.executable, "-c", code, PROGRAM, "run", "--workload", "long", "--implementation",
                                  "native/basic,fake/steady", "--check", "none", "--rounds", "1", "--json", "out.json"],
                                 cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120)
        cases = {entry["implementation"]: entry for entry in json.loads((self.folder / "out.json").read_text())["cases"]}
        self.assertIn(cases["native/basic"]["status"], ("CRASHED", "OUT_OF_MEMORY"), process.stderr)
        self.assertEqual(cases["fake/steady"]["status"], "UNCHECKED")
        self.assert_no_orphans()


class Comparing(Faults):
    def test_compare_is_a_gate(self):
        measure = [*MEASURE[:MEASURE.index("--rounds")], "--rounds", "8", "--steps", "2", "--warmup", "1", "--implementation",
                   "fake/steady,fake/slow", "--results"]
        self.call(*measure, "before.db")
        shutil.copy(self.folder / "before.db", self.folder / "after.db")
        change = ("UPDATE sample SET forward_ns = forward_ns * {0}, backward_ns = backward_ns * {0} WHERE case_id IN "
                  "(SELECT id FROM benchmark_case WHERE implementation = 'fake/steady')")

        def compare(*arguments, expect):
            return self.call("compare", "before.db", "after.db:1", *arguments, expect=expect)[0]

        with self.database("before.db", writes=True) as database:  # what noise there is must not decide this test
            database.execute("UPDATE sample SET forward_ns = 1000000, loss_ns = 0, backward_ns = 1000000 + round")
        shutil.copy(self.folder / "before.db", self.folder / "after.db")
        self.assertIn("EQUIVALENT", compare(expect=0))
        with self.database("after.db", writes=True) as database:
            database.execute(change.format(2))
            database.execute("UPDATE machine_fact SET value = 'Linux 99' WHERE name = 'kernel'")
        text = compare("--markdown", "out.md", expect=3)
        self.assertLess(text.index("Linux 99"), text.index("SLOWER"), "what differs comes first")
        self.assertIn("**SLOWER**", (self.folder / "out.md").read_text())
        self.assertEqual(compare("--markdown", "-", expect=3), (self.folder / "out.md").read_text())
        compare("--anchor", "fake/slow", expect=3)
        self.assertIn("has no 'fake/none'", self.call("compare", "before.db", "after.db", "--anchor", "fake/none", expect=2)[1])
        with self.database("after.db", writes=True) as database:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("DELETE FROM case_round WHERE round > 2")
        self.assertIn("INCONCLUSIVE", compare(expect=4))
        with self.database("after.db", writes=True) as database:
            database.execute("UPDATE benchmark_case SET status = 'CRASHED', message = 'died' WHERE id = 1")
        self.assertIn("CRASHED in the second run", re.sub(r"\s+", " ", compare(expect=1)))
        self.assertIn("none.db", self.call("compare", "before.db", "none.db", expect=5)[1])

    def test_calibrate_shows_its_own_error_next_to_the_seeds(self):
        out, _ = self.call("calibrate", "--workload", "tiny", "--implementation", "fake/steady", "--check", "none", "--rounds",
                           "13", "--steps", "2", "--warmup", "1")
        self.assertRegex(out, r"6 rounds  lstmbench +\d+\.\d+ % ")
        self.assertRegex(out, r"seed's +\d+\.\d+ % .*\(2 windows, 1 apart\)")
        self.assertRegex(out, r"harness itself used \d+\.\d+ %")
        self.assertEqual(self.call("calibrate", "--run", "1")[0].split("The harness")[0], out.split("The harness")[0])
        self.call(*MEASURE, "--implementation", "fake/steady")
        self.assertIn("12 are needed", self.call("calibrate", "--run", "2", expect=4)[1])


class Idle(Faults):
    def test_a_worker_that_waits_uses_no_processor(self):
        requests, replies = os.pipe(), os.pipe()

        def as_worker():
            os.dup2(requests[0], 103)
            os.dup2(replies[1], 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        worker = subprocess.Popen([BINARIES / "lstm-worker-native"], env=self.environment, preexec_fn=as_worker,
                                  pass_fds=(3, 4), stdout=subprocess.DEVNULL)
        try:
            with os.fdopen(requests[1], "w") as write, os.fdopen(replies[0]) as read:
                write.write(json.dumps({"id": 1, "request": "peak", "threads": 2, "seconds": 0.01, "quick": True}) + "\n")
                write.flush()
                self.assertIn("result", read.readline())  # its threads exist now
                time.sleep(0.2)

                def ticks():
                    fields = pathlib.Path(f"/proc/{worker.pid}/stat").read_text().rsplit(")", 1)[1].split()
                    return int(fields[11]) + int(fields[12])

                before = ticks()
                time.sleep(1)
                self.assertLessEqual(ticks() - before, 5, "of 100 in the second and on each processor")
        finally:
            worker.kill()
            worker.wait()


if __name__ == "__main__":
    unittest.main(verbosity=2)
