"""Interpreters that have JAX and TensorFlow: what `lstmbench peers add` installed, or `./run test` for its own use."""
import os
import pathlib
import subprocess
import sys

ENVIRONMENTS = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share") / "lstmbench/environments"
WORKERS = pathlib.Path(__file__).resolve().parents[2] / "workers"


def command_of(library, modules):
    """What starts the worker of a library; ends the test as skipped where no interpreter has these modules."""
    for name in (library, "worker-test"):
        python = ENVIRONMENTS / name / "bin" / "python"
        if python.exists() and subprocess.run([python, "-c", "import " + modules], capture_output=True).returncode == 0:
            return [str(python), str(WORKERS / library / "worker.py")]
    print("skipped: no interpreter below %s has %s" % (ENVIRONMENTS, modules))
    sys.exit(77)
