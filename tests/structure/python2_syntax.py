"""What the PyTorch worker is written in, and what it shares with others, Python 2.7 can read: no syntax that came later.

Usage: python2_syntax.py FOLDER ...   every *.py in them
       python2_syntax.py --self-test  an example of each rule
"""

import ast
import io
import pathlib
import re
import sys
import tokenize

# Nodes of the syntax tree that Python 2.7 has no words for; later versions of Python know more of them than earlier ones.
NEWER = {"JoinedStr": "an f-string", "TemplateStr": "a t-string", "AnnAssign": "an annotation", "Nonlocal": "nonlocal",
         "YieldFrom": "yield from", "AsyncFunctionDef": "async", "AsyncFor": "async", "AsyncWith": "async",
         "Await": "await", "NamedExpr": ":=", "Match": "match", "TryStar": "except*", "MatMult": "@ as a product",
         "TypeAlias": "type"}


def is_starred(node):
    return isinstance(node, ast.Starred)


def call_problems(call):
    if isinstance(call.func, ast.Name) and call.func.id == "super" and not call.args:
        yield "super() without arguments"
    stars = [is_starred(argument) for argument in call.args]
    doubles = [keyword.arg is None for keyword in call.keywords]
    if any(stars[:-1]) or any(doubles[:-1]):
        yield "an argument behind *arguments or **arguments"


def problems_of(node):
    name = type(node).__name__
    if name in NEWER:
        yield NEWER[name]
    if isinstance(node, ast.arguments):
        if node.kwonlyargs or getattr(node, "posonlyargs", None):
            yield "a parameter by keyword or by position only"
    if isinstance(node, ast.arg) and node.annotation or isinstance(node, ast.FunctionDef) and node.returns:
        yield "an annotation"
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and getattr(node, "type_params", None):
        yield "a type parameter"
    if isinstance(node, ast.ClassDef) and node.keywords:
        yield "a keyword of a class"
    if isinstance(node, ast.Raise) and node.cause:
        yield "raise ... from"
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)) and any(map(is_starred, node.elts)):
        yield "* outside of a call"
    if isinstance(node, ast.Dict) and None in node.keys:
        yield "** outside of a call"
    if isinstance(node, ast.Call):
        yield from call_problems(node)


def token_problems(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NUMBER and ("_" in token.string or re.match("0[0-9]", token.string)):
            yield token.start[0], "a number as %s" % token.string
        if token.type == tokenize.STRING and re.match("(?i)(rb|u?r?f)['\"]|ur['\"]", token.string):
            yield token.start[0], "a text as %s" % token.string


def problems(text):
    """(line, what Python 2.7 cannot read) of a program."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        for what in problems_of(node):
            yield getattr(node, "lineno", 1), what
    yield from token_problems(text)
    if not text.isascii() and not any(re.search(r"coding[:=]\s*utf-8", line) for line in text.splitlines()[:2]):
        yield 1, "letters beyond ASCII without a line that names the encoding"
    imported = [name.name for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"
                for name in node.names]
    for node in ast.walk(tree):
        is_print = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        if is_print and "print_function" not in imported:
            yield node.lineno, "print() without from __future__ import print_function"


EXAMPLES = ["f'{1}'", "x: int = 1", "def f(*, a): pass", "def f(a: int): pass", "def f() -> int: pass",
            "def f():\n    x = 1\n    def g():\n        nonlocal x", "def f():\n    yield from g()",
            "raise A() from b", "async def f(): pass", "(y := 1)", "a @ b", "class A(metaclass=B): pass", "super()",
            "a, *b = c", "[*a, 1]", "{**a}", "f(*a, b)", "f(*a, *b)", "f(**a, b=1)", "1_000", "rb''", "print(1)",
            "x = '\u00e9'"]
FINE = """# -*- coding: utf-8 -*-
from __future__ import print_function
def f(a, b=1, *c, **d):
    g(a, *c, k=2, **d)
    super(A, self).f()
    print({k: v for k, v in d}, {1}, u"\u00e9", b"", r"", 0o7, 0, 0.5)
    with a as b, c as d:
        raise E("x")
"""


def self_test():
    missed = [example for example in EXAMPLES if not list(problems(example + "\n"))]
    wrong = list(problems(FINE))
    assert not missed and not wrong, (missed, wrong)


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    files = sorted(path for folder in sys.argv[1:] for path in pathlib.Path(folder).glob("*.py"))
    found = ["%s:%d: Python 2.7 does not know %s" % (file, line, what)
             for file in files for line, what in problems(file.read_text(encoding="utf-8"))]
    sys.exit("\n".join(found) if found or not files else 0)


if __name__ == "__main__":
    main()
