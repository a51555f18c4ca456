"""Training steps of a prepared case, timed in five phases."""
import os

import numpy as np
import torch

import adam
import versions
from errors import is_out_of_memory, member, positive, unsupported
from network import cannot_compile
from serving import json_number
from sorted_problem import SortedProblem


class Training(object):
    """A network, its batch and its optimiser; step() is one training step."""

    def __init__(self, request, network_class):
        self.dtype = member(request, "dtype")
        self.device = member(request, "device")
        reason = network_class.unavailable()
        if reason:
            raise unsupported(reason)
        for what, value, known in (("dtype", self.dtype, network_class.dtypes()),
                                   ("device", self.device, network_class.devices())):
            if value not in known:
                raise unsupported("%s %s; PyTorch %s here has %s"
                                  % (what, value, torch.__version__, ", ".join(known)))
        if self.dtype == "tf32" and self.device != "cuda":
            raise unsupported("tf32 is a GPU's, and this case is on the device %s" % self.device)
        torch.set_num_threads(positive(request, "threads"))
        if self.device == "cuda":
            # Before a network is placed, which may capture graphs. Forbidden to fp32 only: without TF32, PyTorch has
            # cuDNN compute a bf16 LSTM without tensor cores.
            versions.allow_tf32(self.dtype != "fp32")

        self.problem = problem = SortedProblem(request)
        ctc_problem = versions.api.ctc_problem(problem.label_lengths) if problem.loss == "ctc" else None
        if ctc_problem:
            raise unsupported(ctc_problem)

        self.device_memory = versions.DeviceMemory() if self.device == "cuda" else None
        self.network = versions.cast(network_class(problem), self.dtype)
        self.initial = dict((name, problem.read("parameters/" + name, "float32", tuple(parameter.size())))
                            for name, parameter in self.network.parameters_by_name())
        self.set_parameters(self.initial)
        self.network = self.network.place(self.device)
        self.optimizer = self.make_optimizer(member(request, "optimizer"))
        self.has_run = False

        self.host_x = versions.cast(torch.from_numpy(problem.x), self.dtype)
        self.host_labels = torch.from_numpy(problem.labels)
        if self.device == "cuda":
            self.host_x, self.host_labels = self.host_x.pin_memory(), self.host_labels.pin_memory()
        if problem.loss == "ctc":  # both stay on the host, where CTC losses read them
            self.loss_lengths = torch.from_numpy(problem.loss_lengths.astype(np.int64))
            self.label_lengths = torch.from_numpy(problem.label_lengths.astype(np.int64))
        self.clock = versions.nanosecond_clock()
        if self.network.compiles:
            self.compile()
        self.note_memory()

        self.description = "torch %s, %s, %d threads" % (torch.__version__, self.device, torch.get_num_threads())

    def device_peak_bytes(self):
        return None if self.device_memory is None else self.device_memory.peak_bytes()

    def note_memory(self):
        if self.device_memory is not None:
            self.device_memory.note()

    def compile(self):
        """Steps that compile, and those that specialise on what the first ones saw."""
        try:
            for _ in range(3):
                self.step(False)
        except (MemoryError, RuntimeError, TypeError, ImportError) as error:
            if is_out_of_memory(error):
                raise
            raise cannot_compile(error)

    def make_optimizer(self, settings):
        if member(settings, "name") != "adam":
            raise unsupported("optimizer %r; known: adam" % (settings["name"],))
        return adam.make(list(self.network.parameters()), settings.get("learning_rate", 1e-3),
                         (settings.get("beta1", 0.9), settings.get("beta2", 0.999)), settings.get("epsilon", 1e-8))

    def set_parameters(self, arrays):
        for name, parameter in self.network.parameters_by_name():
            parameter.data.copy_(torch.from_numpy(arrays[name]))

    def now(self):
        if self.device == "cuda":
            torch.cuda.synchronize()
        return self.clock()

    def mark(self):
        """A moment of a step: on a GPU, when it gets there, which nobody waits for."""
        if self.device != "cuda":
            return self.clock()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def between(self, first, last):
        """Nanoseconds between two marks that were reached."""
        return int(first.elapsed_time(last) * 1e6) if self.device == "cuda" else last - first

    def logits(self, x):
        if self.dtype != "bf16":
            return self.network(x)
        try:
            with versions.autocast(self.device):
                return self.network(x)
        except RuntimeError as error:
            if "could not create a primitive" not in str(error):
                raise
            raise unsupported("PyTorch %s has no bf16 LSTM for this processor (its oneDNN needs AVX-512): %s"
                              % (torch.__version__, error))

    def loss(self, logits, labels):
        logits = versions.cast(logits, self.dtype)
        if self.problem.loss == "cross-entropy":
            return torch.nn.functional.cross_entropy(logits, labels)
        return versions.api.ctc_loss(logits, labels, self.loss_lengths, self.label_lengths)

    def step(self, is_update):
        """Phases of one training step in nanoseconds, and its loss.

        A GPU is waited for behind the input, behind forward + loss + backward (by the host's clock) and behind the
        update, and the loss is read behind backward, as who trains would: forward and loss are the GPU's own times,
        backward is the rest."""
        api = versions.api
        reads_loss_late = self.device == "cuda"
        start = self.now()
        x, labels = [api.wrap(api.move(tensor, self.device)) for tensor in (self.host_x, self.host_labels)]
        input_end = self.now()
        forward_start = self.mark()
        logits = self.logits(x)
        forward_end = self.mark()
        loss = self.loss(logits, labels)
        if not reads_loss_late:
            value = api.scalar(loss)
        loss_end = self.mark()
        api.clear_gradients(self.network.parameters())
        loss.backward()
        if reads_loss_late:
            value = api.scalar(loss)
        backward_end = self.now()
        if is_update:
            self.optimizer.step()
        update_end = self.now()
        forward_ns, loss_ns = self.between(forward_start, forward_end), self.between(forward_end, loss_end)
        return {"input_ns": input_end - start, "forward_ns": forward_ns, "loss_ns": loss_ns,
                "backward_ns": backward_end - input_end - forward_ns - loss_ns,
                "update_ns": update_end - backward_end, "loss": json_number(value)}

    def run(self, steps):
        self.has_run = True
        times = [self.step(True) for _ in range(steps)]
        self.note_memory()
        return times

    def check(self, directory):
        """Loss at the prepared parameters; writes their gradients. Steps that were run before are not lost."""
        current = None
        if self.has_run:
            current = dict((name, parameter.data.cpu().numpy().copy())
                           for name, parameter in self.network.parameters_by_name())
            self.set_parameters(self.initial)
        loss = self.step(False)["loss"]
        for name, parameter in self.network.parameters_by_name():
            gradient = np.ascontiguousarray(parameter.grad.data.cpu().numpy())  # in C order, as the protocol asks
            np.save(os.path.join(directory, name + ".npy"), gradient)
        if current is not None:
            self.set_parameters(current)
        return loss
