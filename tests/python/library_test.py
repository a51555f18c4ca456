"""The package and the header of the C interface say the same; the library that is not there."""

import ctypes
import ctypes.util
import os
import pathlib
import re
import subprocess
import sys
import unittest

import torch

from lstm_engine import library

HEADER = pathlib.Path(os.environ["LSTMBENCH_SOURCE_DIR"], "include/lstm/c.h").read_text()
STRUCTS = {"lstm_layer_settings": library.LayerSettings, "lstm_layer_batch": library.LayerBatch,
           "lstm_layer_output_gradients": library.OutputGradients, "lstm_layer_input_gradients": library.InputGradients}


def kind(declaration):
    """What ctypes calls the type of a field or argument: pointers, int, size_t."""
    if "*" in declaration:
        return "pointer"
    return "size_t" if "size_t" in declaration else "int"


def kind_of(ctype):
    return {ctypes.c_int: "int", ctypes.c_size_t: "size_t"}.get(ctype, "pointer")


class Library(unittest.TestCase):
    def setUp(self):
        self.header = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.DOTALL)

    def test_knows_each_struct(self):
        for name, struct in STRUCTS.items():
            body = re.search(r"typedef struct %s \{(.*?)\}" % name, self.header, re.DOTALL).group(1)
            fields = [(field.split()[-1].lstrip("*"), kind(field)) for field in body.split(";")[:-1]]
            self.assertEqual([(field, kind_of(ctype)) for field, ctype in struct._fields_], fields, name)

    def test_knows_the_struct_of_functions(self):
        body = re.search(r"typedef struct lstm_parallel_region \{(.*?)\} lstm", self.header, re.DOTALL).group(1)
        names = [name for name in re.findall(r"\(\*(\w+)\)", body) if name != "body"]
        self.assertEqual([name for name, _ in library.ParallelRegion._fields_], names)

    def test_knows_each_function(self):
        declared = re.findall(r"^LSTM_C_API [^;(]*?(\w+)\((.*?)\);", self.header, re.DOTALL | re.MULTILINE)
        functions = {name: [kind(argument) for argument in arguments.split(",") if argument.strip() != "void"]
                     for name, arguments in declared}
        self.assertEqual({name: [kind_of(ctype) for ctype in arguments]
                          for name, (_, arguments) in library.FUNCTIONS.items()}, functions)

    def test_has_the_version_of_the_header(self):
        self.assertEqual(library.VERSION, int(re.search(r"LSTM_C_VERSION (\d+)", HEADER).group(1)))
        self.assertEqual(library.library().lstm_c_version(), library.VERSION)

    @unittest.skipUnless("OpenMP" in torch.__config__.parallel_info(), "this PyTorch was built without OpenMP")
    def test_computes_on_the_threads_of_pytorch(self):
        self.assertIsNotNone(library.parallel_region())
        program = ("import os, torch, lstm_engine; torch.set_num_threads(2);"
                   "x = torch.randn(50, 64, 8); torch.randn(512, 512) @ torch.randn(512, 512);"
                   "before = len(os.listdir('/proc/self/task')); lstm = lstm_engine.LSTM(8, 64); lstm(x);"
                   "print(len(os.listdir('/proc/self/task')) - before)")
        for variables, threads in (({}, "0"), ({"LSTM_OPENMP": "0"}, "1"), ({"LSTM_PIN": "always"}, "1")):
            result = subprocess.run([sys.executable, "-c", program], text=True, stdout=subprocess.PIPE, check=True,
                                    env=dict(os.environ, **variables))
            self.assertEqual(result.stdout.strip(), threads, variables)

    def test_leaves_a_child_of_fork_its_own_threads(self):
        child = os.fork()
        if child == 0:
            os._exit(0 if library.parallel_region() is None else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_says_what_to_do_where_the_library_is_missing(self):
        for file in ("/nonexistent/liblstm_c.so", ctypes.util.find_library("c") or "libc.so.6"):
            result = subprocess.run([sys.executable, "-c", "import lstm_engine; lstm_engine.LSTM(2, 3)"], text=True,
                                    stderr=subprocess.PIPE, env=dict(os.environ, LSTM_LIBRARY=file))
            self.assertNotEqual(result.returncode, 0)
            self.assertRegex(result.stderr, "ImportError: %s cannot be loaded.*LSTM_LIBRARY" % re.escape(file))


if __name__ == "__main__":
    unittest.main()
