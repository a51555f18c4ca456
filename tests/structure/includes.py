"""Dependencies point down only: each folder includes its own headers and those of the rooms listed here.

And the harness has one thread: it does not disturb what it measures, and the tsan preset leaves it out.

Usage: includes.py SOURCE_DIRECTORY
"""

import pathlib
import re
import sys

# Folder: where its quoted includes may lead, as folders relative to the include directories of its target.
# The longest folder that fits a file counts.
LSTM = "lstm"  # the public headers
ROOMS = {
    "include/lstm": {LSTM},
    "src/lstm/model": {LSTM, "model"},
    "src/lstm/reference": {LSTM, "model", "cpu", "reference"},
    "src/lstm/cpu": {LSTM, "cpu"},
    "src/lstm/kernels": {LSTM, "cpu", "kernels"},
    "src/lstm/engines": {LSTM, "model", "cpu", "kernels", "engines", "reference", "cuda"},
    "src/lstm/cuda": {LSTM, "model", "cuda", "kernels", "engines"},  # Adam's factors, packed batches
    "src/lstm_c": {LSTM},  # the public headers are enough for any language
    "workers": {LSTM, "protocol"},  # workers/protocol
    "workers/cuda": {LSTM, "protocol", "native"},  # the session that serves the library's engines
    "examples": {LSTM},
    "microbench": {LSTM, "cpu", "kernels", "cuda"},
}
# The harness computes nothing: neither it nor the program on top of it may know the library.
FORBIDDEN = {"src/bench": {LSTM, "model", "reference", "cpu", "kernels", "engines", "cuda"},
             "apps": {LSTM, "model", "reference", "cpu", "kernels", "engines", "cuda"}}

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
THREAD = re.compile(r"std::(jthread|async|thread\b)|pthread_create")
STARTS_WITH_LSTM = re.compile(r"^\s*#\s*include\s*<lstm/", re.MULTILINE)


def room_of(folder, rooms):
    fitting = [room for room in rooms if folder == room or folder.startswith(room + "/")]
    return max(fitting, key=len, default=None)


def complaints(path, text):
    folder = path.parent.as_posix()
    allowed, forbidden = room_of(folder, ROOMS), room_of(folder, FORBIDDEN)
    if STARTS_WITH_LSTM.search(text):
        yield "includes <lstm/...>: the library's headers are included in quotation marks"
    if forbidden and (thread := THREAD.search(text)):
        yield f"{thread.group()}: the harness has one thread"
    for header in INCLUDE.findall(text):
        if "/" not in header:
            continue  # next to the file
        target = header.split("/")[0]
        if allowed and target not in ROOMS[allowed]:
            yield f'includes "{header}": {allowed} may include only {", ".join(sorted(ROOMS[allowed]))}'
        if forbidden and target in FORBIDDEN[forbidden]:
            yield f'includes "{header}": {forbidden} must not know the library'


def main(source_directory):
    root = pathlib.Path(source_directory)
    files = [path for room in (*ROOMS, *FORBIDDEN) for path in (root / room).rglob("*")
             if path.suffix in {".h", ".cpp", ".cu", ".cuh"}]
    if len(files) < 10:
        sys.exit(f"{root}: only {len(files)} source files found: is this the source directory?")
    wrong = 0
    for path in sorted(set(files)):
        relative = path.relative_to(root)
        for complaint in complaints(relative, path.read_text(encoding="utf-8")):
            wrong += 1
            print(f"{relative}: {complaint}")
    print(f"{len(files)} files, {wrong} complaints")
    sys.exit(1 if wrong else 0)


main(*sys.argv[1:])
