"""A user's own module as a :class:`GCN`: recognised, batch norms folded, and compared with the original by running."""

from __future__ import annotations

import copy
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..errors import HwgenError
from .gcn import GCN, Convolution
from .graph import Graph
from .legal import Step, steps_of
from .trace import arguments, trace

__all__ = ["as_gcn", "compare"]

#: Largest difference of a logit from the user's own, relative to the largest logit: float32, summed in another order.
TOLERANCE = 1e-4


def as_gcn(model: nn.Module) -> GCN:
    """Copy a model into a :class:`GCN`, with its weights; a graph is not needed, and nothing is run.

    A BatchNorm1d (Ioffe & Szegedy, ICML 2015) after a convolution folds into it exactly: with ``s = γ / √(σ² + ε)`` of
    its running statistics, ``W' = W · diag(s)`` and ``b' = (b - μ) · s + β``.

    Raises
    ------
    HwgenError
        What :func:`hwgen.frontend.legal.check` refuses.
    """
    if isinstance(model, GCN):
        return copy.deepcopy(model)
    layers: list[Convolution] = []
    paths: list[str] = []
    kept = [1.0]  # share that dropout leaves of each layer's input
    head: Literal["", "log_softmax", "softmax"] = ""
    for step in steps_of(trace(model)):
        if step.kind == "convolution":
            layers.append(_convolution(step))
            paths.append(step.path)
            kept.append(1.0)
        elif step.kind == "batch norm":
            _fold(step.module, layers[-1])
        elif step.kind == "dropout":
            kept[-1] *= 1 - step.rate
        elif step.kind in ("log_softmax", "softmax"):
            head = "log_softmax" if step.kind == "log_softmax" else "softmax"
    # What follows the last convolution drops logits: inference has no use for it, and neither has training.
    return GCN.of(layers, paths=paths, dropouts=[1 - share for share in kept[:-1]], head=head).train()


@torch.no_grad()
def compare(model: nn.Module, ours: GCN, graph: Graph) -> None:
    """Run both in evaluation mode on the graph: proof that the layers were understood.

    Raises
    ------
    HwgenError
        The module fails on this graph, or computes something else.
    """
    if isinstance(model, GCN):
        return
    where = f"model ({type(model).__name__}.forward)"
    data = copy.copy(graph.data)
    data.x = data.x * graph.input_scale
    given = {"x": data.x, "edge_index": data.edge_index, "data": data}
    copied = copy.deepcopy(model).to("cpu", torch.float32).eval()
    for layer in copied.modules():  # GCNConv(cached=True) may have seen another graph
        for name in ("_cached_edge_index", "_cached_adj_t"):
            if hasattr(layer, name):
                setattr(layer, name, None)
    try:
        theirs = copied(*[given[role] for role in arguments(model)])
    except Exception as error:  # the user's own code
        raise HwgenError(f"the model fails on this graph: {type(error).__name__}: {error}", where,
                         "pass the graph that the model was trained on, features as codes and data.input_scale") \
            from error
    was_training = ours.training
    logits = ours.eval()(graph)
    ours.train(was_training)
    mine = with_head(ours, logits)
    far = (theirs - mine).abs().max() if theirs.shape == mine.shape else torch.inf
    if not far <= TOLERANCE * max(1.0, float(theirs.abs().max())):
        raise HwgenError("the module computes something else than its layers", where,
                         "keep hooks, buffers and calls that change a tensor in place out of the model")


def with_head(model: GCN, logits: Tensor) -> Tensor:
    """Logits as the user's forward returns them."""
    if model.head == "log_softmax":
        return logits.log_softmax(1)
    return logits.softmax(1) if model.head == "softmax" else logits


@torch.no_grad()
def _convolution(step: Step) -> Convolution:
    layer: Any = step.module
    out = Convolution(layer.lin.weight.shape[1], layer.lin.weight.shape[0], layer.bias is not None)
    out.weight.copy_(layer.lin.weight.t())
    if out.bias is not None:
        out.bias.copy_(layer.bias)
    return out


@torch.no_grad()
def _fold(norm: Any, layer: Convolution) -> None:
    mean, variance = norm.running_mean.double(), norm.running_var.double()
    if mean.shape != (layer.width,):
        return  # running the model says so
    scale = torch.rsqrt(variance + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight.double()
    shift = -mean * scale if norm.bias is None else norm.bias.double() - mean * scale
    if layer.bias is not None:
        shift = shift + layer.bias.double() * scale
    layer.weight.copy_(layer.weight.double() * scale)
    layer.bias = nn.Parameter(shift.float())
