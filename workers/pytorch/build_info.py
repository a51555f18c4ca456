"""What PyTorch says it was built with and runs on: names and values of the library table."""
import platform
import re

import numpy as np
import torch

from releases import RELEASED
from versions import has_cuda

PATTERNS = {"MKL": r"(?:Math Kernel Library|oneAPI MKL)\D*Version ([\w.]+)",
            "oneDNN": r"(?:MKL-DNN|oneDNN) v([\w.]+)",
            "OpenMP": r"OpenMP (\d+)",
            "compiler": r"- (GCC [\w.]+|clang [\w.]+)",
            "ISA": r"CPU capability usage: (\S+)",
            "BLAS": r"BLAS_INFO=(\w+)",
            "cuDNN": r"CUDNN_VERSION=([\w.]+)"}


def version():
    """Of the release, without what it was built for: 2.0.1 of 2.0.1+cu117."""
    return torch.__version__.split("+")[0]


def read_build():
    build = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
    if version() in RELEASED:
        build["released"] = RELEASED[version()]
    text = torch.__config__.show() if hasattr(torch, "__config__") else ""  # since 1.2
    for name in PATTERNS:
        found = re.search(PATTERNS[name], text)
        if found:
            build[name] = found.group(1)
    if getattr(torch.version, "cuda", None):
        build["CUDA"] = torch.version.cuda
        cudnn = cudnn_version()
        if cudnn:
            build["cuDNN"] = cudnn
    else:
        build.pop("cuDNN", None)
    if has_cuda():
        build["GPU"] = torch.cuda.get_device_name(0)
    return build


def cudnn_version():
    """As the library itself says: 90100 is 9.1.0, 8500 is 8.5.0. None where it cannot be asked."""
    try:
        number = torch.backends.cudnn.version()
    except Exception:  # some versions raise where there is no driver
        return None
    if not number:
        return None
    major = 10000 if number >= 90000 else 1000
    return "%d.%d.%d" % (number // major, number % major // 100, number % 100)
