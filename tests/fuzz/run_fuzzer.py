#!/usr/bin/env python3
"""Runs a libFuzzer program from its seeds: run_fuzzer.py PROGRAM SEEDS [CORPUS]

LSTM_TEST_FUZZ_RUNS executions (2,000). Inputs that are found live in the folder CORPUS, from where a further run goes on
and which several at a time may share, else in a temporary one: the seeds stay as they are. An input that crashes the
program is written to the current folder and named.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

program, seeds, *corpus = sys.argv[1:]
sizes = [file.stat().st_size for file in pathlib.Path(seeds).iterdir()]
if not sizes:
    sys.exit(f"no seeds in {seeds}")
longest = max(256, 2 * max(sizes))  # of what is tried: what a seed reaches, a much longer input reaches more slowly
with tempfile.TemporaryDirectory(prefix="lstmbench-fuzz-") as temporary:
    folder = pathlib.Path(*corpus or [temporary])
    folder.mkdir(parents=True, exist_ok=True)
    code = subprocess.run([program, f"-runs={os.environ.get('LSTM_TEST_FUZZ_RUNS', '2000')}", f"-max_len={longest}", "-timeout=20",
                           "-rss_limit_mb=2000", "-print_final_stats=1", folder, seeds]).returncode
sys.exit(code)
