"""The shared library shows the functions of its header and nothing else.

Two libraries in one program, each with its own copy of some template or of the engines, must not meet.

Usage: exports.py NM LIBRARY HEADER
"""

import re
import subprocess
import sys


def main(nm, library, header):
    with open(header, encoding="utf-8") as file:
        declared = set(re.findall(r"^LSTM_C_API [^;(]*?(\w+)\(", file.read(), re.MULTILINE))
    lines = subprocess.run([nm, "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    exported = {line.split()[-1] for line in lines.splitlines()}
    for name in sorted(exported - declared):
        print(f"{name}: exported, but not declared")
    for name in sorted(declared - exported):
        print(f"{name}: declared, but not exported")
    print(f"{len(declared)} functions")
    sys.exit(1 if exported != declared or not declared else 0)


main(*sys.argv[1:])
