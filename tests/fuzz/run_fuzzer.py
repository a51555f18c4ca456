#!/usr/bin/env python3
"""Runs a libFuzzer program from its seeds: run_fuzzer.py PROGRAM SEEDS

LSTM_TEST_FUZZ_RUNS executions (2,000). Inputs that are found live in a temporary folder: the seeds stay as they are. An
input that crashes the program is written to the current folder and named.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

program, seeds = sys.argv[1:]
if not any(pathlib.Path(seeds).iterdir()):
    sys.exit(f"no seeds in {seeds}")
with tempfile.TemporaryDirectory(prefix="lstmbench-fuzz-") as corpus:
    code = subprocess.run([program, f"-runs={os.environ.get('LSTM_TEST_FUZZ_RUNS', '2000')}", "-max_len=40000", "-timeout=20",
                           "-rss_limit_mb=2000", "-print_final_stats=1", corpus, seeds]).returncode
sys.exit(code)
