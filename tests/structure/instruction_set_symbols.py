"""No object compiled for a certain instruction set may define a weak symbol: the linker keeps one copy of each
for the whole program, and a machine without that instruction set would die on it.

Usage: instruction_set_symbols.py NM OBJECT_LIST
"""

import re
import subprocess
import sys

NAME = re.compile(r"_(avx2|avx512|avx512bf16|amx)\.cpp\.o$")
WEAK = set("WVu")
HARMLESS = {"DW.ref.__gxx_personality_v0"}  # a pointer that the compiler adds where exceptions could pass


def main(nm, object_list):
    with open(object_list, encoding="utf-8") as file:
        objects = [line for line in file.read().split("\n") if NAME.search(line)]
    if not objects:
        sys.exit(f"{object_list} names no object of a certain instruction set: is the pattern out of date?")
    wrong = 0
    for path in objects:
        symbols = subprocess.run([nm, "-C", path], check=True, capture_output=True, text=True).stdout
        for line in symbols.splitlines():
            match = re.match(r"[0-9a-f]+ (\w) (.*)", line)
            if match and match[1] in WEAK and match[2] not in HARMLESS:
                wrong += 1
                print(f"{path}: defines the weak symbol {match[2]}: put it into an anonymous namespace, or do "
                      "without that function of the standard library")
    print(f"{len(objects)} objects, {wrong} weak symbols")
    sys.exit(1 if wrong else 0)


main(*sys.argv[1:])
