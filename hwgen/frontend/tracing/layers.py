"""Layers, and functions and methods that are no arithmetic, as symbolic values."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
import torch_geometric.nn as pyg
from torch import Tensor, nn

from ...network.equation import Factor
from ..calls import Call, Count, Value, bind, path_of, refuse
from .algebra import concatenated, dropped, gathered, linear, maximum, scaled
from .arithmetic import channels, check_widths, operand
from .convolutions import matrix
from .expr import Expr
from .outcomes import OF_BATCH, End, Fixed
from .reader import Read, Reader

__all__ = ["SCATTER", "batch_norm", "cat", "dropout", "dropped_edges", "jumping", "larger", "linear_layer", "pool",
           "readout", "scattered", "sigmoid", "softmax", "times_matrix"]

#: Arguments of PyG's scatter, and their defaults.
SCATTER = {"src": None, "index": None, "dim": 0, "dim_size": None, "reduce": "sum"}


def linear_layer(reader: Reader, call: Call, layer: nn.Linear) -> Expr:
    """``x W + b``."""
    expr, _ = operand(reader, call)
    return linear(expr, *matrix(reader, call, layer, expr), path_of(call))


def times_matrix(reader: Reader, call: Call, layer: None) -> Expr:
    """``x W``, or ``x W^T + b`` as F.linear has it, with a weight of the user's own module."""
    of_layer = call.target is F.linear
    given = bind(call, {"input": None, "weight": None, "bias": None} if of_layer else {"input": None, "other": None})
    expr, own = reader.expr(call, given["input"]), given["weight" if of_layer else "other"]
    weight = reader.constant(call, own)
    if weight is None or weight.ndim != 2:
        refuse(call, f"{call.name} of two values", f"use {reader.recognisers.names('linear')}: a weight times a value")
    weight = weight.t() if of_layer else weight
    if weight.shape[0] != expr.width:
        refuse(call, f"{call.name} takes {weight.shape[0]} channels and gets {expr.width}", "make the widths fit")
    bias = None
    if given.get("bias") is not None:
        bias = channels(reader, call, given["bias"], int(weight.shape[1]))
    return linear(expr, *reader.weights.setdefault(own, (weight, bias)), path_of(call), "matrix")


def batch_norm(reader: Reader, call: Call, layer: nn.BatchNorm1d | pyg.BatchNorm) -> Expr:
    """``γ · (z - μ) / √(σ² + ε) + β`` with running statistics: a gain and a bias for each channel."""
    inner = layer if isinstance(layer, nn.BatchNorm1d) else layer.module  # PyG's BatchNorm holds a BatchNorm1d
    expr, _ = operand(reader, call)
    if inner.running_mean is None or inner.running_var is None:
        refuse(call, f"{call.name} with track_running_stats=False", "track running statistics: inference uses them")
    if len(inner.running_mean) != expr.width:
        refuse(call, f"{call.name} takes {len(inner.running_mean)} channels and gets {expr.width}",
               "make the widths fit")
    gain = torch.rsqrt(inner.running_var.double() + inner.eps)
    if inner.weight is not None:
        gain = gain * inner.weight.detach().double()
    bias = -inner.running_mean.double() * gain
    if inner.bias is not None:
        bias = bias + inner.bias.detach().double()
    return scaled(expr, gain, bias, path_of(call), "")


def dropout(reader: Reader, call: Call, layer: nn.Dropout | None) -> Expr:
    """``x`` in inference; in training some entries are 0, and the others are divided by the share that is left."""
    on = "train" if call.target is torch.dropout else "training"
    expr, given = operand(reader, call, **({} if layer is not None else {"p": 0.5, on: True, "inplace": ...}))
    if layer is None and given[on]:
        refuse(call, "dropout that stays on in evaluation", "pass training=self.training")
    share = given["p"] if layer is None else layer.p
    if isinstance(share, bool) or not isinstance(share, int | float):
        refuse(call, f"dropout of p={share}", "use a number from 0 to 1")
    return dropped(expr, float(share))


def dropped_edges(reader: Reader, call: Call, layer: None) -> tuple[Value, Value]:
    """All edges, in inference."""
    given = bind(call, {"edge_index": None, "p": 0.5, "force_undirected": False, "training": True})
    if given["training"]:
        refuse(call, f"{call.name} that stays on in evaluation", "pass training=self.training")
    if reader.outcome(given["edge_index"]) != Value("edge_index"):
        refuse(call, f"{call.name} without the graph's own edge_index", "pass on the edge_index that forward was given")
    return Value("edge_index"), Value("edge_mask")


def softmax(reader: Reader, call: Call, layer: nn.Softmax | nn.LogSoftmax | None) -> End:
    """``z_c - log Σ_k exp z_k``, or its exponential: increasing in z_c, so that the class is the same without it."""
    expr, given = operand(reader, call, dim=None, _stacklevel=..., dtype=None)
    dim = given["dim"] if layer is None else layer.dim
    if dim not in (1, -1) or any(map(reader.is_vector, call.args)):
        refuse(call, f"{call.name} over dim={dim}", "use dim=1: over the classes")
    if given["dtype"] is not None:
        refuse(call, f"{call.name} with dtype={given['dtype']}", "leave dtype out")
    return End(expr, call.name, "log_softmax" if "log" in call.name.lower() else "softmax")


def sigmoid(reader: Reader, call: Call, layer: nn.Sigmoid | None) -> End:
    """``1 / (1 + exp -z)``: increasing in z, and over 0.5 where z is over 0."""
    return End(operand(reader, call)[0], call.name, "sigmoid")


def jumping(reader: Reader, call: Call, layer: pyg.JumpingKnowledge) -> Expr:
    """Concatenation, or the maximum of each channel, over layers."""
    exprs = reader.exprs(call, bind(call, {"xs": None})["xs"])
    if layer.mode == "cat":
        return concatenated(exprs, path_of(call), "")
    if layer.mode != "max":
        refuse(call, f"JumpingKnowledge with mode={layer.mode}", "use mode cat or max")
    check_widths(call, exprs)
    return maximum(exprs, path_of(call), "")


def cat(reader: Reader, call: Call, layer: None) -> Expr:
    """Channels side by side."""
    beside = call.target in (torch.hstack, torch.column_stack)
    given = bind(call, {"tensors": None, **({} if beside else {"dim": 0, "axis": None})})
    dim = 1 if beside else given["dim"] if given["axis"] is None else given["axis"]
    if dim not in (1, -1):
        refuse(call, f"{call.name} along dim={dim}", "concatenate channels: dim=1")
    return concatenated(reader.exprs(call, given["tensors"]), path_of(call), "cat")


def larger(reader: Reader, call: Call, layer: None) -> Expr:
    """The larger of two values, channel by channel."""
    given = bind(call, {"input": None, "other": None})
    if not isinstance(given["other"], Value):
        refuse(call, f"{call.name} over a dimension", "use global_max_pool for the maximum over nodes")
    exprs = reader.exprs(call, [given["input"], given["other"]])
    check_widths(call, exprs)
    return maximum(exprs, path_of(call), "max")


def pool(op: Literal["sum", "max"], factor: Factor) -> Read:
    """One value a graph, of those of its nodes."""
    def read(reader: Reader, call: Call, layer: None) -> Expr:
        """One value a graph, of those of its nodes."""
        given = bind(call, {"x": None, "batch": None, "size": None})
        return _pooled(reader, call, given["x"], given["batch"], given["size"], op, factor)

    return read


def readout(op: Literal["sum", "max"], factor: Factor) -> Read:
    """The same as an aggregation module."""
    def read(reader: Reader, call: Call, layer: pyg.Aggregation) -> Expr:
        """One value a graph, of those of its nodes."""
        given = bind(call, {"x": None, "index": None, "ptr": None, "dim_size": None, "dim": -2})
        if given["ptr"] is not None or given["dim"] != -2:
            refuse(call, f"{call.name} with ptr or dim", "call it with x and batch only")
        return _pooled(reader, call, given["x"], given["index"], given["dim_size"], op, factor)

    return read


def scattered(reader: Reader, call: Call, layer: None) -> Expr:
    """The same as PyG's scatter by the batch."""
    given = bind(call, SCATTER)
    ways: dict[object, tuple[Literal["sum", "max"], Factor]] = {
        "sum": ("sum", "one"), "add": ("sum", "one"), "mean": ("sum", "mean"), "max": ("max", "one")}
    if given["dim"] not in (0, -2) or given["reduce"] not in ways:
        refuse(call, f"{call.name} with dim={given['dim']}, reduce={given['reduce']}",
               "use dim=0, and reduce sum, mean or max")
    return _pooled(reader, call, given["src"], given["index"], given["dim_size"], *ways[given["reduce"]])


def _pooled(reader: Reader, call: Call, x: object, batch: object, size: object, op: Literal["sum", "max"],
            factor: Factor) -> Expr:
    expr = reader.expr(call, x)
    if expr.domain != "nodes":
        refuse(call, f"{call.name} of pooled values", "pool once")
    known = reader.outcome(batch)
    if isinstance(known, Fixed) and isinstance(known.value, Tensor) and not known.value.any():
        batch = None  # zeros for every node
    if batch is None and reader.batched:
        refuse(call, f"{call.name} without batch", "pass on the batch that forward was given")
    if batch is not None and reader.outcome(batch) != Value("batch"):
        refuse(call, f"{call.name} by something else than the batch", "pass on the batch that forward was given")
    if not (size is None or size == Count("graphs") or reader.outcome(size) == OF_BATCH):
        refuse(call, f"{call.name} with size={size}", "leave size out")
    return gathered(expr, "members", path_of(call), "" if isinstance(call.target, nn.Module) else "pool", op=op,
                    factor=factor)
