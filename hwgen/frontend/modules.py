"""Recognise a user's own module: a ModuleList of PyG's GCNConv layers."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import nn

from ..errors import HwgenError
from .gcn import GCN
from .graph import Graph

if TYPE_CHECKING:
    from torch_geometric.nn import GCNConv

__all__ = ["as_gcn"]


def as_gcn(model: nn.Module, graph: Graph) -> GCN:
    """Copy a model into a :class:`GCN`, with its weights.

    A module other than a GCN must hold exactly one ModuleList, of GCNConv layers with PyG's defaults, and no other
    trained layer, and compute on the graph what those layers compute with ReLU between them. Its ``nn.Dropout`` or its
    ``dropout`` attribute is taken over.

    Raises
    ------
    HwgenError
        Anything else, naming the layer.
    """
    if isinstance(model, GCN):
        return copy.deepcopy(model)
    lists = [(name, each) for name, each in model.named_modules() if isinstance(each, nn.ModuleList)]
    if len(lists) != 1:
        raise HwgenError(f"{type(model).__name__} holds {len(lists)} ModuleLists", type(model).__name__,
                         "put the GCNConv layers into one ModuleList, in order")
    [(path, convs)] = lists
    layers = [_checked(f"{path}.{index}", each) for index, each in enumerate(convs)]
    inside = {id(parameter) for parameter in convs.parameters()}
    for name, parameter in model.named_parameters():
        if id(parameter) not in inside:
            raise HwgenError(f"parameter {name} lies outside the graph convolutions", name,
                             "use GCNConv layers only, ReLU and dropout between them")
    if len({each.out_channels for each in layers[:-1]}) > 1:
        raise HwgenError("hidden layers differ in width", path, "give all hidden layers the same width")
    out = GCN(layers[0].in_channels, layers[0].out_channels, layers[-1].out_channels, layers=len(layers),
              dropout=_dropout(model), bias=any(each.bias is not None for each in layers))
    with torch.no_grad():
        for mine, theirs in zip(out.layers, layers, strict=True):
            mine.weight.copy_(theirs.lin.weight.t())
            if mine.bias is not None and theirs.bias is not None:
                mine.bias.copy_(theirs.bias)
    _compare(model, out, graph)
    return out


@torch.no_grad()
def _compare(model: nn.Module, ours: GCN, graph: Graph) -> None:
    """Layers alone do not tell what a forward method does with them: run both."""
    training = model.training
    x, edge_index = graph.data.x, graph.data.edge_index
    theirs = model.eval()(x * graph.input_scale, edge_index)
    model.train(training)
    logits = ours.eval()(graph)
    ours.train()
    if not any(torch.allclose(theirs, each, rtol=1e-3, atol=1e-3) for each in (logits, logits.log_softmax(1))):
        raise HwgenError("the module computes something else than its layers with ReLU between them",
                         f"{type(model).__name__}.forward", "use ReLU between layers, and return logits or log_softmax")


def _checked(path: str, layer: nn.Module) -> GCNConv:
    from torch_geometric.nn import GCNConv

    if not isinstance(layer, GCNConv):
        raise HwgenError(f"{type(layer).__name__} is not supported", path, "use GCNConv")
    wrong = [name for name, usual in (("improved", False), ("add_self_loops", True), ("normalize", True))
             if getattr(layer, name) is not usual]
    if wrong:
        raise HwgenError(f"GCNConv with {wrong[0]}={getattr(layer, wrong[0])}", path,
                         f"leave {wrong[0]} at its default")
    if layer.in_channels < 1:
        raise HwgenError("GCNConv does not know its number of inputs yet", path, "run the model once before quantizing")
    return layer


def _dropout(model: nn.Module) -> float:
    found = [each.p for each in model.modules() if isinstance(each, nn.Dropout)]
    own = getattr(model, "dropout", None)
    return float(found[0]) if found else float(own) if isinstance(own, int | float) else 0.5
