"""What differs between PyTorch 0.1.12 and today, in one place.

`api` is the way that tensors are handled: TensorApi since 0.4; VariableApi before, where autograd worked on
Variables around tensors, and zero-dimensional tensors, devices and dtypes did not exist. VariableApi still works
on later versions: `worker.py --api variable` takes it there, too, so that the old path can be tested.
"""
from __future__ import division

import math
import time

import torch
import torch.autograd
import torch.nn.functional  # some versions do not import it themselves

from errors import unsupported

DTYPES = ["fp32", "bf16", "fp64"]

if hasattr(torch, "no_grad"):  # 0.4: torch.autograd.Function with static methods does what it does today
    class PermuteRows(torch.autograd.Function):
        """Rows in an order that is its own inverse. index_select's gradient would add rows up one by one."""

        @staticmethod
        def forward(context, rows, index):
            context.index = index
            return rows.index_select(0, index)

        @staticmethod
        def backward(context, gradient):
            return gradient.index_select(0, context.index), None


class TensorApi(object):
    name = "tensor"

    def wrap(self, tensor):
        """A tensor as a constant that networks take."""
        return tensor

    def zeros(self, like, rows, columns):
        """(rows, columns), of the type and on the device of another."""
        return like.new_zeros(rows, columns)

    def move(self, tensor, device):
        return tensor.to(device, non_blocking=True)

    def scalar(self, loss):
        return float(loss.item())

    def clear_gradients(self, parameters):
        for parameter in parameters:
            parameter.grad = None

    def permute_rows(self, rows, index):
        """rows (R, C) in the order of index (R), which must be its own inverse."""
        return PermuteRows.apply(rows, index)

    def ctc_problem(self, label_lengths):
        """Why there is no CTC loss for such labels; None where there is one."""
        if not hasattr(torch.nn.functional, "ctc_loss"):
            return warp_ctc_problem()
        return empty_labels_problem() if (label_lengths == 0).any() else None

    def ctc_loss(self, logits, labels, logit_lengths, label_lengths):
        """Sum over the samples. logits (T, N, V); labels one after the other; lengths on the host, unwrapped."""
        functional = torch.nn.functional
        if hasattr(functional, "ctc_loss"):
            return functional.ctc_loss(functional.log_softmax(logits, 2), labels, logit_lengths, label_lengths,
                                       blank=0, reduction="sum")
        return warp_ctc_loss(self, logits, labels, logit_lengths, label_lengths)


class VariableApi(object):
    name = "variable"

    def wrap(self, tensor):
        return torch.autograd.Variable(tensor)

    def zeros(self, like, rows, columns):
        return torch.autograd.Variable(like.data.new(rows, columns).zero_())

    def move(self, tensor, device):
        return tensor.cuda() if device == "cuda" else tensor

    def scalar(self, loss):
        return float(loss.data.view(-1)[0])

    def clear_gradients(self, parameters):
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.data.zero_()

    def permute_rows(self, rows, index):
        return rows.index_select(0, index)

    def ctc_problem(self, label_lengths):
        return warp_ctc_problem()

    def ctc_loss(self, logits, labels, logit_lengths, label_lengths):
        return warp_ctc_loss(self, logits, labels, logit_lengths, label_lengths)


def empty_labels_problem():
    """Why ctc_loss cannot be trusted with a sample without labels; None where it can. 1.0.0 then reads memory that
    it never wrote; that of a long batch comes from the system, which clears it, so that the loss is seen to be wrong."""
    steps, classes = 20000, 3
    log_probabilities = torch.nn.functional.log_softmax(torch.zeros(steps, 2, classes), 2)
    loss = torch.nn.functional.ctc_loss(log_probabilities, torch.tensor([1, 2]), torch.tensor([steps, steps]),
                                        torch.tensor([2, 0]), blank=0, reduction="none")
    expected = steps * math.log(classes)  # blanks alone
    if abs(float(loss[1]) / expected - 1) < 1e-3:
        return None
    return ("the ctc_loss of PyTorch %s is wrong for a sample without labels: it is %.5g where %.5g is right"
            % (torch.__version__, float(loss[1]), expected))


def warp_ctc_problem():
    try:
        import warpctc_pytorch  # noqa: F401
    except Exception as error:  # a binding built for another version can raise anything
        return ("PyTorch %s has no ctc_loss, and warp-ctc (warpctc_pytorch) cannot be imported: %s"
                % (torch.__version__, error))
    return None


def warp_ctc_loss(api, logits, labels, logit_lengths, label_lengths):
    import warpctc_pytorch
    lengths = [api.wrap(values.int()) for values in (logit_lengths, label_lengths)]
    return warpctc_pytorch.CTCLoss()(logits.contiguous(), labels.cpu().int(), *lengths)


APIS = {"tensor": TensorApi, "variable": VariableApi}
api = TensorApi() if hasattr(torch, "no_grad") else VariableApi()


def use_api(name):
    """Takes another way than the version's own; before any network is made."""
    global api
    api = APIS[name]()


def prepare_process():
    """Before the first parallel work: threads made later inherit these settings."""
    if hasattr(torch, "set_flush_denormal"):
        torch.set_flush_denormal(True)
    if hasattr(torch, "set_num_interop_threads"):
        torch.set_num_interop_threads(1)


def nanosecond_clock():
    if hasattr(time, "perf_counter_ns"):
        return time.perf_counter_ns
    seconds = getattr(time, "perf_counter", time.time)
    return lambda: int(seconds() * 1e9)


def has_autocast():
    return api.name == "tensor" and hasattr(torch, "autocast")


def autocast(device):
    if has_autocast():
        return torch.autocast(device, dtype=torch.bfloat16)
    raise unsupported("bf16 needs torch.autocast, which PyTorch %s lacks" % torch.__version__)


def supported_dtypes():
    dtypes = DTYPES if has_autocast() else [dtype for dtype in DTYPES if dtype != "bf16"]
    return dtypes + ["tf32"] if has_tf32() else dtypes


def has_tf32():
    """Whether there is a GPU that can round operands of fp32 products to TF32, and a PyTorch that can be told to."""
    return (has_cuda() and hasattr(torch.backends.cudnn, "allow_tf32")
            and torch.cuda.get_device_capability()[0] >= 8)


def allow_tf32(is_allowed):
    """Whether products of fp32 may round their operands to TF32 on a GPU. Without being told, cuDNN's LSTM does in
    every version, and so do matrix products before 1.12."""
    backends = getattr(torch, "backends", None)
    for owner in (getattr(backends, "cudnn", None), getattr(getattr(backends, "cuda", None), "matmul", None)):
        if hasattr(owner, "allow_tf32"):
            owner.allow_tf32 = is_allowed


def cast(what, dtype):
    """A tensor or a module in the type that parameters and data of a dtype have: bf16 and tf32 keep them in fp32."""
    return what.double() if dtype == "fp64" else what.float()


def has_cuda():
    return torch.cuda.is_available()


def devices():
    return ["cpu", "cuda"] if has_cuda() else ["cpu"]


class DeviceMemory(object):
    """The most of a GPU's memory in use beyond what was in use when this was made, before a case is. Whatever the case
    brought counts: what PyTorch keeps for itself between steps, and what cuDNN and cuBLAS take beside it."""

    def __init__(self):
        torch.cuda.current_device()  # starts what the calls below ask
        if hasattr(torch.cuda, "empty_cache"):
            torch.cuda.empty_cache()  # of earlier cases
        if hasattr(torch.cuda, "reset_peak_memory_stats"):
            torch.cuda.reset_peak_memory_stats()
        self.before = self.bytes_in_use()
        self.most = self.before

    def bytes_in_use(self):
        """As the driver says, through PyTorch since 1.10; None before."""
        if not hasattr(torch.cuda, "mem_get_info"):
            return None
        free, total = torch.cuda.mem_get_info()
        return int(total - free)

    def note(self):
        """When the case holds as much as it ever will: PyTorch gives nothing back."""
        if self.before is not None:
            self.most = max(self.most, self.bytes_in_use())

    def peak_bytes(self):
        if self.before is not None:
            return self.most - self.before
        for name in ("max_memory_reserved", "max_memory_cached", "max_memory_allocated"):  # since 1.4, 0.4.1, 0.4
            if hasattr(torch.cuda, name):
                return int(getattr(torch.cuda, name)())
        return None
