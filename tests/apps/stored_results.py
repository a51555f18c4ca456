"""Writes runs into a results file as `lstmbench run` would have left them, for tests of reports."""
import json
import math
import random
import sqlite3

WORKLOADS = {  # name: layers, units, directions, classes, loss, samples, time steps, channels, labels, shortest
    "1x320/CE-short": (1, 320, 1, 10, "cross-entropy", 64, 100, 123, 1, 100),
    "1x320/CE-long": (1, 320, 1, 10, "cross-entropy", 32, 1000, 123, 1, 1000),
    "4x320/CE-long": (4, 320, 2, 10, "cross-entropy", 32, 1000, 123, 1, 1000),
    "4x320/CTC-long": (4, 320, 2, 59, "ctc", 32, 1000, 123, 100, 500),
}
SPEEDS = (("native/sequence", "0.1.0", 1.0), ("onednn/lstm", "3.2.0", 1.22), ("native/fused", "0.1.0", 1.24),
          ("pytorch/LSTM@tuned", "2.15.0+cpu", 1.33), ("pytorch/LSTM", "2.15.0+cpu", 1.62), ("pytorch/LSTM", "1.13.1+cpu", 4.3),
          ("pytorch/LSTMCell-fused", "2.15.0+cpu", 1.99), ("pytorch/LSTMCell-basic", "2.15.0+cpu", 2.05))
BASE_MS = {"1x320/CE-short": 66.9, "1x320/CE-long": 303.7, "4x320/CE-long": 4537.0, "4x320/CTC-long": 3552.0}


class StoredRun:
    """One run in the file, which must exist and have the schema. Texts may be replaced, to see them escaped."""

    def __init__(self, path, rounds, started_at="2026-01-31T12:00:00Z", notes=(), command="lstmbench run", machine=None, seed=11):
        self.connection = sqlite3.connect(path)
        self.random = random.Random(seed)
        self.rounds = rounds
        self.run = self.insert("run", started_at=started_at, finished_at="2026-01-31T12:10:00Z", state="finished",
                               program_version="0.1.0", command_line=command, protocol="rounds", settings="{}", baseline="")
        facts = machine or {"CPU": "Example CPU 3 GHz", "usable CPUs": "2", "instruction sets": "AVX2, FMA, AVX-512"}
        for position, (name, value) in enumerate(facts.items()):
            self.insert("machine_fact", run_id=self.run, position=position, name=name, value=value)
        for position, note in enumerate(notes):
            self.insert("run_note", run_id=self.run, position=position, note=note)
        for number in range(1, rounds + 1):
            self.insert("round", run_id=self.run, number=number, load_average_before=0.5, load_average_after=0.9,
                        total_ticks=10000, steal_ticks=20)
            self.insert("peak", run_id=self.run, round=number, threads=2, fp32_gflops=470.0 + number, bf16_gflops=950.0)
        self.workloads = {}
        self.drift = [self.random.uniform(0.9, 1.15) for _ in range(rounds)]

    def insert(self, table, **values):
        sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
        return self.connection.execute(sql, list(values.values())).lastrowid

    def library(self, worker, version, build=None, problem=""):
        self.insert("library", run_id=self.run, worker=worker, command=json.dumps([worker]), environment="{}", library=worker,
                    version=version, build=json.dumps(build or {"compiler": "GNU 12.2.0"}), problem=problem)

    def workload(self, name, shape):
        names = ("layers", "units", "directions", "classes", "loss", "samples", "time_steps", "channels", "labels", "min_length")
        self.workloads[name] = self.insert("workload", run_id=self.run, name=name, source="built in", pads=0, seed=11,
                                           **dict(zip(names, shape)))

    def case(self, workload, implementation, version, step_ms, steps=6, warmups=2, status="OK", message="", log="",
             dtype="fp32", error=2.4e-7, description="", repeat=None, noise=0.01):
        case = self.insert("benchmark_case", run_id=self.run, workload_id=self.workloads[workload], dtype=dtype, device="cpu",
                           implementation=implementation, version=version, threads=2, worker=implementation.split("/")[0],
                           is_asked_for=0, role="contender", worker_command="[]", worker_environment="{}",
                           estimated_step_s=0, status=status, message=message, workspace_bytes=61 << 20, description=description,
                           repeat_command=repeat or f"lstmbench run --workload {workload} --implementation {implementation}")
        if status != "INCORRECT":
            self.insert("case_check", case_id=case, mode="slice", passed=1, tolerance=1e-5, worst_error=error,
                        worst_tensor="layer0.forward.R", explanation="")
        samples = []
        for number in range(1, self.rounds + 1 if status == "OK" else 2):
            self.insert("case_round", case_id=case, round=number, position=0, status=status, message=message,
                        peak_rss_bytes=90 << 20, elapsed_ns=int(step_ms * 1e6 * steps))
            if status != "OK":
                if log:
                    self.insert("log", case_id=case, round=number, text=log)
                break
            level = step_ms * self.drift[number - 1] * self.random.gauss(1, noise)
            for step in range(warmups + steps):
                ns = level * 1e6 * math.exp(abs(self.random.gauss(0, noise))) * (1.4 if step < warmups else 1)
                samples.append((case, number, step, int(step < warmups), int(ns * .002), int(ns * .34), int(ns * .01),
                                int(ns * .65), int(ns * .01), 2.3 - 0.01 * step))
        self.connection.executemany("INSERT INTO sample (case_id, round, step, is_warmup, input_ns, forward_ns, loss_ns, backward_ns, "
                                    "update_ns, loss) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", samples)
        return case

    def close(self):
        self.connection.commit()
        self.connection.close()


def typical_run(path, rounds=12):
    """The four workloads, two versions of one implementation, and one case each that timed out and crashed."""
    run = StoredRun(path, rounds, notes=["pytorch/LSTM@tuned: with MALLOC_MMAP_MAX_=0, glibc keeps what PyTorch frees"])
    for worker, version in (("native", "0.1.0"), ("onednn", "3.2.0"), ("pytorch", "2.15.0+cpu")):
        run.library(worker, version)
    for name, shape in WORKLOADS.items():
        run.workload(name, shape)
        for implementation, version, factor in SPEEDS:
            if name.startswith("4x") and "Cell" in implementation or "CTC" in name and implementation == "onednn/lstm":
                continue
            run.case(name, implementation, version, BASE_MS[name] * factor, noise=0.01)
    run.case("4x320/CTC-long", "pytorch/LSTM-packed", "2.15.0+cpu", 0, status="TIMEOUT",
             message="no step finished in 30 s (--time-limit 2m gives it longer)")
    run.case("1x320/CE-short", "onednn/lstm-any", "3.2.0", 0, status="CRASHED", message="was killed by SIGSEGV",
             log="onednn_verbose,info,oneDNN v3.2.0\nabout to run\nSegmentation fault")
    run.close()


def large_run(path, cases=200, rounds=40, steps=20):
    run = StoredRun(path, rounds)
    run.library("native", "0.1.0")
    names = list(WORKLOADS.items())
    for name, shape in names:
        run.workload(name, shape)
    for index in range(cases):
        name = names[index % len(names)][0]
        run.case(name, f"native/variant-{index // len(names):02}", "0.1.0", BASE_MS[name] * (1 + 0.02 * index), steps=steps)
    run.close()
