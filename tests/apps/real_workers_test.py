#!/usr/bin/env python3
"""Faults of the real workers: killed, stopped, and with a channel that spoils what they say. The others go on, and no
process is left."""
import json
import os
import pathlib
import re
import signal
import time
import unittest

from fault_case import CONFIG, SOURCE, Faults

# Of faulty_relay.py.
EXPECTED = {
    "nothing": ("UNCHECKED", ""),
    "flood": ("UNCHECKED", ""),
    "reply-lost": ("TIMEOUT", "did not finish"),
    "half-a-line": ("FAILED", "its last line is incomplete"),
    "another-id": ("FAILED", "its id is not that of the request"),
    "invalid-utf8": ("FAILED", "not UTF-8"),
    "100-mb-line": ("FAILED", "longer than 1 MiB"),
    "negative-times": ("FAILED", "'backward_ns' is negative"),
    "absurd-times": ("FAILED", "'backward_ns' is absurdly large"),
    "loss-is-no-number": ("INCORRECT", "loss"),
    "channel-closed": ("FAILED", "closed its channel"),
    "dies-and-leaves-its-child": ("CRASHED", "SIGKILL"),
}


# PyTorch takes seconds to start, once for each fault: `./run test --full` spoils its channel, too.
SPOILS_ALL = os.environ.get("LSTM_TEST_REAL_WORKERS") == "all"


class RealWorkers(Faults):
    def setUp(self):
        super().setUp()
        self.use_pytorch()
        self.real = self.real_implementations()
        self.assertIn("native/fused", self.real)

    def strike_each(self, number, *arguments):
        """Measures one implementation of each library, and sends each a signal once it computes."""
        process = self.start("run", "--workload", "long", "--implementation", ",".join([*self.real, "fake/steady"]), "--check",
                             "none", "--rounds", "1", "--steps", "400", "--warmup", "0", *arguments)
        struck = set()
        for line in process.stderr:
            name = next((name for name in self.real if re.search(rf"round 1 .*{name}$|round 1 .*{name} \(", line.rstrip())), None)
            if name and name not in struck:
                self.wait_until_it_computes(process)
                for pid in self.workers_of(process):
                    os.kill(pid, number)
                struck.add(name)
        process.wait(timeout=300)
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(struck, set(self.real))
        self.assert_no_orphans()
        document = json.loads(self.call("report", "--json", "-")[0])
        statuses = {entry["implementation"]: entry["status"] for entry in document["cases"]}
        self.assertEqual(statuses.pop("fake/steady"), "UNCHECKED")
        return process.returncode, statuses

    def wait_until_it_computes(self, process):
        """Behind its start and its preparing: it has used so much CPU time."""
        enough_s = 8
        for _ in range(6000):
            used = [self.cpu_s(pid) for pid in self.workers_of(process)]
            if used and max(used) > enough_s:
                return
            time.sleep(0.05)
        self.fail("the worker never computed")

    @staticmethod
    def cpu_s(pid):
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return 0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_each_killed(self):
        self.assertEqual(self.strike_each(signal.SIGKILL), (1, dict.fromkeys(self.real, "CRASHED")))

    def test_each_stopped(self):
        """As by somebody's SIGSTOP, or a debugger: its time limit ends it."""
        self.assertEqual(self.strike_each(signal.SIGSTOP, "--time-limit", "15"), (1, dict.fromkeys(self.real, "TIMEOUT")))

    def relay(self, implementation, faults, threads, expect):
        """Status and message of each fault in front of a real worker."""
        (self.folder / "lstmbench.toml").write_text(CONFIG)
        self.use_pytorch()
        commands = {worker["name"]: worker["command"] for worker in json.loads(self.call("list", "--json")[0])["workers"]}
        command = ["python3", str(SOURCE / "tests/apps/faulty_relay.py"), implementation,
                   *commands[implementation.split("/")[0]]]
        (self.folder / "lstmbench.toml").write_text(
            CONFIG + f'\n[[worker]]\nname = "relayed"\ncommand = {json.dumps(command)}\n')
        self.call("run", "--workload", "tiny", "--check", "none", "--threads", str(threads), "--rounds", "1", "--steps", "2",
                  "--warmup", "1", "--time-limit", "15", "--implementation", ",".join("relayed/" + fault for fault in faults),
                  expect=expect)
        self.assert_no_orphans()
        document = json.loads(self.call("report", "--json", "-")[0])
        return {entry["implementation"].split("/")[1]: (entry["status"], entry["message"]) for entry in document["cases"]}

    def test_each_behind_a_channel_that_spoils_what_it_says(self):
        for implementation in self.real:
            if implementation.startswith("pytorch/") and not SPOILS_ALL:
                continue
            with self.subTest(implementation=implementation):
                got = self.relay(implementation, EXPECTED, 1, expect=1)
                self.assertEqual({fault: status for fault, (status, _) in got.items()},
                                 {fault: status for fault, (status, _) in EXPECTED.items()}, got)
                for fault, (_, message) in EXPECTED.items():
                    self.assertIn(message, got[fault][1])

    def test_each_waits_without_computing(self):
        """Between two requests, with its threads started and a step behind it."""
        for implementation in self.real:
            with self.subTest(implementation=implementation):
                self.assertEqual(self.relay(implementation, ["waits"], 2, expect=0), {"waits": ("UNCHECKED", "")})


if __name__ == "__main__":
    unittest.main(verbosity=2)
