"""lstm_engine.LSTM, this project's module, in place of nn.LSTM."""
import hashlib
import os
import sys

from errors import message_of
from stacked import Packed

PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "python")


def use_library(path):
    """The package of this source, with a library that was built from it."""
    os.environ["LSTM_LIBRARY"] = path
    sys.path.insert(0, PACKAGE)


def load():
    """(the package, why there is none): one of the two. It is that of use_library(), or an installed one."""
    try:
        import lstm_engine
        lstm_engine.precisions()  # loads the library
        return lstm_engine, ""
    except Exception as error:  # old versions of Python and PyTorch can raise anything
        return None, "lstm_engine cannot be imported (%s: %s)" % (type(error).__name__, message_of(error))


def build():
    """For the library table."""
    package, _ = load()
    if not package:
        return {}
    with open(package.library.path(), "rb") as library:
        return {"lstm_engine": hashlib.sha256(library.read()).hexdigest()[:12]}


class Engine(Packed):
    """Dense where all samples have all steps, else over packed sequences."""

    @staticmethod
    def dtypes():
        package, _ = load()
        return package.precisions() if package else ["fp32"]

    @staticmethod
    def devices():
        return ["cpu"]

    @staticmethod
    def unavailable():
        return load()[1]

    def make_lstm(self, *arguments, **named):
        return load()[0].LSTM(*arguments, precision=self.problem.dtype, **named)

    def forward(self, x):
        if self.problem.is_dense:
            return self.dense_logits(self.lstm(x)[0])
        return super(Engine, self).forward(x)
