#!/usr/bin/env python3
"""Trains LSTMs with TensorFlow on the CPU, as a worker of lstmbench.

The program speaks the worker protocol (docs/worker-protocol.md): requests come on file descriptor 3, replies go
to descriptor 4, one JSON object a line. It needs tensorflow (with the keras and numpy that it depends on). lstmbench
starts it; by hand:

    python worker.py --help
    python worker.py 3<requests.jsonl 4>replies.jsonl
"""
import argparse
import os
import platform
import sys

sys.dont_write_bytecode = True  # interpreters of many versions share this folder
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "protocol", "python")]

from errors import ProtocolError, message_of  # noqa: E402
from serving import Worker, chosen  # noqa: E402

IS_XLA = {"tensorflow/LSTM": False, "tensorflow/LSTM-xla": True}
DTYPES = ["fp32", "fp64"]
OFFERS = [
    {"name": "tensorflow/LSTM", "description": "keras.layers.LSTM in a tf.function"},
    {"name": "tensorflow/LSTM-xla", "description": "keras.layers.LSTM in a tf.function with jit_compile",
     "notes": {dtype: "XLA compiles forward, loss and backward as one: backward is the time of all three"
               for dtype in DTYPES}}]


class TensorFlow(Worker):
    library = "tensorflow"

    def load(self, threads):
        os.environ.update(CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only: the rest is about GPUs and advertisement
        try:
            import keras  # noqa: F401
            import tensorflow  # noqa: F401
        except Exception as error:  # a broken build can raise anything
            raise ProtocolError("failed", "TensorFlow cannot be imported by %s: %s"
                                % (sys.executable, message_of(error)))

    def about(self):
        import keras
        import numpy
        import tensorflow
        build = {"python": platform.python_version(), "numpy": numpy.__version__, "keras": keras.__version__}
        return tensorflow.__version__, build, [dict(offer, dtypes=DTYPES, devices=["cpu"]) for offer in OFFERS]

    def train(self, request):
        from training import Training
        return Training(request, chosen(request, IS_XLA))


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    TensorFlow().serve()


if __name__ == "__main__":
    main()
