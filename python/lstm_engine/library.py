"""The C interface by ctypes, which lets other threads run meanwhile. The comments in include/lstm/c.h are the
reference."""

import ctypes
import functools
import os
import pathlib

import torch

VERSION = 2  # LSTM_C_VERSION of the header that is written down here
VARIABLE = "LSTM_LIBRARY"
FILE = "liblstm_c.so"

PROCESS = os.getpid()  # that has imported this

FloatPointers = ctypes.POINTER(ctypes.c_void_p)


class ParallelRegion(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("run", "count", "index")]


class LayerSettings(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in ("inputs", "units", "layers", "directions", "samples", "time_steps",
                                                  "total_steps", "threads", "input_gradients")] + [
        ("dtype", ctypes.c_char_p), ("region", ctypes.POINTER(ParallelRegion))]


class LayerBatch(ctypes.Structure):
    _fields_ = [("samples", ctypes.c_int), ("time_steps", ctypes.c_int)] + [
        (name, ctypes.c_void_p) for name in ("x", "lengths", "initial_h", "initial_c")] + [("order", ctypes.c_int)]


class OutputGradients(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("outputs", "final_h", "final_c")]


class InputGradients(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("x", "initial_h", "initial_c")] + [
        ("parameters", FloatPointers), ("count", ctypes.c_size_t)]


# lstm_row_order
ROWS_BY_SAMPLE, ROWS_BY_STEP, ROWS_PACKED = range(3)

# Result and arguments of each function.
FUNCTIONS = {
    "lstm_c_version": (ctypes.c_int, []),
    "lstm_error": (ctypes.c_char_p, []),
    "lstm_dtypes": (ctypes.c_char_p, []),
    "lstm_layer_create": (ctypes.c_int, [ctypes.POINTER(LayerSettings), ctypes.POINTER(ctypes.c_void_p)]),
    "lstm_layer_destroy": (None, [ctypes.c_void_p]),
    "lstm_layer_description": (ctypes.c_char_p, [ctypes.c_void_p]),
    "lstm_layer_workspace_bytes": (ctypes.c_size_t, [ctypes.c_void_p]),
    "lstm_layer_set_parameters": (ctypes.c_int, [ctypes.c_void_p, FloatPointers, ctypes.c_size_t]),
    "lstm_layer_forward": (ctypes.c_int, [ctypes.c_void_p, ctypes.POINTER(LayerBatch)] + 3 * [ctypes.c_void_p]),
    "lstm_layer_backward": (ctypes.c_int, [ctypes.c_void_p, ctypes.POINTER(OutputGradients),
                                           ctypes.POINTER(InputGradients)]),
}
ERRORS = {1: ValueError, 2: MemoryError}  # by lstm_status; others are RuntimeError


def path():
    return os.environ.get(VARIABLE) or str(pathlib.Path(__file__).resolve().parent / FILE)


@functools.lru_cache(maxsize=None)
def library():
    """The library, loaded once. Raises ImportError where it is not there or is another version."""
    try:
        loaded = ctypes.CDLL(path())
        version = loaded.lstm_c_version()
    except (OSError, AttributeError) as error:
        raise ImportError("%s cannot be loaded (%s): install this package with pip, which builds it, or let %s name a "
                          "%s that CMake has built" % (path(), error, VARIABLE, FILE)) from error
    if version != VERSION:
        raise ImportError("%s has version %d of the C interface, expected %d: build both from the same source"
                          % (path(), version, VERSION))
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


def call(name, *arguments):
    """Calls a function that returns an lstm_status. Raises what the library says is wrong."""
    status = getattr(library(), name)(*arguments)
    if status != 0:
        raise ERRORS.get(status, RuntimeError)("lstm_engine: " + library().lstm_error().decode())


def loaded_openmp():
    """Paths of the OpenMP runtimes in this process, PyTorch's own first."""
    with open("/proc/self/maps") as maps:
        paths = {line.split(None, 5)[5].strip() for line in maps if "omp" in line and len(line.split(None, 5)) == 6}
    names = ("libgomp", "libiomp", "libomp")
    folder = str(pathlib.Path(torch.__file__).resolve().parent)
    return sorted((path for path in paths if pathlib.Path(path).name.startswith(names)),
                  key=lambda path: (not path.startswith(folder), path))


@functools.lru_cache(maxsize=None)
def openmp():
    """PyTorch's OpenMP threads as a ParallelRegion, or None. PyTorch has them for its own operations, and they spin for
    a while after each. LSTM_OPENMP=0, and LSTM_PIN=always, which is about threads of the engine's own: None."""
    if (os.environ.get("LSTM_OPENMP") == "0" or os.environ.get("LSTM_PIN") in ("always", "1")
            or "OpenMP" not in torch.__config__.parallel_info()):
        return None
    for path in loaded_openmp():
        try:
            runtime = ctypes.CDLL(path)
            functions = [ctypes.cast(getattr(runtime, name), ctypes.c_void_p)
                         for name in ("GOMP_parallel", "omp_get_num_threads", "omp_get_thread_num")]
            return ParallelRegion(*functions)
        except (OSError, AttributeError):
            pass
    return None


def parallel_region():
    """A pointer to openmp(), or None. A child of fork() does not have these threads."""
    region = openmp() if os.getpid() == PROCESS else None
    return None if region is None else ctypes.pointer(region)


def precisions():
    """What LSTM(precision=...) may be: the engine's number formats for the operands of products."""
    return library().lstm_dtypes().decode().split(",")
