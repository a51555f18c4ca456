"""Runs a program with a torch that has only what PyTorch 0.1.12 to 0.3.1 had.

python torch_0_3.py [--warp-ctc] PROGRAM [ARGUMENTS]

The real torch does the work. In front of it stand modules with only the names of that time, and for the folder of
the program every attribute of a tensor or a module of torch.nn is looked up in the lists below. Variables are
marked: handing a plain tensor to an operation together with a Variable fails, as it did.
"""
import os
import runpy
import sys
import types

import torch
import torch.autograd
import torch.nn.functional
import torch.nn.utils.rnn
import torch.optim

# What the three versions have in common, as far as an LSTM may want it (their documentation, "torch.Tensor",
# "torch.autograd", "torch.nn").
TENSOR = """abs add add_ backward chunk clone contiguous copy_ cpu creator cuda data dim div double exp fill_ float
    gather get_device grad grad_fn half index_add index_copy index_fill index_select int is_contiguous is_cuda
    is_leaf long masked_fill masked_select max mean min mm mul mul_ narrow ndimension new norm numel numpy permute
    pin_memory repeat requires_grad scatter select share_memory_ sigmoid size split squeeze storage storage_offset
    stride sub sum t tanh tolist transpose type type_as unsqueeze view view_as volatile zero_""".split()
MODULE = """add_module apply children cpu cuda double eval float forward half load_state_dict modules named_children
    named_modules named_parameters parameters register_backward_hook register_buffer register_forward_hook
    register_forward_pre_hook register_parameter share_memory state_dict train training type zero_grad""".split()
NAMES = {
    "torch": """FloatTensor DoubleTensor LongTensor IntTensor ByteTensor arange cat chunk from_numpy
        get_num_threads index_select is_tensor load manual_seed max mean min mm ones rand randn range save
        set_num_threads sigmoid split stack sum t tanh transpose zeros Tensor version""".split(),
    "torch.autograd": ["Variable", "Function", "backward"],
    "torch.cuda": "current_device device_count empty_cache get_device_name is_available synchronize".split(),
    "torch.nn": "LSTM LSTMCell Linear Module ModuleList Parameter Sequential CrossEntropyLoss".split(),
    "torch.nn.functional": "cross_entropy dropout linear log_softmax nll_loss relu sigmoid softmax tanh".split(),
    "torch.nn.utils": [],
    "torch.nn.utils.rnn": ["PackedSequence", "pack_padded_sequence", "pad_packed_sequence"],
    "torch.optim": ["Adam", "SGD", "Optimizer"],
    "torch.backends": [],
    "torch.backends.cudnn": ["version", "enabled", "is_available"],
}


class OldVariable(torch.Tensor):
    """A tensor that autograd knows: mixing it with one that it does not know was an error."""

    folder = None

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        is_program = sys._getframe(1).f_code.co_filename.startswith(cls.folder)
        for value in flat(list(args) + list((kwargs or {}).values())):
            if is_program and type(value) is torch.Tensor:
                raise TypeError("%s got a plain tensor beside a Variable" % getattr(function, "__name__", function))
        return super().__torch_function__(function, types, args, kwargs or {})


def flat(values):
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from flat(value)
        else:
            yield value


def variable(tensor):
    if type(tensor) is not torch.Tensor:
        raise TypeError("Variable() takes a tensor, got %s" % type(tensor).__name__)
    return tensor.as_subclass(OldVariable)


def watched(folder, real, allowed, class_names=()):
    """__getattribute__ that refuses, to programs in the folder, what is not allowed."""
    def lookup(self, name):
        caller = sys._getframe(1).f_code.co_filename
        if caller.startswith(folder) and name not in allowed and not name.startswith("__"):
            if not class_names or name in class_names:
                raise AttributeError("%s had no attribute %r in 0.3" % (type(self).__name__, name))
        value = real(self, name)
        if caller.startswith(folder) and name == "data" and isinstance(value, torch.Tensor):
            value = value.as_subclass(torch.Tensor)
            return value.view(1) if value.dim() == 0 else value  # there were no zero-dimensional tensors
        return value
    return lookup


class OldModule(types.ModuleType):
    """The names of that time for programs in the folder, all names for torch itself."""

    def __getattr__(self, name):
        is_private = name.startswith("__") and name != "__config__"
        if sys._getframe(1).f_code.co_filename.startswith(self.__folder__) and not is_private:
            raise AttributeError("module %r had no attribute %r in 0.3" % (self.__name__, name))
        return getattr(self.__real__, name)


def install(folder):
    """Puts the old modules in front of torch, for good."""
    real = {name: sys.modules[name] for name in NAMES}
    OldVariable.folder = folder
    for name in sorted(NAMES, key=len):
        module = OldModule(name)
        module.__real__, module.__folder__, module.__path__ = real[name], folder, getattr(real[name], "__path__", [])
        for known in NAMES[name]:
            if hasattr(real[name], known):
                setattr(module, known, getattr(real[name], known))
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
    sys.modules["torch"].__version__ = "0.3.1.post2"
    sys.modules["torch.autograd"].Variable = variable
    torch.Tensor.__getattribute__ = watched(folder, torch.Tensor.__getattribute__, set(TENSOR))
    Module = real["torch.nn"].Module
    own = set(dir(Module))
    Module.__getattribute__ = watched(folder, Module.__getattribute__, set(MODULE), own)


class WarpCTCLoss(object):
    """warpctc_pytorch.CTCLoss: Variables of ints on the host, the sum over the samples."""

    def __call__(self, logits, labels, logit_lengths, label_lengths):
        for what in (logits, labels, logit_lengths, label_lengths):
            if type(what) is not OldVariable:
                raise TypeError("warp-ctc takes Variables, got %s" % type(what).__name__)
        for what in (labels, logit_lengths, label_lengths):
            if what.dtype != torch.int32:
                raise TypeError("warp-ctc takes IntTensors, got %s" % what.dtype)
        return torch.nn.functional.ctc_loss(logits.log_softmax(2), labels.long(), logit_lengths.long(),
                                            label_lengths.long(), reduction="sum")


def main():
    if sys.argv[1] == "--warp-ctc":
        del sys.argv[1]
        sys.modules["warpctc_pytorch"] = types.ModuleType("warpctc_pytorch")
        sys.modules["warpctc_pytorch"].CTCLoss = WarpCTCLoss
    program = os.path.abspath(sys.argv[1])
    install(os.path.dirname(program) + os.sep)
    sys.argv = sys.argv[1:]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
