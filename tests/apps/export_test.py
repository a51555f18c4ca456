#!/usr/bin/env python3
"""Reads `lstmbench export --format rnn_benchmarks` with pandas as the original's plotting script does.

Exits with 77 (skipped) where there is no pandas.
"""
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("LSTMBENCH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
PROGRAM = pathlib.Path(os.environ.get("LSTMBENCH_BINARY_DIR", SOURCE / "build/dev/bin")) / "lstmbench"
DATA = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share") / "lstmbench/environments"

if importlib.util.find_spec("pandas") is None:
    python = DATA / "report-test/bin/python"
    if not python.exists():
        print("skipped: no pandas (./run test installs it)")
        sys.exit(77)
    os.execv(python, [str(python), *sys.argv])

import pandas  # noqa: E402

import published_results  # noqa: E402
import stored_results  # noqa: E402


class Export(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.results = self.folder / "results.db"

    def call(self, *arguments):
        return subprocess.run([PROGRAM, *map(str, arguments), "--results", self.results], text=True, capture_output=True, check=True,
                              timeout=120)

    def means(self, path):
        """Milliseconds by experiment, bench and version, as the original computes them."""
        result = {}
        frame = pandas.read_csv(path)
        for experiment in frame["experiment"].unique():
            last = frame[frame["experiment"] == experiment].groupby(["bench", "version"]).tail(400)
            for (bench, version), runtime in last.groupby(["bench", "version"])["runtime"]:
                self.assertEqual(len(runtime), min(400, len(runtime)))
                result[experiment, bench, version] = (1000 * runtime.mean(), 1000 * runtime.std())
        return result

    def test_published_results_come_out_as_they_went_in(self):
        (self.folder / "in.csv").write_text(published_results.csv_text())
        self.call("import", self.folder / "in.csv")
        self.call("export", "--format", "rnn_benchmarks", "--output", self.folder / "out.csv")
        before, after = self.means(self.folder / "in.csv"), self.means(self.folder / "out.csv")
        self.assertEqual(before.keys(), after.keys())
        for key, (mean, deviation) in before.items():
            self.assertAlmostEqual(after[key][0], mean, places=5)
            self.assertAlmostEqual(after[key][1], deviation, places=5)
        for bench, experiment, _, means in published_results.SERIES:
            for version, mean in zip(published_results.VERSIONS, means):
                if mean is not None:
                    self.assertAlmostEqual(after[experiment, bench, version][0], mean, places=2)

    def test_a_measured_run_has_only_timed_steps(self):
        (self.folder / "in.csv").write_text(published_results.csv_text())
        self.call("import", self.folder / "in.csv")
        stored_results.typical_run(self.results)
        complaint = self.call("export", "--format", "rnn_benchmarks", "--output", self.folder / "out.csv").stderr
        self.assertIn("2 cases", complaint)
        frame = pandas.read_csv(self.folder / "out.csv", dtype={"version": str})
        self.assertEqual(list(frame.columns), ["bench", "experiment", "name", "parameters", "runtime", "version"])
        self.assertEqual(set(frame.groupby(["experiment", "bench", "version"]).size()), {6 * 12})
        self.assertIn("1x320-LSTM_cross-entropy_100", set(frame["experiment"]))
        self.assertEqual(set(frame[frame["experiment"].str.startswith("1x320")]["parameters"]), {572800})


if __name__ == "__main__":
    unittest.main(verbosity=2)
