#!/usr/bin/env python3
"""kill -9 of the harness, of its workers, or of both, at random instants: nothing that was committed is lost.

LSTM_TEST_KILLS: how many (6; ./run test --full: 200). LSTM_TEST_SEED: for their instants.
"""
import collections
import os
import random
import signal
import sys
import time
import unittest

from fault_case import MEASURE, Faults

KILLS = int(os.environ.get("LSTM_TEST_KILLS", "6"))
SEED = int(os.environ.get("LSTM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
VICTIMS = ("harness", "worker", "both")
FILE = "results/lstmbench.db"


class Killed(Faults):
    def setUp(self):
        super().setUp()
        self.done = collections.Counter()  # kills of each victim
        self.hits = 0  # inside a run that was then resumed, or that shows a broken case
        self.runs = 0

    def has_run(self):
        if not (self.folder / FILE).exists():
            return False
        with self.database() as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'run'").fetchone():
                return False
            return database.execute("SELECT count(*) FROM run").fetchone()[0] > 0

    def controls(self):
        """How they ended."""
        with self.database() as database:
            return [status for status, in database.execute("SELECT status FROM benchmark_case WHERE role = 'control'")]

    def strike(self, process, victim, after):
        """Kills at that instant; whether there was anything left to kill."""
        deadline = time.monotonic() + after
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        if process.poll() is not None:
            return False
        workers = self.workers_of(process) if victim != "harness" else []
        for pid in ([process.pid] if victim != "worker" else []) + workers:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.done[victim] += 1
        return victim != "worker" or bool(workers)

    def assert_only_workers_are_missing(self, expected, code, where):
        """What a killed worker leaves: its case CRASHED, or FAILED where it had not said yet what it offers."""
        self.assertTrue(self.has_run(), where)
        state, rounds, cases = self.content()
        broken = [name for name, status, _ in cases if status in ("CRASHED", "FAILED")]
        self.assertEqual(state, expected[0], where)
        if len(broken) < len(cases):
            self.assertEqual(rounds, expected[1], where)
        else:  # the only library's worker, while it said what it offers: there is nothing left to measure
            self.assertLessEqual(rounds, expected[1], where)
        is_control_broken = any(status != "OK" for status in self.controls())
        self.assertEqual(code, 1 if broken or is_control_broken else 0, where)
        whole = {name: (status, samples) for name, status, samples in expected[2]}
        self.assertEqual({name for name, _, _ in cases}, set(whole), where)
        for name, status, samples in cases:
            if name in broken:
                self.assertEqual(samples, whole[name][1][:len(samples)], where)
            else:
                self.assertEqual((status, samples), whole[name], where)
        self.hits += bool(broken) or is_control_broken

    def one_run(self, measure, kills, longest, instants, expected):
        """Until a run is whole, or a worker of it was killed."""
        (self.folder / FILE).unlink(missing_ok=True)
        self.runs += 1
        before = set()
        while True:
            process = self.start(*(["resume"] if self.has_run() else measure))
            victim = instants.choice(VICTIMS)
            where = f"seed {SEED}, kill {sum(self.done.values()) + 1}, of {victim}"
            is_struck = sum(self.done.values()) < kills and self.strike(process, victim, instants.uniform(0, longest))
            out, err = process.communicate(timeout=300)
            self.assert_no_orphans()
            after = self.committed()
            self.assertLessEqual(before, after, f"lost: {where}")
            before = after
            if not is_struck:
                self.assertEqual(process.returncode, 0, out + err)
                self.assertEqual(self.content(), expected, where)
                return
            if victim == "worker" and "cannot be resumed" not in err:  # whose worker did not start: as if not begun
                self.assert_only_workers_are_missing(expected, process.returncode, where + "\n" + out + err)
                return
            self.hits += self.has_run()

    def kill(self, kills, implementations):
        instants = random.Random(SEED)
        print(f"seed {SEED}", file=sys.stderr)
        measure = [*MEASURE, "--implementation", ",".join(implementations)]
        started = time.monotonic()
        self.call(*measure, "--results", "undisturbed.db")
        longest = time.monotonic() - started
        expected = self.content("--results", "undisturbed.db")
        self.assertEqual(expected[0], "finished")
        while sum(self.done.values()) < kills:
            self.one_run(measure, kills, longest, instants, expected)
        print(f"{', '.join(implementations)}: {sum(self.done.values())} kills "
              f"({', '.join(f'{count} of {victim}' for victim, count in sorted(self.done.items()))}), {self.hits} of them "
              f"while measuring, {self.runs} runs, nothing lost, no process left", file=sys.stderr)

    def test_pretended_workers(self):
        self.kill(KILLS, ["fake/steady", "fake/slow"])

    def test_fast_real_workers(self):
        real = [name for name in self.real_implementations() if name.startswith(("native/", "onednn/"))]
        self.assertIn("native/fused", real)
        self.kill(max(2, KILLS // 4), ["native/basic", *real])

    def test_pytorch(self):
        """Fewer: its worker takes seconds to start."""
        self.use_pytorch()
        if "pytorch/LSTM" not in self.real_implementations():
            self.skipTest("no PyTorch")
        self.kill(max(2, KILLS // 10), ["pytorch/LSTM", "native/fused"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
