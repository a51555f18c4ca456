"""One engine of the library, and the pool that they come from.

An engine holds what backward needs from its forward on, so each forward that is to be differentiated has one for itself
until backward has run or the graph is gone."""

import collections
import ctypes
import os
import queue
import threading

import torch

from lstm_engine import library

# Engines that wait for their next forward; the oldest of more are ended. So many may be in use at once, again and
# again, without being made anew.
MOST_IDLE = 4

# C, H, L, D and one of precisions().
Network = collections.namedtuple("Network", "inputs units layers directions precision")


class Size(collections.namedtuple("Size", "samples time_steps total_steps")):
    """Of a batch, or the largest that an engine can take: N, T, the sum of all lengths."""

    def fits_into(self, other):
        return all(mine <= theirs for mine, theirs in zip(self, other))

    def united_with(self, other):
        return Size(*map(max, self, other))


def address(tensor):
    """Where the numbers of a contiguous tensor of floats lie; None of None."""
    return None if tensor is None else tensor.data_ptr()


def addresses(tensors):
    return (ctypes.c_void_p * len(tensors))(*map(address, tensors))


class Engine:
    """A layer of the C interface. All tensors are contiguous, on the CPU, and float32, but lengths int32."""

    def __init__(self, network, size, threads, input_gradients):
        self.network, self.size, self.threads, self.input_gradients = network, size, threads, input_gradients
        self.process = os.getpid()
        self.layer = None  # what __del__ finds where create fails
        settings = library.LayerSettings(
            network.inputs, network.units, network.layers, network.directions, size.samples, size.time_steps,
            size.total_steps, threads, input_gradients, network.precision.encode(), library.parallel_region())
        layer = ctypes.c_void_p()
        library.call("lstm_layer_create", ctypes.byref(settings), ctypes.byref(layer))
        self.layer = layer
        self.destroy = library.library().lstm_layer_destroy  # at hand when the interpreter ends

    def __del__(self):
        if self.layer is not None and self.process == os.getpid():  # a child of fork() does not have its threads
            self.destroy(self.layer)

    def description(self):
        return library.library().lstm_layer_description(self.layer).decode()

    def forward(self, batch, x, states, parameters):
        """Outputs (..., D*H) and final states (L*D, N, H) of x (..., C) of a Padded or Packed batch.

        States and parameters may be None. x must be kept, unchanged, until backward."""
        library.call("lstm_layer_set_parameters", self.layer, addresses(parameters), len(parameters))
        samples, time_steps, _ = batch.size
        loaded = library.LayerBatch(samples, time_steps, address(x), address(batch.lengths), *map(address, states),
                                    batch.order)
        network = self.network
        outputs = x.new_empty(*x.shape[:-1], network.directions * network.units)
        h, c = (x.new_empty(network.layers * network.directions, samples, network.units) for _ in range(2))
        results = map(address, (outputs, h, c))
        library.call("lstm_layer_forward", self.layer, ctypes.byref(loaded), *results)
        return outputs, h, c

    def backward(self, d_outputs, d_h, d_c, dx, d_states, d_parameters):
        """Writes gradients of what forward was given into dx, d_states (two) and d_parameters. Each may be None.

        Those that it starts from, the first three, are zero where they are None."""
        output_gradients = library.OutputGradients(*map(address, (d_outputs, d_h, d_c)))
        input_gradients = library.InputGradients(address(dx), *map(address, d_states), addresses(d_parameters),
                                                 len(d_parameters))
        library.call("lstm_layer_backward", self.layer, ctypes.byref(output_gradients),
                     ctypes.byref(input_gradients))


class Loan:
    """An engine for one forward and, perhaps, its backward. It goes back when that is over: at the latest with the
    loan."""

    def __init__(self, pool, engine):
        self.pool, self.engine = pool, engine
        self.x = None  # kept for the engine until backward

    def end(self):
        engine, self.engine, self.x = self.engine, None, None
        if engine is not None:
            self.pool.give_back(engine)

    __del__ = end


class EnginePool:
    """The engines of one module. Any number of threads may use it. A copy begins with none."""

    def __init__(self, network):
        self.network = network
        self.lock = threading.Lock()
        self.idle = []  # the last that was used is the last
        # A garbage collection may end loans at any time, also in the thread that has the lock: this queue allows it.
        self.returned = queue.SimpleQueue()

    def __reduce__(self):
        return EnginePool, (self.network,)

    def give_back(self, engine):
        if self.returned.qsize() < MOST_IDLE:  # else it is one too many, and ends here
            self.returned.put(engine)

    def lend(self, size, input_gradients):
        """A Loan of an engine for batches of that Size. `input_gradients`: whether dx will be asked for; None: backward
        will not be run, so that any engine will do."""
        threads = torch.get_num_threads()
        with self.lock:
            engine, size, input_gradients = self._take(size, input_gradients, threads)
        return Loan(self, engine or Engine(self.network, size, threads, bool(input_gradients)))

    def idle_engines(self):
        with self.lock:
            self._collect()
            return list(self.idle)

    def _take(self, size, input_gradients, threads):
        """An idle engine, or None; and the Size and kind of a new one, which replaces one that was too small."""
        self._collect()
        process = os.getpid()
        self.idle = [engine for engine in self.idle if (engine.threads, engine.process) == (threads, process)]
        of_this_kind = [i for i, engine in enumerate(self.idle)
                        if input_gradients in (None, engine.input_gradients)]
        for i in reversed(of_this_kind):
            if size.fits_into(self.idle[i].size):
                return self.idle.pop(i), size, input_gradients
        if not of_this_kind:
            return None, size, input_gradients
        small = self.idle.pop(of_this_kind[-1])
        return None, size.united_with(small.size), small.input_gradients

    def _collect(self):
        while True:
            try:
                self.idle.append(self.returned.get_nowait())
            except queue.Empty:
                break
        del self.idle[:-MOST_IDLE]
