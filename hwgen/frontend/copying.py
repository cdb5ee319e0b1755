"""A user's module to look at and to run: a copy on the CPU, in float32, that knows no graph, out of its wrappers."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin

from ..errors import HwgenError
from .user_code import line_of, said, users_code

__all__ = ["copy_of", "unwrapped"]

#: Classes of PyTorch and PyG that only forward to a module, and the attribute that holds it.
WRAPPERS = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module",
            "AveragedModel": "module"}


def unwrapped(module: nn.Module) -> nn.Module:
    """The module within a compiled, parallel or averaged one; any other module itself.

    Raises
    ------
    HwgenError
        Not a module.
    """
    if not isinstance(module, nn.Module):
        kind = f"the class {module.__name__}" if isinstance(module, type) else f"a {type(module).__name__}"
        raise HwgenError(f"the model is {kind}, not a torch.nn.Module", "model", "pass a module, with its weights")
    while True:
        names = [each.__name__ for each in type(module).__mro__ if each.__module__.startswith("torch")]
        held = next((getattr(module, WRAPPERS[name], None) for name in names if name in WRAPPERS), None)
        if not isinstance(held, nn.Module):
            return module
        module = held


def copy_of(module: nn.Module, *, training: bool = False) -> nn.Module:
    """Copy a module, in evaluation mode or in training; lazy layers that know their size become ordinary ones.

    What a module keeps beside its layers, such as a lock, an open file or the values of its last run, need not be
    copied: the copy shares it, or has the values.

    Raises
    ------
    HwgenError
        As :func:`unwrapped`; TorchScript, weights that are complex or have no values yet, or a copy that fails.
    """
    module = unwrapped(module)
    where = f"model ({type(module).__name__})"
    if isinstance(module, torch.jit.ScriptModule):
        raise HwgenError("a TorchScript module, whose forward cannot be read", where,
                         "pass the module that it was made from")
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if nn.parameter.is_lazy(tensor):
            path = name.rpartition(".")[0]
            raise HwgenError(f"{type(module.get_submodule(path)).__name__} does not know its number of inputs yet",
                             f"model.{path}" if path else where, "run the model once on a graph, or load its weights")
        if tensor.is_complex() and isinstance(tensor, nn.Parameter):
            raise HwgenError(f"{name} is complex", where, "use real weights: hardware has no complex numbers")
        if tensor.is_meta:
            raise HwgenError(f"{name} is on the meta device, and has no values", where,
                             "make the module on the CPU, and load its weights")
    with users_code(lambda error: HwgenError(
            f"the module cannot be copied: {said(error)}", line_of(error) or where,
            "let copy.deepcopy(model) work: leave out __deepcopy__, and what holds more than layers")):
        copied = _copied(module).cpu().float().train(training)
    for layer in copied.modules():
        layer._modules.update({name: unwrapped(each) for name, each in layer.named_children()})
        if isinstance(layer, LazyModuleMixin) and hasattr(layer, "_initialize_hook"):
            _finish(layer)
        for name in ("_cached_edge_index", "_cached_adj_t"):  # GCNConv(cached=True) may have seen another graph
            if hasattr(layer, name):
                setattr(layer, name, None)
    return copied


def _copied(module: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(module)
    except Exception:  # something beside its layers cannot be copied, such as a lock: find it, and copy around it
        memo: dict[int, object] = {}
        for layer in module.modules():
            others = {name: each for name, each in vars(layer).items() if name not in ("_modules", "_parameters")}
            for value in (*others.values(), *layer._buffers.values()):
                if value is not layer._buffers and not _can_be_copied(value):
                    memo[id(value)] = _instead(value)
        return copy.deepcopy(module, memo)


def _can_be_copied(value: object) -> bool:
    try:
        copy.deepcopy(value)
    except Exception:  # a lock, a file, a tensor with a history: each says no in its own way
        return False
    return True


def _instead(value: object) -> object:
    if isinstance(value, Tensor):
        return value.detach().clone()
    return copy.copy(value) if isinstance(value, list | dict | set) else value


def _finish(layer: nn.Module) -> None:
    """Make a lazy layer that has its weights, from a file, what its first call would make it."""
    for name in ("_initialize_hook", "_load_hook"):
        getattr(layer, name).remove()
        delattr(layer, name)
    assert isinstance(layer, LazyModuleMixin)
    if layer.cls_to_become is not None:
        layer.__class__ = layer.cls_to_become
    if isinstance(layer, nn.Linear):
        layer.in_features = layer.weight.shape[1]
    if isinstance(layer, nn.BatchNorm1d) and layer.running_mean is not None:
        layer.num_features = len(layer.running_mean)
