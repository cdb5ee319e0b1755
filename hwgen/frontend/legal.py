"""What today's hardware runs: one recogniser a layer, and the order in which layers may follow one another.

A model is a chain: every value is used once, by the next layer. Convolutions, two at least, have a ReLU between them;
BatchNorm1d may stand between a convolution and what follows it; Dropout and Identity anywhere; log_softmax or softmax
at the end. Everything else is one error, found before anything is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import nn

from ..errors import HwgenError
from .calls import bind, refuse
from .refusals import fix_for
from .trace import Call, Traced, Value, trace

__all__ = ["Kind", "Step", "check", "steps_of"]

Kind = Literal["convolution", "batch norm", "relu", "dropout", "identity", "log_softmax", "softmax"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One layer of a legal model.

    Parameters
    ----------
    kind : Kind
    path : str
        The layer's path in the user's module, such as ``convs.0``; of a function, that of the module that calls it.
    equation : str
        What hwgen takes the layer to compute in inference.
    module : Module or None
        The layer, a copy of the user's; None for functions.
    rate : float
        A dropout's.
    """

    kind: Kind
    path: str
    equation: str
    module: nn.Module | None = None
    rate: float = 0.0


def check(model: nn.Module) -> list[Step]:
    """Say what a model computes, in hwgen's layers, or why hardware cannot run it.

    Parameters
    ----------
    model : Module
        With ``forward(x, edge_index)`` or ``forward(data)``; it is left alone, and need not be trained.

    Raises
    ------
    HwgenError
        The first construct that is not supported: its module path and line, what it is, and what to use instead.
    """
    return steps_of(trace(model))


def steps_of(traced: Traced) -> list[Step]:
    """Judge a traced model; see :func:`check`."""
    steps = [_recognise(call) for call in traced.calls]  # first, so that errors speak of layers before their order
    for index, (call, step) in enumerate(zip(traced.calls, steps, strict=True)):
        _check_chain(traced, index)
        _check_order(steps[:index], step, call)
    if isinstance(traced.result, tuple | list | dict):
        raise HwgenError(f"forward returns {len(traced.result)} values", traced.where, "return the logits only")
    if traced.result != Value("", len(steps) - 1):
        raise HwgenError("forward does not return the result of its last layer", traced.where,
                         "return that result, and make no call whose result is not used")
    real = [step for step in steps if step.kind not in ("dropout", "identity")]
    if real and real[-1].kind == "relu":
        raise HwgenError("forward ends with ReLU", traced.where, "end with a GCNConv: its result are the logits")
    convolutions = sum(step.kind == "convolution" for step in steps)
    if convolutions < 2:
        raise HwgenError(f"{convolutions} graph convolutions", traced.where, "use at least 2, with ReLU between them")
    return steps


def _recognise(call: Call) -> Step:
    from torch_geometric.nn import BatchNorm, GCNConv

    path = call.path.removeprefix("model").removeprefix(".")
    target = call.target
    if isinstance(target, nn.Module):
        recognisers: dict[type, Callable[[str, Call, Any], Step]] = {
            GCNConv: _convolution, nn.BatchNorm1d: _batch_norm, BatchNorm: _batch_norm, nn.ReLU: _relu,
            nn.Dropout: _dropout, nn.Identity: _identity, nn.LogSoftmax: _softmax, nn.Softmax: _softmax,
        }
        found = recognisers.get(type(target))  # exactly this type: a subclass may compute anything
        if found is not None:
            return found(path, call, target)
    for names, build in ((RELU, _relu), (DROPOUT, _dropout), (SOFTMAX, _softmax), (SAME, _identity)):
        if target in names:
            return build(path, call, None)
    raise HwgenError(f"{call.name} is not supported", call.where, fix_for(call))


RELU = (F.relu, F.relu_, torch.relu, torch.relu_, "relu", "relu_")
DROPOUT = (F.dropout, torch.dropout)
SOFTMAX = (F.log_softmax, F.softmax, torch.log_softmax, torch.softmax, "log_softmax", "softmax")
SAME = ("float", "contiguous")


def _convolution(path: str, call: Call, layer: Any) -> Step:
    """``z_i = d_i^-1/2 · Σ_{j ∈ N(i) ∪ {i}} d_j^-1/2 · (x_j W) + b``, d the in-degree with the self loop."""
    given = bind(call, {"x": None, "edge_index": None, "edge_weight": None})
    if given["edge_weight"] is not None:
        refuse(call, "GCNConv with edge weights", "call it with x and edge_index only: every edge weighs 1")
    if given["edge_index"] != Value("edge_index"):
        refuse(call, "GCNConv without the graph's own edge_index", "pass on the edge_index that forward was given")
    usual = {"improved": False, "add_self_loops": True, "normalize": True, "flow": "source_to_target",
             "node_dim": -2}
    for name, value in usual.items():
        if getattr(layer, name) != value:
            refuse(call, f"GCNConv with {name}={getattr(layer, name)}", f"leave {name} at its default, {value}")
    if str(layer.aggr) not in ("add", "sum"):
        refuse(call, f"GCNConv with aggr={layer.aggr}", "leave aggr at its default, add")
    if isinstance(layer.lin.weight, nn.parameter.UninitializedParameter):
        refuse(call, "GCNConv does not know its number of inputs yet", "run the model once before quantizing it")
    # cached=True is the same equation, on the graph that the model is for.
    return Step(kind="convolution", path=path, equation="D^-1/2 (A + I) D^-1/2 X W + b", module=layer)


def _batch_norm(path: str, call: Call, layer: Any) -> Step:
    """``z' = γ · (z - μ) / √(σ² + ε) + β`` with running statistics: a factor and a bias for each channel."""
    inner = getattr(layer, "module", layer)  # PyG's BatchNorm holds a BatchNorm1d
    bind(call, {"input": None, "x": None})
    if inner.running_mean is None or inner.running_var is None:
        refuse(call, f"{call.name} with track_running_stats=False", "track running statistics: inference uses them")
    return Step(kind="batch norm", path=path, equation="γ (z - μ) / √(σ² + ε) + β", module=inner)


def _relu(path: str, call: Call, layer: Any) -> Step:
    """``max(z, 0)``."""
    bind(call, {"input": None, "inplace": ...})
    return Step(kind="relu", path=path, equation="max(z, 0)")


def _dropout(path: str, call: Call, layer: Any) -> Step:
    """``x``: the identity in inference."""
    if layer is not None:
        return Step(kind="dropout", path=path, equation="x", module=layer, rate=float(layer.p))
    on = "train" if call.target is torch.dropout else "training"
    given = bind(call, {"input": None, "p": 0.5, on: True, "inplace": ...})
    if given[on]:
        refuse(call, "dropout that stays on in evaluation", "pass training=self.training")
    return Step(kind="dropout", path=path, equation="x", rate=float(given["p"]))


def _identity(path: str, call: Call, layer: Any) -> Step:
    """``x``."""
    bind(call, {"input": None})
    return Step(kind="identity", path=path, equation="x")


def _softmax(path: str, call: Call, layer: Any) -> Step:
    """``z_c - log Σ_k exp z_k``, or its exponential: increasing in z_c, so that the class is the same without it."""
    log = "log" in call.name.lower()
    given = bind(call, {"input": None, "dim": None, "_stacklevel": ..., "dtype": None})
    dim = given["dim"] if layer is None else layer.dim
    if dim not in (1, -1):
        refuse(call, f"{call.name} over dim={dim}", "use dim=1: over the classes of a node")
    if given["dtype"] is not None:
        refuse(call, f"{call.name} with dtype={given['dtype']}", "leave dtype out")
    return Step(kind="log_softmax" if log else "softmax", path=path,
                equation="z - log Σ exp z" if log else "exp z / Σ exp z")


def _check_chain(traced: Traced, index: int) -> None:
    """The first argument is the result of the call before, and nothing else uses that."""
    call = traced.calls[index]
    given = call.args[0] if call.args else call.kwargs.get("x", call.kwargs.get("input"))
    wanted = Value("", index - 1) if index else Value("x")
    if given == wanted:
        return
    if not isinstance(given, Value) or given.index < 0:
        name = given.name if isinstance(given, Value) else repr(given)
        raise HwgenError(f"{call.name} of {name}", call.where, "make it part of the chain that begins with x")
    earlier = traced.calls[given.index]
    refuse(call, f"{call.name} takes the result of {earlier.name} at {earlier.where}, not of the layer before it",
            "use every value once, in the layer that follows: hwgen runs a chain of layers")


def _check_order(before: list[Step], step: Step, call: Call) -> None:
    """Where a layer may stand; ``before`` are the layers ahead of it."""
    if step.kind in ("dropout", "identity"):
        return
    real = [each for each in before if each.kind not in ("dropout", "identity")]
    last = real[-1].kind if real else None
    if last in ("log_softmax", "softmax"):
        refuse(call, f"{call.name} after {last}", f"make {last} the last call")
    if step.kind == "convolution":
        if any(each.module is step.module for each in before):
            refuse(call, "GCNConv that is called twice", "make one GCNConv for each layer")
        if last in ("convolution", "batch norm"):
            refuse(call, "GCNConv without a ReLU before it", "put ReLU between graph convolutions")
    if step.kind == "batch norm" and last != "convolution":
        refuse(call, f"{call.name} after {last or 'the input'}", "put it right after a GCNConv, before ReLU")
    if step.kind in ("relu", "log_softmax", "softmax") and last is None:
        refuse(call, f"{call.name} of the input", "begin with GCNConv")
    if step.kind in ("log_softmax", "softmax") and last == "relu":
        refuse(call, f"{call.name} after ReLU", "end with a GCNConv: its result are the logits")
