"""A user's own module as a :class:`GCN`: recognised, batch norms folded, and compared with the original by running."""

from __future__ import annotations

import copy
from typing import Any, Literal

import torch
from torch import nn

from .gcn import GCN, Convolution
from .graph import Graph
from .legal import Step, steps_of
from .original import call, copy_of, demand_equal, with_head
from .trace import arguments, trace

__all__ = ["as_gcn", "compare"]


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
    data = copy.copy(graph.data)
    data.x = data.x * graph.input_scale
    given = {"x": data.x, "edge_index": data.edge_index, "data": data}
    theirs = call(copy_of(model), [given[role] for role in arguments(model)], {}, "this graph")
    was_training = ours.training
    logits = ours.eval()(graph)
    ours.train(was_training)
    demand_equal(model, theirs, with_head(ours.head, logits))


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
