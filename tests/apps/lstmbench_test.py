#!/usr/bin/env python3
"""The lstmbench program from outside: what it prints, writes and exits with."""
import contextlib
import json
import os
import pathlib
import pty
import re
import resource
import shutil
import signal
import sqlite3
import statistics
import subprocess
import tempfile
import time
import unicodedata
import unittest

SOURCE = pathlib.Path(os.environ.get("LSTMBENCH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
PROGRAM = pathlib.Path(os.environ.get("LSTMBENCH_BINARY_DIR", SOURCE / "build/dev/bin")) / "lstmbench"
FAKE = SOURCE / "tests/apps/fake_worker.py"
CONFIG = f"""
[[worker]]
name = "fake"
command = ["python3", "{FAKE}"]
environment = {{ FAKE_STEP_MS = "5" }}

# No PyTorch here: it takes seconds to load and is tested elsewhere.
[[worker]]
name = "pytorch"
command = ["/nonexistent/pytorch"]

[[variant]]
implementation = "fake/steady"
name = "brisk"
environment = {{ FAKE_STEP_MS = "2" }}

[[workload]]
name = "tiny"
units = 8
classes = 3
samples = 4
time_steps = 6
channels = 5
"""
SAMPLE_KEYS = {"round", "step", "input_ns", "forward_ns", "loss_ns", "backward_ns", "update_ns", "loss"}


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lstmbench-apps-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "lstmbench.toml").write_text(CONFIG)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("LSTMBENCH_") and name not in ("COLUMNS", "NO_COLOR", "LC_ALL", "LANG")}
        self.environment.update(COLUMNS="80", LC_ALL="C.UTF-8", LSTMBENCH_SOURCE_DIR=str(SOURCE))

    def call(self, *arguments, expect=0, environment=None, limit_bytes=None, cwd=None):
        def limit():
            if limit_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

        result = subprocess.run([PROGRAM, *arguments], cwd=cwd or self.folder, text=True, capture_output=True, timeout=120,
                                env={**self.environment, **(environment or {})}, preexec_fn=limit)
        self.assertEqual(result.returncode, expect,
                         f"{arguments}\n--- stdout\n{result.stdout}\n--- stderr\n{result.stderr}")
        return result

    def measure(self, *arguments, implementation="fake/steady", expect=0, **others):
        return self.call("run", "--workload", "tiny", "--implementation", implementation, "--check", "none",
                         *arguments, expect=expect, **others)

    def assert_one_line(self, text, *parts):
        self.assertEqual(text.count("\n"), 1, text)
        for part in parts:
            self.assertIn(part, text)


class Usage(CommandLine):
    def test_unknown_words_name_themselves_and_the_nearest(self):
        for arguments, parts in (
                (["runn"], ("'runn'", "'run'")),
                (["run", "--rouns", "3"], ("'--rouns'", "'--rounds'")),
                (["run", "--time-limt=3s"], ("'--time-limt'", "'--time-limit'")),
                (["run", "--workload", "1x320/CE-shrt"], ("'1x320/CE-shrt'", "'1x320/CE-short'")),
                (["run", "--implementation", "fake/stedy"], ("'fake/stedy'", "'fake/steady'")),
                (["run", "--implementation", "fake/steady@brsk"], ("'fake/steady@brisk'",)),
                (["run", "--baseline", "fake/stedy"], ("implementation of --baseline", "'fake/steady'",)),
                (["list", "--devic"], ("'--devic'", "'--device' is an option of run", "plan")),
                (["peers", "list", "--json"], ("unknown option '--json'", "see lstmbench peers list --help")),
                (["--results", "r.db", "compare", "1", "2"],
                 ("'--results' belongs behind the command: lstmbench compare --results",)),
                (["help", "runn"], ("'runn'", "'run'")),
                (["run", "--device", "gpu"], ("--device: expected cpu or cuda, got 'gpu'",)),
                (["run", "--protocol", "sede"], ("--protocol: expected rounds or original, got 'sede'",)),
                (["run", "--dtype", "fp33"], ("fp33", "fp32")),
                (["run", "--rounds", "0"], ("--rounds: expected a number from 1 to 1000000, got '0'", "see lstmbench run --help")),
                (["run", "--check", "maybe"], ("--check: expected slice, full or none, got 'maybe'",)),
                (["run", "--workload"], ("--workload needs a value: NAME",)),
                (["report", "--run", "x"], ("--run: expected a number, got 'x' (see lstmbench report --help)",)),
                (["compare", "1"], ("the argument 'second' is missing",)),
                (["run", "--threads", "none"], ("--threads",)),
                (["run", "--budget", "soon"], ("--budget", "'soon'")),
                (["run", "extra"], ("'extra'",)),
                (["check", "--worker", ""], ("--worker: expected a command, got nothing",)),
                (["calibrate", "--rounds", "2"], ("--rounds", "at least 12")),
                (["calibrate", "--protocol", "original"], ("unknown option '--protocol'",)),
                (["compare", "1", "2", "--margin", "x"], ("--margin: 'x' is no percentage",)),
                ([], ("command",))):
            with self.subTest(arguments=arguments):
                result = self.call(*arguments, expect=2)
                lines = [line for line in result.stderr.splitlines() if not line.startswith("asking")]
                self.assertEqual(len(lines), 1, result.stderr)
                for part in parts:
                    self.assertIn(part, lines[0])
                self.assertEqual(result.stdout, "")

    def test_a_value_of_any_length_is_refused_in_one_short_line(self):
        for arguments in (["run", "--threads"], ["run", "--dtype"], ["run", "--check"], ["report", "--run"]):
            with self.subTest(arguments=arguments):
                text = self.call(*arguments, "a" * 120_000, expect=2).stderr
                self.assert_one_line(text, arguments[1], "see lstmbench " + arguments[0])
                self.assertLess(len(text), 2000)

    def test_configuration_errors_say_where(self):
        for text, part in (("[[worker]\n", "bad.toml:1:"), ("[[workload]]\nnam = 'x'\n", "'name'"),
                           ("[run]\nround = 3\n", "bad.toml:2:1: unknown key 'round' in [run]; did you mean 'rounds'?"),
                           ("[run]\nrounds = 'many'\n", "bad.toml:2:10: rounds: expected a number from 1 to 1000000, got 'many'"),
                           ("[run]\ncheck = 'no'\n", "bad.toml:2:9: check: expected slice, full or none, got 'no'"),
                           ("[run]\nsteps = 2\nbudget = 'soon'\n", "bad.toml:3:10: budget: 'soon' is no duration")):
            with self.subTest(text=text):
                (self.folder / "bad.toml").write_text(text)
                self.assertIn(part, self.call("run", "--config", "bad.toml", expect=2).stderr)
        self.assert_one_line(self.call("run", "--config", "missing.toml", expect=2).stderr, "missing.toml")

    def test_help_and_version(self):
        self.assertRegex(self.call("--version").stdout, r"^lstmbench \d+\.\d+\.\d+\n$")
        for arguments in (["--help"], *([name, "--help"] for name in
                                        ("run", "resume", "compare", "calibrate", "runs", "help", "list", "plan", "check", "report", "import", "export", "doctor", "peers", "peak")),
                          *(["peers", name, "--help"] for name in ("add", "list", "remove"))):
            text = self.call(*arguments).stdout
            self.assertIn("Usage:", text)
            self.assertLessEqual(max(map(len, text.splitlines())), 80, text)
            self.assertRegex(text, "Examples?:", arguments)
            self.assertEqual(self.call("help", *arguments[:-1]).stdout, text)

    def test_help_of_calibrate_has_only_what_applies(self):
        text = self.call("calibrate", "--help").stdout
        for part in ("[1x320/CE-short]", "[native/fused]", "at least 12"):
            self.assertIn(part, text)
        for part in ("--protocol", "--precision", "--baseline", "the four of"):
            self.assertNotIn(part, text)

    def test_an_interpreter_that_cannot_be_started_is_a_usage_error(self):
        for command in ("run", "plan", "list", "check"):
            with self.subTest(command=command):
                for arguments, environment in ((["--python", "/nonexistent"], {}), ([], {"LSTMBENCH_PYTHON": "/nonexistent"})):
                    text = self.call(command, *arguments, expect=2, environment=environment).stderr
                    self.assert_one_line(text, "--python: '/nonexistent' is not a Python that can be started", "--no-peers")
        text = self.call("doctor", "--python", "/nonexistent").stdout
        self.assertIn("→ --python PROGRAM or LSTMBENCH_PYTHON names an interpreter", " ".join(text.split()))

    def test_run_hands_commands_on(self):
        """./run bench COMMAND: the part of ./run between its setup and lstmbench, with an echo in place of both."""
        text = (SOURCE / "run").read_text()
        part = text[text.index("\n  bench)\n") + 10:]
        part = part[:part.index("\n    ;;\n")]
        script = ("set -euo pipefail\nwith_peers=yes root=/r build_packages=()\nsetup() { :; }; build() { :; }; has_gpu() { false; }\n"
                  + part.replace("exec ", "echo "))
        for given, expected in (("", "run"), ("--no-peers", "run --no-peers"), ("--no-peers plan", "plan --no-peers"),
                                ("report --no-peers --run 1", "report --run 1"), ("--no-peers --rounds 2", "run --rounds 2 --no-peers"),
                                ("compare 1 2", "compare 1 2"), ("plna", "plna")):
            with self.subTest(given=given):
                out = subprocess.run(["bash", "-c", script, "run", *given.split()], capture_output=True, text=True)
                self.assertEqual(out.stdout.split()[1:], expected.split(), out.stderr)
        with_flag = re.search(r"^      (no-[a-z| -]+)\) arguments", text, re.MULTILINE).group(1).replace("no-", "").split(" | ")
        listed = self.call("--help").stdout.split("Subcommands:")[1].split("Examples:")[0]
        commands = re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)
        self.assertEqual(sorted(with_flag), sorted(name for name in commands if "--no-peers" in self.call(name, "--help").stdout))

    def add_environment(self, name, library, version, script=None, origin="installed"):
        """A private environment whose interpreter is the pretended worker, whatever it is asked to run."""
        python = self.folder / f"data/lstmbench/environments/{name}/bin/python"
        python.parent.mkdir(parents=True)
        script = script or f"FAKE_LIBRARY={library} FAKE_VERSION={version} FAKE_STEP_MS=1 exec python3 {FAKE}"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        (python.parents[1] / "peer.json").write_text(json.dumps({"library": library, "version": version, "python": "3.11.7", "origin": origin}))

    def with_environments(self, *arguments, **others):
        return self.call(*arguments, environment={"XDG_DATA_HOME": str(self.folder / "data")}, **others)

    def workers(self, *arguments):
        """The libraries that answer, as `list` has them."""
        document = json.loads(self.with_environments("list", "--json", *arguments).stdout)
        return [f"{worker['name']} {worker['version']}" for worker in document["workers"]
                if worker["version"] and worker["name"] in ("pytorch", "jax", "tensorflow")]

    def test_peers_say_what_is_wrong_in_one_line(self):
        empty = {"XDG_DATA_HOME": str(self.folder / "data")}
        self.assertIn("no peers", self.call("peers", "list", environment=empty).stdout)
        for arguments, code, part in (
                (["peers"], 2, "add, list or remove"), (["peers", "ad"], 2, "'ad'"), (["peers", "add"], 2, "torch==2.0.1"),
                (["peers", "add", "keras==3.0"], 2, "unknown library 'keras' (there are torch, jax, tensorflow)"),
                (["peers", "add", "tensorflw"], 2, "did you mean 'tensorflow'?"),
                (["peers", "add", "pytorch"], 2, "did you mean 'torch'?"),
                (["peers", "add", "jax=="], 2, "'jax==' has no version"),
                (["peers", "add", "jax", "tensorflow", "--name", "x"], 2, "go with one version"),
                (["peers", "add", "torch==../x"], 1, "neither a version nor a name"),
                (["peers", "add", "jax==1.0.0", "--name", "torch"], 1, "--name: 'torch'"),
                (["peers", "add", "torch==1.0.0", "--python", "/nonexistent"], 1, "'/nonexistent' is no Python"),
                (["peers", "add", "jax", "--python", "/nonexistent"], 1, "jax: --python: '/nonexistent' is no Python"),
                (["peers", "remove", "torch==1.0.0"], 1, "torch 1.0.0 is not installed"),
                (["peers", "remove", "jax"], 1, "jax is not installed"),
                (["peers", "remove", "keras"], 2, "unknown library 'keras'"),
                (["run", "--versions", "torch=9.9"], 2, "`lstmbench peers add torch==9.9`"),
                (["run", "--versions", "jax=9.9"], 2, "jax 9.9 is not installed; installed: none; `lstmbench peers add jax==9.9`"),
                (["run", "--versions", "torch=1.0,,2.0"], 2, "--versions: a version is empty"),
                (["run", "--versions", "torch=1.0,jax"], 2, "--versions: 'jax' needs a version"),
                (["run", "--versions", "keras=3.0"], 2, "--versions: unknown library 'keras'")):
            with self.subTest(arguments=arguments):
                self.assert_one_line(self.call(*arguments, expect=code, environment=empty).stderr, part)

    def test_peers_are_listed_with_their_library_and_removed(self):
        for name, library, version in (("tensorflow", "tensorflow", "2.20.0"), ("jax", "jax", "0.10.2"),
                                       ("jax-0.9.0", "jax", "0.9.0")):
            self.add_environment(name, library, version)
        self.add_environment("mine", "torch", "0.3.1.post2", origin="/opt/old/environment/bin/python")
        lines = self.with_environments("peers", "list").stdout.splitlines()
        self.assertEqual([line.split()[:3] for line in lines[:-1]],
                         [["library", "version", "python"], ["torch", "0.3.1.post2", "3.11.7"],
                          ["which", "is", "/opt/old/environment/bin/python"], ["jax", "0.9.0", "3.11.7"],
                          ["jax", "0.10.2", "3.11.7"], ["tensorflow", "2.20.0", "3.11.7"]])
        self.assertLessEqual(max(map(len, lines[:-1])), 80)
        text = self.with_environments("peers", "remove", "jax==0.9.1", expect=1).stderr
        self.assert_one_line(text, "jax 0.9.1 is not installed; did you mean 'jax==0.9.0'?")
        self.with_environments("peers", "remove", "jax", "keras", expect=2)  # before anything is gone
        text = self.with_environments("peers", "remove", "jax", "jax==0.9.0", "mine").stdout
        self.assertEqual(re.findall(r"removed (\S+),", text), ["jax", "jax-0.9.0", "mine"])
        self.assertEqual(os.listdir(self.folder / "data/lstmbench/environments"), ["tensorflow"])
        self.assertIn("did you mean 'tensorflow'?", self.with_environments("peers", "remove", "tensorflow==1", expect=1).stderr)

    def test_versions_take_the_place_of_their_library_only(self):
        self.assertEqual(self.workers(), [])
        for name, library, version in (("torch-9.1", "torch", "9.1"), ("torch-9.2", "torch", "9.2"), ("jax", "jax", "0.7"),
                                       ("jax-0.8", "jax", "0.8"), ("tensorflow", "tensorflow", "2.0")):
            self.add_environment(name, library, version)
        self.assertEqual(self.workers(), ["jax 0.7", "tensorflow 2.0"])
        self.assertEqual(self.workers("--versions", "jax=0.8"), ["jax 0.8", "tensorflow 2.0"])
        self.assertEqual(self.workers("--versions", "jax=0.8,0.7,torch=9.2,9.1"),
                         ["pytorch 9.2", "pytorch 9.1", "jax 0.8", "jax 0.7", "tensorflow 2.0"])
        self.assertEqual(self.workers("--no-peers", "--versions", "jax=0.8"), [])
        text = self.with_environments("list", "--versions", "9.1,jax=9.9").stdout
        self.assertIn("jax 9.9 is not installed; installed: 0.7, 0.8;", " ".join(text.split()))
        with (self.folder / "lstmbench.toml").open("a") as file:
            file.write("[run]\nversions = ['jax=0.8', '0.7']\n")
        self.assertEqual(self.workers(), ["jax 0.8", "jax 0.7", "tensorflow 2.0"])
        self.assertEqual(self.workers("--versions", "9.1"), ["pytorch 9.1", "jax 0.7", "tensorflow 2.0"])
        (self.folder / "bad.toml").write_text("[run]\nversions = ['jax']\n")
        self.assertIn("bad.toml:2:12: versions: 'jax' needs a version",
                      self.with_environments("list", "--config", "bad.toml", expect=2).stderr)
        out = self.with_environments("run", "--workload", "tiny", "--implementation", "jax/steady,tensorflow/steady", "--check",
                                     "none", "--rounds", "1", "--steps", "1", "--json", "out.json").stdout
        self.assertIn("jax by version, ms", out)
        self.assertNotIn("tensorflow by version", out)
        repeat = {case["version"]: case["repeat_command"] for case in json.loads((self.folder / "out.json").read_text())["cases"]}
        self.assertIn("--versions jax=0.8", repeat["0.8"])
        self.assertNotIn("--versions", repeat["2.0"])

    def test_doctor_says_how_to_install_a_library_anew(self):
        self.add_environment("jax", "jax", "0.7", script="exit 1")
        text = " ".join(self.with_environments("doctor").stdout.split())
        self.assertIn("→ `lstmbench peers remove jax` and `lstmbench peers add jax` install it anew", text)
        (self.folder / "lstmbench.toml").write_text("[[worker]]\nname = 'jax'\ncommand = ['false']\n")
        self.assertIn("see its command in the [[worker]] table", " ".join(self.with_environments("doctor").stdout.split()))

    def test_ephemeral_versions_are_installed_and_deleted(self):
        """With a package index that has one version, and with a uv that "installs" the pretended worker."""
        tools, environments = self.folder / "data/lstmbench/uv/bin", self.folder / "data/lstmbench/environments"
        uv = rf"""case "$1 $2" in
            "venv "*) for last; do :; done; mkdir -p $last/bin; printf '#!/bin/sh\n' >$last/bin/python; chmod +x $last/bin/python ;;
            "pip install") python=$(echo "$*" | sed 's/.*--python \([^ ]*\) .*/\1/')
                echo 'case $1 in -W) echo jax 0.8; exit ;; esac
                    FAKE_LIBRARY=jax FAKE_VERSION=0.8 FAKE_STEP_MS=1 exec python3 {FAKE}' >>$python ;;
            esac"""
        for path, script in ((tools / "python", "echo Available versions: 0.8"), (tools / "pip", "exit 1"),
                             (self.folder / "bin/uv", uv)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        result = self.measure("--versions", "jax=0.8", "--ephemeral", "--rounds", "1", "--steps", "1", "--markdown", "-",
                              implementation="jax/steady",
                              environment={"XDG_DATA_HOME": str(self.folder / "data"), "HOME": str(self.folder),
                                           "PYENV_ROOT": str(self.folder), "PATH": f"{self.folder}/bin:/usr/bin:/bin"})
        self.assertIn("| **jax/steady** | 0.8 |", result.stdout)
        self.assertIn("jax 0.8: installing for Python", result.stderr)
        self.assertEqual(os.listdir(environments), [".lock"])

    def test_progress_names_each_of_several_versions(self):
        for version in ("9.1", "9.2"):
            self.add_environment(f"torch-{version}", "torch", version, f"FAKE_VERSION={version} FAKE_STEP_MS=1 exec python3 {FAKE}")
        lines = self.measure("--versions", "torch=9.1,9.2", "--rounds", "1", "--steps", "1",
                             environment={"XDG_DATA_HOME": str(self.folder / "data")}).stderr.splitlines()
        for version in ("9.1", "9.2"):
            self.assertEqual(len([line for line in lines if f"tiny  fake/steady {version}" in line]), 1, lines)

    def test_help_says_what_a_report_can_be_written_as(self):
        text = self.call("report", "--help").stdout
        for flag in ("--html", "--png", "--svg", "--markdown", "--csv", "--json", "--baseline"):
            self.assertIn(flag, text)
        self.assertIn("rnn_benchmarks", self.call("export", "--help").stdout)
        self.assertIn("--machine", self.call("import", "--help").stdout)

    def test_flags_beat_environment_beats_file_beats_defaults(self):
        def rounds(*arguments, **environment):
            out = self.measure("--steps", "1", "--warmup", "0", "--json", "-", *arguments, environment=environment).stdout
            return json.loads(out)["run"]["rounds"]

        with (self.folder / "lstmbench.toml").open("a") as file:
            file.write("[run]\nrounds = 2\nresults = 'mine.db'\n")
        self.assertEqual(rounds(), 2)
        self.assertEqual(rounds(LSTMBENCH_ROUNDS="3"), 3)
        self.assertEqual(rounds("--rounds", "1", LSTMBENCH_ROUNDS="3"), 1)
        # The file's results are those of every command.
        self.assertEqual(json.loads(self.call("report", "--run", "3", "--json", "-").stdout)["run"]["rounds"], 1)
        self.assertEqual(len(json.loads(self.call("runs", "--json").stdout)["runs"]), 3)
        self.call("compare", "1", "1", expect=4)
        self.call("export", "--run", "2")
        self.call("resume", "--run", "1")
        self.assertIn("'mine.db' was not measured by", self.call("calibrate", "--run", "1", expect=2).stderr)
        (self.folder / "one.csv").write_text(Published.HEADER + "a_b,1x320-LSTM_cross-entropy,a_b.py,572800,0.5,1.0\n")
        self.assertIn("into mine.db", self.call("import", "one.csv").stderr)
        self.assertFalse((self.folder / "results").exists())
        self.call("report", "--results", "other.db", expect=5)
        self.call("report", environment={"LSTMBENCH_RESULTS": "other.db"}, expect=5)


class Measuring(CommandLine):
    def test_json_markdown_and_csv(self):
        self.measure("--rounds", "2", "--steps", "3", "--warmup", "1", "--threads", "1", "--json", "out.json",
                     "--markdown", "out.md", "--csv", "out.csv", implementation="fake/steady,fake/slow")
        document = json.loads((self.folder / "out.json").read_text())
        self.assertEqual([entry["implementation"] for entry in document["cases"]], ["fake/steady", "fake/slow"])
        for entry in document["cases"]:
            self.assertEqual((entry["workload"], entry["version"], entry["dtype"], entry["threads"], entry["status"]),
                             ("tiny", "1.0+test", "fp32", 1, "UNCHECKED"))
            self.assertEqual([(s["round"], s["step"]) for s in entry["samples"]], [(r, s) for r in (1, 2) for s in (1, 2, 3)])
            for sample in entry["samples"]:
                self.assertEqual(set(sample), SAMPLE_KEYS)
            medians = [statistics.median(s["forward_ns"] + s["loss_ns"] + s["backward_ns"] for s in entry["samples"] if s["round"] == r)
                       for r in (1, 2)]
            self.assertEqual(entry["headline_median_ns"], sum(medians) / 2)
            self.assertIn("peak_percent", entry)
        self.assertGreater(document["cases"][1]["relative"]["ratio"], 1.2)
        harness = document["run"]["harness"]
        steps = [s for entry in document["cases"] for s in entry["samples"] + entry["warmup_samples"]]
        # The control's steps are in no case's.
        self.assertGreater(harness["step_ns"], sum(s[k] for s in steps for k in SAMPLE_KEYS if k.endswith("_ns")))
        self.assertGreater(harness["request_ns"], harness["step_ns"])
        self.assertGreater(harness["cpu_ns"], 0)
        self.assertTrue([note for note in document["notes"] if note.startswith("the harness: ")])
        self.assertIn("| **fake/steady** |", (self.folder / "out.md").read_text())
        lines = (self.folder / "out.csv").read_text().splitlines()
        self.assertEqual(len(lines), 1 + 2 * 2 * 4)

    def test_every_status_stays_visible_and_the_others_go_on(self):
        expected = {"fake/hang": "TIMEOUT", "fake/hang-later": "TIMEOUT", "fake/crash": "CRASHED",
                    "fake/unsupported": "UNSUPPORTED", "fake/memory": "OUT_OF_MEMORY", "fake/garbage": "FAILED",
                    "fake/liar": "INCORRECT", "fake/frozen": "INCORRECT", "fake/steady": "UNCHECKED",
                    "pytorch/LSTM": "FAILED"}
        result = self.measure("--rounds", "2", "--time-limit", "1s", "--steps", "20", "--warmup", "2", "--json", "out.json",
                              implementation=",".join(expected), expect=1)
        cases = json.loads((self.folder / "out.json").read_text())["cases"]
        self.assertEqual({entry["implementation"]: entry["status"] for entry in cases}, expected)
        for entry in cases:
            self.assertEqual(max([s["round"] for s in entry["samples"]], default=1),
                             2 if entry["status"] == "UNCHECKED" else 1, "what failed is not repeated")
        self.assertIn("no step finished in 1.0 s", result.stdout)
        self.assertIn("again: lstmbench run --workload tiny --implementation fake/crash --dtype fp32 --threads",
                      result.stdout)
        self.assertIn("SIGSEGV", result.stdout)
        self.assertIn("about to die", result.stdout)

    def test_an_unfit_machine_is_said_and_kept_and_changes_no_exit_code(self):
        fitness = self.call("doctor").stdout.split("\nfitness\n")[1]
        unfit = [line[4:24] for line in fitness.splitlines() if line.startswith("  ! ")]
        unfit = [text for text in unfit if not text.startswith("load average") and "available" not in text]  # these change
        if os.getloadavg()[0] > 2 * len(os.sched_getaffinity(0)):  # far more than what is warned of
            unfit.append("load average")
        if not unfit:
            self.skipTest("the machine is fit")
        started = self.measure("--rounds", "1", "--json", "out.json").stderr
        resumed = self.call("resume", "--rounds", "2", "--json", "out.json").stderr
        notes = json.loads((self.folder / "out.json").read_text())["notes"]
        for warning in unfit:
            self.assertIn(f"warning: {warning}", started)
            self.assertIn(f"warning: {warning}", resumed)
            for when in ("when the run began: ", "when the run was resumed: "):
                self.assertTrue([note for note in notes if note.startswith(when + warning)], (when, warning, notes))

    def test_a_control_that_fails_is_said_and_counts(self):
        """The third start in a round of two cases is that of the control."""
        wrapper = self.folder / "flaky.py"
        wrapper.write_text(f"""
import os
log = os.open("starts", os.O_CREAT | os.O_APPEND | os.O_RDWR)
os.write(log, b".")
if os.fstat(log).st_size == 4:  # the first start says hello only
    os.kill(os.getpid(), 11)
exec(compile(open({str(FAKE)!r}).read(), "fake", "exec"))
""")
        (self.folder / "lstmbench.toml").write_text(CONFIG.replace(str(FAKE), str(wrapper)))
        result = self.measure("--rounds", "2", "--steps", "1", "--warmup", "0", implementation="fake/steady,fake/slow", expect=1)
        self.assertIn("(again)", result.stderr)
        text = " ".join(result.stdout.split())
        self.assertIn("the second time it ended CRASHED", text)
        self.assertIn("1 control not", result.stderr)

    def test_nothing_that_a_worker_says_reaches_the_terminal_raw(self):
        result = self.measure("--rounds", "1", "--markdown", "out.md", implementation="fake/garbage,fake/crash,fake/unsupported", expect=1)
        markdown = (self.folder / "out.md").read_text()
        for text in (result.stdout, result.stderr, markdown):
            self.assertFalse([c for c in text if unicodedata.category(c) == "Cc" and c != "\n"], ascii(text))
        self.assertNotIn("<b>", markdown)

    def test_a_pattern_leaves_out_what_is_unsupported_or_slow_without_an_error(self):
        result = self.measure("--rounds", "1", implementation="fake/uns*,fake/ste*")
        self.assertIn("fake/unsupported does not run tiny", re.sub(r"\s+", " ", result.stdout))
        self.assertIn("TIMEOUT", self.measure("--rounds", "1", "--time-limit", "1s", implementation="fake/han?").stdout)

    def test_a_variant_of_nothing_is_named(self):
        (self.folder / "more.toml").write_text(CONFIG + """
[[variant]]
implementation = "fake/stedy"
name = "lost"
[[variant]]
implementation = "pytorch/LSTM"
name = "of-a-library-that-is-not-there"
""")
        document = json.loads(self.measure("--config", "more.toml", "--rounds", "1", "--steps", "1", "--json", "-").stdout)
        notes = [note for note in document["notes"] if "variant" in note]
        self.assertEqual(notes, ["variant fake/stedy@lost: no library has 'fake/stedy'; did you mean 'fake/steady'?"])

    def test_variants_have_their_environment(self):
        self.measure("--rounds", "1", "--json", "out.json", implementation="fake/steady*")
        cases = json.loads((self.folder / "out.json").read_text())["cases"]
        self.assertEqual([entry["implementation"] for entry in cases], ["fake/steady@brisk", "fake/steady"])

    def test_the_protocol_of_the_original_has_a_former_name(self):
        (self.folder / "old.toml").write_text(CONFIG + "[run]\nprotocol = 'seed'\n")
        for arguments in (["--protocol", "original"], ["--protocol", "seed"], ["--config", "old.toml"]):
            out = self.measure(*arguments, "--warmup", "1", "--steps", "2", "--json", "-").stdout
            self.assertEqual(json.loads(out)["run"]["protocol"], "original")

    def test_the_protocol_of_the_original_drops_the_warmup_and_gives_the_mean(self):
        result = self.measure("--protocol", "original", "--warmup", "3", "--steps", "5", "--json", "out.json")
        entry = json.loads((self.folder / "out.json").read_text())["cases"][0]
        totals = [sum(s[k] for k in SAMPLE_KEYS if k.endswith("_ns")) for s in entry["samples"]]
        self.assertEqual(len(totals), 5)
        self.assertAlmostEqual(entry["total_mean_ns"], sum(totals) / 5, delta=1)
        self.assertIn("ms mean", result.stdout)
        self.assertIn("--protocol original: mean and standard deviation", " ".join(result.stdout.split()))

    def test_the_budget_ends_the_rounds(self):
        self.measure("--budget", "1s", "--json", "out.json", "--steps", "100", "--warmup", "0")
        self.assertEqual(json.loads((self.folder / "out.json").read_text())["run"]["rounds"], 1)

    def test_the_table_fits_80_columns_and_needs_no_unicode(self):
        arguments = dict(implementation="fake/*", expect=1)
        wide = self.measure("--rounds", "1", "--time-limit", "1s", **arguments).stdout
        plain = self.call("report", environment={"LC_ALL": "C"}).stdout
        for text in (wide, plain):
            for line in text.splitlines():
                if "again: " not in line:
                    self.assertLessEqual(len(line), 80, line)
        self.assertIn("█", wide)
        self.assertTrue(plain.isascii())
        self.assertNotIn("\033", wide)

    def test_progress_is_one_rewritten_line_on_a_terminal(self):
        def on_terminal(**environment):
            process, terminal = pty.fork()
            if process == 0:
                os.chdir(self.folder)
                os.execve(PROGRAM, [str(PROGRAM), "run", "--workload", "tiny", "--implementation", "fake/steady", "--check",
                                    "none", "--rounds", "1", "--steps", "3"],
                          {**self.environment, "TERM": "xterm", **environment})
            text = b""
            while True:
                try:
                    part = os.read(terminal, 65536)
                except OSError:
                    break
                if not part:
                    break
                text += part
            os.close(terminal)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), 0, text)
            return text.decode()

        colored = on_terminal()
        self.assertIn("\r\033[K", colored)
        self.assertIn("\033[1m", colored)
        self.assertNotRegex(on_terminal(NO_COLOR="1"), r"\033\[\d*m")


class Storage(CommandLine):
    def test_results_that_cannot_be_written_end_the_run_before_it_measures(self):
        (self.folder / "file").write_text("no folder")
        for arguments in (["--results", "file/r.db"], ["--results", ":memory:"], ["--results", "/proc/none/r.db"], ["--results", "."],
                          ["--json", "missing/out.json"], ["--results", "lstmbench.toml"]):
            with self.subTest(arguments=arguments):
                self.assert_one_line(self.measure(*arguments, expect=5).stderr, arguments[1])

    def test_folders_of_charts_are_looked_at_before_measuring(self):
        (self.folder / "file").write_text("no folder")
        for flag in ("--svg", "--png"):
            result = subprocess.run([PROGRAM, "run", "--workload", "tiny", "--implementation", "fake/steady", "--check", "none",
                                     flag, "file/charts"], cwd=self.folder, env=self.environment, capture_output=True, text=True)
            if "charts need" in result.stderr:
                self.skipTest("what draws charts is not installed")
            self.assertEqual(result.returncode, 5)
            self.assert_one_line(result.stderr, "file/charts")

    def test_a_report_never_overwrites_the_results(self):
        self.measure("--rounds", "1", "--results", "r.db")
        os.symlink("r.db", self.folder / "link")
        for path in ("r.db", "./r.db", "link"):
            self.assert_one_line(self.call("report", "--results", "r.db", "--json", path, expect=2).stderr, path)
        self.assert_one_line(self.measure("--results", "r.db", "--csv", "r.db", expect=2).stderr, "r.db")
        self.call("report", "--results", "r.db")

    def test_a_path_that_is_no_text_is_taken(self):
        name = b"caf\xe9.toml"
        (self.folder / os.fsdecode(name)).write_text(CONFIG)
        self.measure("--rounds", "1", "--steps", "1", "--config", os.fsdecode(name))
        self.call("report")

    def test_a_full_disk_ends_the_run_before_it_measures(self):
        self.assertNotIn("round 1", self.measure(expect=5, limit_bytes=200_000).stderr)

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small file system needs root")
    def test_a_full_file_system(self):
        mount = self.folder / "small"
        mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", mount], capture_output=True).returncode != 0:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(subprocess.run, ["umount", mount], check=True)
        self.assert_one_line(self.measure("--results", "small/r.db", expect=5).stderr, "small/r.db", "full")

    def test_report_reads_what_run_stored(self):
        self.measure("--rounds", "1", "--json", "first.json")
        self.measure("--rounds", "1")
        self.call("report", "--run", "1", "--json", "again.json")
        self.assertEqual((self.folder / "first.json").read_text(), (self.folder / "again.json").read_text())
        self.assertEqual(json.loads(self.call("report", "--json", "-").stdout)["run"]["id"], 2)
        self.assert_one_line(self.call("report", "--run", "9", expect=5).stderr, "no run 9, only 1-2 (see `lstmbench runs`)")
        self.assert_one_line(self.call("report", "--baseline", "nothing", expect=2).stderr, "it has fake/steady")
        self.assert_one_line(self.call("report", "--results", "none.db", expect=5).stderr, "none.db")

    def test_runs_lists_what_the_file_holds(self):
        self.measure("--rounds", "2", "--steps", "1", "--warmup", "0", implementation="fake/steady,fake/slow")
        Published.import_one(self, "results/lstmbench.db")
        first, second = json.loads(self.call("runs", "--json").stdout)["runs"]
        self.assertEqual((first["run"], first["state"], first["rounds"], first["cases"], first["workloads"], first["dtypes"]),
                         (1, "finished", 2, 2, ["tiny"], ["fp32"]))
        self.assertEqual((second["run"], second["state"], second["workloads"]), (2, "imported", ["1x320/CE-long"]))
        text = self.call("runs").stdout
        self.assertRegex(text, r"   1  \d{4}-\d\d-\d\d \d\d:\d\d  finished          2      2\n      tiny; fp32; ")
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        with contextlib.closing(sqlite3.connect(self.folder / "results/lstmbench.db")) as results, results:
            results.execute("UPDATE run SET state = 'running' WHERE id = 1")  # as a crash leaves it
        self.assertIn("  broken off  ", self.call("runs").stdout)
        self.assert_one_line(self.call("runs", "--results", "none.db", expect=5).stderr, "none.db")

    def test_an_interrupted_run_keeps_what_it_has(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            with self.subTest(signal=number):
                process = subprocess.Popen(
                    [PROGRAM, "run", "--workload", "tiny", "--implementation", "fake/steady,fake/hang", "--check", "none",
                     "--rounds", "3", "--json", "out.json"], cwd=self.folder, env=self.environment, text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.addCleanup(process.kill)
                self.wait_for(process.stderr, "fake/hang")
                time.sleep(0.5)
                process.send_signal(number)
                out, _ = process.communicate(timeout=60)
                self.assertEqual(process.returncode, code, out)
                document = json.loads((self.folder / "out.json").read_text())
                self.assertEqual(document["run"]["state"], "interrupted")
                status = {entry["implementation"]: entry["status"] for entry in document["cases"]}
                self.assertEqual(status, {"fake/steady": "UNCHECKED", "fake/hang": "INTERRUPTED"})
                with sqlite3.connect(self.folder / "results/lstmbench.db") as database:
                    stored = database.execute("SELECT count(*) FROM sample WHERE NOT is_warmup").fetchone()[0]
                self.assertGreater(stored, 0)

    def wait_for(self, stream, text):
        for line in stream:
            if text in line:
                return
        self.fail(f"{text!r} never appeared")


class Published(CommandLine):
    HEADER = "bench,experiment,name,parameters,runtime,version\n"

    def import_one(self, results="r.db"):
        (self.folder / "one.csv").write_text(Published.HEADER + "a_b,1x320-LSTM_cross-entropy,a_b.py,572800,0.5,1.0\n" * 3)
        return self.call("import", "one.csv", "--results", results)

    def test_import_says_what_is_wrong_with_the_file_in_one_line(self):
        texts = {"empty.csv": "", "header.csv": self.HEADER, "wrong.csv": "a,b,c\n1,2,3\n", "binary.csv": "\0\1\2\n", "long.csv": "x" * 3000 + "\n1\n",
                 "short.csv": self.HEADER + "a,b\n", "negative.csv": self.HEADER + "a,b,c,1,-1,1\n",
                 "open.csv": self.HEADER + 'a,"b\n'}
        for name, text in texts.items():
            (self.folder / name).write_text(text)
        (self.folder / "folder.csv").mkdir()
        for name, part in (("missing.csv", "cannot read 'missing.csv': No such file"), ("folder.csv", "it is a folder"),
                           ("empty.csv", "empty.csv:1: the file is empty"), ("header.csv", "there is no line below the header"),
                           ("wrong.csv", "there is no column 'bench'"), ("binary.csv", "this is no CSV"), ("long.csv", "got '" + "x" * 40 + "'... (3000 bytes)"),
                           ("short.csv", "short.csv:2: 2 fields, the header has 6"), ("negative.csv", "negative.csv:2: runtime"),
                           ("open.csv", "open.csv:2: a quotation mark")):
            with self.subTest(name=name):
                self.assert_one_line(self.call("import", name, "--results", "r.db", expect=2).stderr, part)
        self.assertFalse((self.folder / "r.db").exists(), "what cannot be read leaves nothing")
        self.assert_one_line(self.call("import", expect=2).stderr, "file")

    def test_import_into_what_is_no_results_file(self):
        self.import_one()
        (self.folder / "text.db").write_text("no database")
        self.assert_one_line(self.call("import", "one.csv", "--results", "text.db", expect=5).stderr, "text.db")

    def test_an_import_is_whole_or_not_there(self):
        self.import_one()
        rows = "".join(f"a_b,1x320-LSTM_cross-entropy,a_b.py,572800,0.5,{version}\n" * 100 for version in range(500))
        (self.folder / "long.csv").write_text(self.HEADER + rows)
        limit = (self.folder / "r.db").stat().st_size + (256 << 10)  # stands for a disk that fills up, or a kill
        self.call("import", "long.csv", "--results", "r.db", expect=5, limit_bytes=limit)
        with sqlite3.connect(self.folder / "r.db") as database:
            self.assertEqual(database.execute("SELECT count(*) FROM run").fetchone(), (1,))

    def test_a_published_run_is_shown_as_such_and_neither_resumed_nor_compared(self):
        self.assert_one_line(self.import_one().stderr, "1 series imported as run 1 into r.db")
        self.import_one()
        entry, = json.loads(self.call("report", "--results", "r.db", "--json", "-").stdout)["cases"]
        self.assertEqual((entry["status"], entry["workload"], entry["implementation"]), ("PUBLISHED", "1x320/CE-long", "a/b"))
        self.assertIn("published, not measured here", self.call("report", "--results", "r.db").stdout)
        self.assert_one_line(self.call("resume", "--results", "r.db", "--rounds", "9", expect=2).stderr,
                             "run 2 was imported, not measured here, and cannot be resumed")
        self.assert_one_line(self.call("compare", "1", "2", "--results", "r.db", expect=2).stderr,
                             "run 1 of 'r.db' was imported, not measured here")

    def test_export(self):
        self.import_one()
        exported = self.call("export", "--results", "r.db", "--format", "rnn_benchmarks").stdout
        self.assertEqual(exported.splitlines()[1:],
                         ["a_b,1x320-LSTM_cross-entropy,bench_a_b.py,572800,0.500000000,1.0"] * 3)
        self.assert_one_line(self.call("export", "--results", "r.db", "--format", "cvs", expect=2).stderr, "'cvs'", "'csv'")
        self.assert_one_line(self.call("export", "--results", "none.db", expect=5).stderr, "none.db")
        self.assert_one_line(self.call("export", "--results", "r.db", "--output", "none/out.csv", expect=5).stderr, "none/out.csv")

    def test_a_markdown_report_begins_with_the_verdict(self):
        self.measure("--rounds", "2", "--steps", "2", implementation="fake/steady,fake/slow")
        markdown = self.call("report", "--markdown", "-").stdout
        verdict = re.search(r"- \*\*tiny\*\*.*: (FASTER|INCONCLUSIVE|EQUIVALENT): fake/steady 1.0, .* as fast as", markdown)
        self.assertTrue(verdict, markdown)
        self.assertLess(verdict.start(), markdown.index("## tiny"))


class Looking(CommandLine):
    def test_list(self):
        document = json.loads(self.call("list", "--json").stdout)
        self.assertEqual([w["name"] for w in document["workloads"]],
                         ["1x320/CE-short", "1x320/CE-long", "4x320/CE-long", "4x320/CTC-long", "4x320/CTC-padded", "tiny"])
        parameters = {w["name"]: w["parameters"] for w in document["workloads"]}
        self.assertEqual(parameters["4x320/CTC-long"], 8565120)
        self.assertIn("native/fused", [i["name"] for i in document["implementations"]])
        self.assertTrue([w for w in document["workers"] if w["name"] == "pytorch" and w["problem"]])
        text = self.call("list").stdout
        self.assertIn("fake/steady@brisk", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_plan_says_what_would_run_and_how_long(self):
        text = self.call("plan", "--workload", "tiny", "--implementation", "fake/*", "--rounds", "4").stdout
        self.assertIn("fake/steady@brisk", text)
        self.assertRegex(text, r"\d+ cases, about .* a round; 4 rounds: about ")
        self.assertLessEqual(max(map(len, text.splitlines())), 80, text)

    def test_plan_says_what_it_does_meanwhile(self):
        lines = self.call("plan", "--workload", "tiny", "--implementation", "native/*").stderr.splitlines()
        self.assertTrue([line for line in lines if line.startswith("preparing, to see the memory it takes") and "native/fused" in line])

    def test_without_a_precision_only_the_budget_ends_the_rounds(self):
        text = self.call("plan", "--workload", "tiny", "--implementation", "fake/steady,fake/slow", "--steps", "1",
                         "--warmup", "0", "--precision", "0", "--budget", "1h").stdout
        self.assertGreater(int(re.search(r"(\d+) rounds expected", " ".join(text.split())).group(1)), 1000, text)

    def test_plan_says_how_many_rounds_verdicts_take(self):
        text = self.call("plan", "--workload", "tiny", "--implementation", "fake/steady,fake/slow,fake/frozen", "--rounds", "2").stdout
        self.assertIn("2 rounds expected; verdicts take 7 with so many rows: give more --rounds", " ".join(text.split()))

    def test_a_run_that_was_precise_goes_on_where_more_is_asked_of_it(self):
        def rounds(command, *arguments):
            self.call(command, *arguments, "--json", "out.json")
            return json.loads((self.folder / "out.json").read_text())["run"]["rounds"]

        measured = rounds("run", "--workload", "tiny", "--implementation", "fake/steady,fake/slow", "--check", "none", "--steps", "1",
                          "--warmup", "0", "--precision", "90%", "--budget", "100s")
        self.assertIn(measured, range(8, 40, 4))
        self.assertGreater(rounds("resume", "--budget", "200s"), measured)
        result = self.call("resume", "--budget", "1s")
        self.assertIn("nothing was measured: ", result.stderr)
        self.assertIn("give a larger --budget", result.stderr)

    def test_a_single_round_gets_its_control_when_more_are_asked(self):
        self.measure("--rounds", "1", "--steps", "1", "--warmup", "0", "--json", "out.json", implementation="fake/steady,fake/slow")
        self.assertEqual(json.loads((self.folder / "out.json").read_text())["controls"], [])
        self.call("resume", "--rounds", "3", "--json", "out.json")
        control, = json.loads((self.folder / "out.json").read_text())["controls"]
        self.assertEqual(control["implementation"], "fake/steady")
        self.assertEqual(control["relative"]["rounds"], 2)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_what_cannot_be_printed_is_an_error(self):
        for arguments in (["list"], ["list", "--json"], ["plan", "--workload", "tiny", "--implementation", "fake/steady"]):
            with open("/dev/full", "w") as full:
                result = subprocess.run([PROGRAM, *arguments], cwd=self.folder, env=self.environment, stdout=full,
                                        stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual(result.returncode, 5, result.stderr)
            self.assertIn("standard output", result.stderr)

    def test_a_plan_of_nothing_says_why(self):
        text = self.call("plan", "--workload", "tiny", "--implementation", "native/*", "--dtype", "fp16").stdout
        self.assertIn("no implementation that can be run has this dtype", " ".join(text.split()))

    def test_doctor(self):
        text = self.call("doctor").stdout
        for part in ("machine", "instruction sets", "native", "/nonexistent/pytorch", "fitness"):
            self.assertIn(part, text)

    def test_engines_for_gpus_are_listed_with_the_reason_why_they_cannot_run(self):
        found = {i["name"]: i for i in json.loads(self.call("list", "--json").stdout)["implementations"]}
        for name in ("cuda/basic", "cuda/fused", "cudnn/standard", "cudnn/persist-static", "cudnn/persist-dynamic"):
            self.assertEqual(found[name]["devices"], ["cuda"])
        reason = found["cuda/fused"]["unavailable"]
        if reason:  # a build without CUDA, or no GPU
            self.assertRegex(reason, "built without CUDA|no CUDA device")
            self.assertIn("UNSUPPORTED here", self.call("list").stdout)
            self.assertIn(reason.split(" (")[0], " ".join(self.call("doctor").stdout.split()))
            text = self.call("run", "--workload", "tiny", "--device", "cuda", "--implementation", "cuda/fused", expect=1).stdout
            self.assertIn("UNSUPPORTED", text)
            self.assertIn("--device cuda", text)

    def test_peak(self):
        self.assertRegex(self.call("peak", "--seconds", "0.05", "--threads", "1").stdout, r"fp32 multiply-add +\d+\.\d GFLOP/s")


class Documentation(CommandLine):
    @staticmethod
    def example(page, language):
        return re.search(rf"```{language}\n(.*?)```", (SOURCE / "docs" / page).read_text(), re.DOTALL).group(1)

    def test_the_configuration_page_shows_a_file_that_is_read(self):
        (self.folder / "lstmbench.toml").write_text(self.example("configuration.md", "toml"))
        python = self.folder / "python"  # without PyTorch, which takes seconds to load
        python.write_text("#!/bin/sh\ncase $1 in -c) echo 3.11.7;; *) exit 1;; esac\n")
        python.chmod(0o755)
        document = json.loads(self.call("list", "--json", "--python", str(python)).stdout)
        self.assertEqual(document["workloads"][-1]["name"], "my/speech")
        self.assertEqual(document["workers"][-1]["name"], "mine")

    def test_the_results_page_names_the_version_of_the_schema(self):
        self.measure("--rounds", "1", "--steps", "1", "--results", "r.db")
        with sqlite3.connect(self.folder / "r.db") as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
        self.assertIn(f"the schema's version, now {version}.", (SOURCE / "docs/results.md").read_text())

    def test_the_results_page_tells_the_truth(self):
        self.measure("--rounds", "1", "--json", "out.json")
        with sqlite3.connect(self.folder / "results/lstmbench.db") as database:
            query = re.search(r'"(SELECT.*)"', self.example("results.md", "sh"), re.DOTALL).group(1)
            self.assertEqual(database.execute(query).fetchall()[0][1], "fake/steady")
            tables = {name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        page = (SOURCE / "docs/results.md").read_text()
        self.assertEqual(set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)), tables)
        shown, got = json.loads(self.example("results.md", "json")), json.loads((self.folder / "out.json").read_text())
        self.assertEqual((set(shown), set(shown["run"]), set(shown["cases"][0])), (set(got), set(got["run"]), set(got["cases"][0])))


class Checked(CommandLine):
    """With the native worker: its reference, its check, its peak."""

    def test_a_checked_run(self):
        self.call("run", "--workload", "tiny", "--implementation", "native/basic,native/fused", "--rounds", "1", "--json",
                  "out.json")
        document = json.loads((self.folder / "out.json").read_text())
        for entry in document["cases"]:
            self.assertEqual(entry["status"], "OK")
            self.assertTrue(entry["check"]["passed"])
            self.assertLess(entry["check"]["relative_error"], entry["check"]["tolerance"])
            self.assertGreater(entry["peak_percent"], 0)
            first = (entry["warmup_samples"] or entry["samples"])[0]
            self.assertEqual(first["step"], 0)
        self.assertEqual(len({round(e["warmup_samples"][0]["loss"], 5) for e in document["cases"]}), 1)

    def test_check_command(self):
        text = self.call("check", "--workload", "tiny", "--implementation", "native/*").stdout
        self.assertRegex(text, r"OK +tiny +native/fused")
        self.assertRegex(text, r"\d+ passed, 0 failed")
        named = self.call("check", "--workload", "tiny", "--implementation", "native/fused").stdout
        self.assertRegex(named, r"fp32.*\s1 passed, 0 failed, 0 unsupported")
        self.assertNotIn("bf16", named)

    def test_a_dtype_that_nobody_knows_ends_no_check(self):
        self.environment["FAKE_DTYPES"] = "fp8,fp32"
        text = self.call("check", "--workload", "tiny", "--implementation", "fake/steady,native/fused", expect=1).stdout
        self.assertRegex(text, r"UNSUPPORTED +tiny +fake/steady +fp8\n +dtype fp8 is offered by fake/steady")
        self.assertRegex(text, r"OK +tiny +native/fused +fp32")

    def test_verdicts_come_one_by_one(self):
        process = subprocess.Popen([PROGRAM, "check", "--workload", "tiny", "--implementation", "fake/steady,fake/hang"],
                                   cwd=self.folder, env={**self.environment, "FAKE_CHECK_HANGS": "1"},
                                   stdout=subprocess.PIPE, text=True)
        line = next(line for line in process.stdout if "fake/steady" in line)
        self.assertIsNone(process.poll(), "the verdict came only at the end")
        self.assertIn("FAILED", line)
        process.send_signal(signal.SIGINT)
        self.assertRegex(process.communicate(timeout=60)[0], "INTERRUPTED +tiny +fake/hang")
        self.assertEqual(process.returncode, 128 + signal.SIGINT)

    def test_wrong_numbers_are_incorrect(self):
        result = self.call("run", "--workload", "tiny", "--implementation", "fake/steady,native/fused", "--rounds", "1",
                           "--json", "out.json", expect=1)
        status = {entry["implementation"]: entry["status"]
                  for entry in json.loads((self.folder / "out.json").read_text())["cases"]}
        self.assertEqual(status["native/fused"], "OK", result.stdout)
        self.assertNotIn(status["fake/steady"], ("OK", "UNCHECKED"), result.stdout)

    def test_conformance_of_a_worker(self):
        worker = PROGRAM.parent / "lstm-worker-native"
        self.assertRegex(self.call("check", "--worker", str(worker)).stdout, r"\d+ passed, 0 failed")
        self.assertIn("failed", self.call("check", "--worker", f"python3 {FAKE}", expect=1).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
