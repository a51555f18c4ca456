#!/usr/bin/env python3
"""What survives when things go wrong: interruptions, full disks, two programs on one file, no memory."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

from fault_case import CONFIG, MEASURE, PROGRAM, ROUNDS, STEPS, Faults


class Killed(Faults):
    def test_a_killed_worker_is_crashed_and_the_others_go_on(self):
        process = self.start(*MEASURE, "--implementation", "fake/hang,fake/steady", "--time-limit", "100")
        self.wait_for(process, "fake/hang")
        time.sleep(0.7)
        workers = self.workers_of(process)
        self.assertTrue(workers)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=120)
        self.assert_no_orphans()
        statuses = {name: status for name, status, _ in self.content()[2]}
        self.assertEqual((process.returncode, statuses), (1, {"fake/hang": "CRASHED", "fake/steady": "UNCHECKED"}))


    def test_an_interpreter_that_was_killed_when_asked_for_its_version_is_one(self):
        once = self.folder / "once"
        python = self.folder / "python"
        python.write_text(f'#!/bin/sh\n[ -e {once} ] || {{ touch {once}; kill -9 $$; }}\nexec python3 "$@"\n')
        python.chmod(0o755)
        self.environment["LSTMBENCH_PYTHON"] = str(python)
        self.call(*MEASURE, "--implementation", "fake/steady")
        self.assertTrue(once.exists())
        self.assertEqual([status for _, status, _ in self.content()[2]], ["UNCHECKED"])


class Withdrawn(Faults):
    def test_what_was_measured_stays_where_it_is_unsupported_later(self):
        withdrawn = self.folder / "withdrawn"
        self.environment["FAKE_WITHDRAWN"] = str(withdrawn)
        process = self.start(*MEASURE, "--implementation", "fake/st*,fake/slow")
        self.wait_for(process, "round 2 of")
        before = self.committed()
        withdrawn.touch()
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1, out + err)
        self.assertTrue(before)
        self.assertLessEqual(before, self.committed())
        self.assertEqual({name: status for name, status, _ in self.content()[2]},
                         {"fake/steady": "UNSUPPORTED", "fake/slow": "UNSUPPORTED"})

    def test_what_never_ran_and_nobody_named_leaves(self):
        withdrawn = self.folder / "withdrawn"
        withdrawn.touch()
        self.environment["FAKE_WITHDRAWN"] = str(withdrawn)
        self.call(*MEASURE, "--implementation", "fake/st*,fake/slow", expect=1)
        self.assertEqual(self.content()[2], [("fake/slow", "UNSUPPORTED", [])])


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

    def test_a_reader_that_goes_away_ends_a_run_cleanly(self):
        """`lstmbench run 2>&1 | head -2`"""
        self.environment["TMPDIR"] = str(self.folder / "tmp")
        (self.folder / "tmp").mkdir()
        process = self.start(*MEASURE, "--implementation", "fake/steady,fake/slow")
        self.wait_for(process, "round 1 of")
        process.stderr.close()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), 128 + signal.SIGPIPE)
        self.assert_no_orphans()
        self.assertEqual(self.content()[0], "interrupted")
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])

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
        self.environment["FAKE_BUILD_ID"] = "4567"
        self.assertIn("build id was 0123, now it is 4567", self.call("resume", "--rounds", "9", expect=2)[1])
        del self.environment["FAKE_BUILD_ID"]
        with self.database("results/lstmbench.db") as database:
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

    def test_a_reader_of_the_results_only_delays_the_run(self):
        process = self.start(*MEASURE, "--implementation", "fake/steady,fake/slow")
        self.wait_for(process, "round 1 of")
        with self.database() as reader:
            rows = reader.execute("SELECT name FROM sqlite_master")
            rows.fetchone()  # and no further: it goes on reading
            self.wait_for(process, "another program is reading or writing")
            rows.close()
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, out + err)
        state, rounds, cases = self.content()
        self.assertEqual((state, rounds, [len(samples) for *_, samples in cases]), ("finished", ROUNDS, [ROUNDS * STEPS] * 2))

    def test_a_run_that_is_being_measured_is_not_resumed(self):
        process = self.start(*MEASURE, "--implementation", "fake/hang,fake/steady", "--time-limit", "1000")
        self.wait_for(process, "fake/hang")
        self.assertIn("being measured now", self.call("resume", "--rounds", "99", expect=2)[1])
        with self.database("results/lstmbench.db") as database:
            self.assertEqual(database.execute("SELECT json_extract(settings, '$.rounds') FROM run").fetchone(), (ROUNDS,))
        # Of a process in another container or on another machine, the id says nothing.
        with self.database("results/lstmbench.db") as database:
            database.execute("UPDATE sitting SET process = 'pid 4194305 started 1 boot another host far'")
        self.assertRegex(self.call("resume", expect=2)[1], "being measured now .*host far")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)

    def test_of_two_that_resume_at_once_one_is_refused(self):
        self.call(*MEASURE, "--implementation", "fake/steady,fake/slow")
        both = [self.start("resume", "--rounds", str(ROUNDS + 2)) for _ in range(2)]
        ends = [(process.communicate(timeout=120)[1], process.returncode) for process in both]
        self.assertEqual(sorted(code for _, code in ends), [0, 2], ends)
        self.assertEqual(self.content()[:2], ("finished", ROUNDS + 2))


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

        with self.database("before.db") as database:  # what noise there is must not decide this test
            database.execute("UPDATE sample SET forward_ns = 1000000, loss_ns = 0, backward_ns = 1000000 + round")
        shutil.copy(self.folder / "before.db", self.folder / "after.db")
        self.assertIn("EQUIVALENT", compare(expect=0))
        with self.database("after.db") as database:
            database.execute(change.format(2))
            database.execute("UPDATE machine_fact SET value = 'Linux 99' WHERE name = 'kernel'")
        text = compare("--markdown", "out.md", expect=3)
        self.assertLess(text.index("Linux 99"), text.index("SLOWER"), "what differs comes first")
        self.assertIn("**SLOWER**", (self.folder / "out.md").read_text())
        self.assertEqual(compare("--markdown", "-", expect=3), (self.folder / "out.md").read_text())
        compare("--anchor", "fake/slow", expect=3)
        self.assertIn("has no 'fake/none'", self.call("compare", "before.db", "after.db", "--anchor", "fake/none", expect=2)[1])
        with self.database("after.db") as database:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("DELETE FROM case_round WHERE round > 2")
        self.assertIn("INCONCLUSIVE", compare(expect=4))
        with self.database("after.db") as database:
            database.execute("UPDATE benchmark_case SET status = 'CRASHED', message = 'died' WHERE id = 1")
        self.assertIn("CRASHED in the second run", re.sub(r"\s+", " ", compare(expect=1)))
        self.assertIn("none.db", self.call("compare", "before.db", "none.db", expect=5)[1])

    def compare(self, expect, *arguments):
        text = self.call("compare", "1", "2", *arguments, expect=expect)[0]
        for line in text.splitlines():
            self.assertEqual(line, line.rstrip())
            self.assertLessEqual(len(line), 80)
        return re.sub(r"\s+", " ", text)

    def two_equal_runs(self, implementations="fake/steady,fake/slow", *arguments):
        self.call(*MEASURE[:MEASURE.index("--rounds")], "--rounds", "8", "--steps", "2", "--warmup", "1", "--implementation",
                  "fake/steady,fake/slow")
        self.call(*MEASURE[:MEASURE.index("--rounds")], "--rounds", "8", "--steps", "2", "--warmup", "1", "--implementation",
                  implementations, *arguments)
        with self.database("results/lstmbench.db") as database:
            database.execute("UPDATE sample SET forward_ns = 1000000, loss_ns = 0, backward_ns = 1000000 + round")

    def test_compare_fails_where_a_case_is_missing_that_was_asked_for(self):
        self.two_equal_runs()
        self.assertIn("before after change 95 % verdict", self.compare(0))
        with self.database("results/lstmbench.db") as database:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("DELETE FROM benchmark_case WHERE run_id = 2 AND implementation = 'fake/slow'")
        self.assertIn("missing in the second run - tiny, fp32, cpu, 1 threads: fake/slow", self.compare(1))
        self.compare(0, "--allow-missing")

    def test_compare_takes_it_that_the_second_run_was_asked_for_less(self):
        self.two_equal_runs("fake/steady")
        self.assertIn("not asked for in the second run (--implementation) - tiny, fp32, cpu, 1 threads: fake/slow", self.compare(0))

    def test_compare_is_inconclusive_where_a_case_was_interrupted(self):
        self.two_equal_runs()
        with self.database("results/lstmbench.db") as database:
            database.execute("PRAGMA foreign_keys = ON")
            case, = database.execute("SELECT id FROM benchmark_case WHERE run_id = 2 AND implementation = 'fake/slow' "
                                     "AND role = 'contender'").fetchone()
            database.execute("UPDATE benchmark_case SET status = 'INTERRUPTED' WHERE id = ?", (case,))
            database.execute("DELETE FROM case_round WHERE case_id = ?", (case,))
        self.assertIn("INTERRUPTED in the second run", self.compare(4))

    def test_compare_counts_as_slower_what_is_so_by_more_than_the_margin(self):
        self.two_equal_runs()
        with self.database("results/lstmbench.db") as database:  # 3 % more, to within 3.5 %
            database.execute("UPDATE sample SET backward_ns = 1000000 + 10000 * (round % 4)")
            database.execute("UPDATE sample SET forward_ns = 1060000 WHERE case_id IN (SELECT id FROM benchmark_case "
                             "WHERE run_id = 2 AND implementation = 'fake/slow')")
        self.assertIn("SLOWER", self.compare(3, "--margin", "1%"))
        self.assertIn("there is a difference, but it may be smaller than the margin of 3 %", self.compare(4, "--margin", "3%"))

    def test_compare_says_once_that_rounds_are_too_few(self):
        self.two_equal_runs()
        with self.database("results/lstmbench.db") as database:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("DELETE FROM case_round WHERE round > 1 AND case_id IN (SELECT id FROM benchmark_case WHERE run_id = 2)")
            database.execute("UPDATE sample SET backward_ns = 1000000 + 100000 * round")
        text = self.compare(4)
        self.assertIn("too few rounds to judge by (8 and 1) - tiny, fp32, cpu, 1 threads: fake/steady, fake/slow", text)
        self.assertEqual(text.count("too few"), 1)
        self.assertIn("Both runs: fake 1.0+test", text)
        self.assertEqual(text.count("1.0+test"), 1)

    def test_calibrate_shows_its_own_error_next_to_the_originals(self):
        out, _ = self.call("calibrate", "--workload", "tiny", "--implementation", "fake/steady", "--check", "none", "--rounds",
                           "13", "--steps", "2", "--warmup", "1")
        self.assertRegex(out, r"6 rounds  lstmbench +\d+\.\d+ % ")
        self.assertRegex(out, r"lstmbench +\d+\.\d+ % .* 8 +2\n")  # windows, and those apart
        self.assertRegex(out, r"original +\d+\.\d+ % .* 2 +1\n")
        self.assertRegex(out, r"all 13 rounds: \d+\.\d+ % apart \(.*\), [A-Z]+\n")
        self.assertRegex(out, r"the harness: \d+\.\d+ % of the measured time")
        self.assertLessEqual(max(map(len, out.splitlines())), 80)
        self.assertEqual(self.call("calibrate", "--run", "1")[0], out)
        self.call(*MEASURE, "--implementation", "fake/steady")
        self.assertIn("was not measured by `lstmbench calibrate`", self.call("calibrate", "--run", "2", expect=2)[1])
        with self.database("results/lstmbench.db") as database:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("DELETE FROM round WHERE round.number > 6 AND run_id = 1")
            database.execute("DELETE FROM case_round WHERE round > 6")
        self.assertIn("12 are needed", self.call("calibrate", "--run", "1", expect=4)[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
