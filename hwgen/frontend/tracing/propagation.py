"""PyG's convolutions that propagate rows several times, or mix them with others: sums of what hardware does already.

``P`` is the matrix of one propagation, ``D^-1/2 (A + I) D^-1/2`` where a layer normalises and adds self loops.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

import torch
import torch_geometric.nn as pyg

from ...network.equation import Factor
from ..calls import Call, bind, path_of, refuse
from .algebra import added, concatenated, gathered, linear, materialised, reference_to, scaled, weighed
from .arithmetic import check_widths
from .convolutions import check_options, check_sum, double, matrix, nodes_of
from .expr import Expr
from .reader import Reader

__all__ = ["appnp", "cluster_gcn", "gcn2", "lg", "sg", "tag"]


class Propagation(NamedTuple):
    """The matrix of one propagation: a sum over lists, and a factor of source and destination."""

    via: Literal["edges", "looped"]
    factor: Factor

    def of(self, expr: Expr, path: str, label: str) -> Expr:
        """``P X``."""
        return gathered(weighed(expr, self.factor, self.via, path, "message"), self.via, path, label,
                        factor=self.factor)


def sg(reader: Reader, call: Call, layer: pyg.SGConv) -> Expr:
    """``P^K X W + b`` (Wu et al., "Simplifying Graph Convolutional Networks", ICML 2019, equation 8)."""
    expr, path = _given(reader, call, layer), path_of(call)
    if layer.cached and not expr.is_input:
        refuse(call, "SGConv with cached=True of hidden values", "leave cached at its default, False: it keeps the "
               "values that it saw first, whatever is trained before it")
    step = _propagation(layer, loops=layer.add_self_loops)
    weight, bias = matrix(reader, call, layer.lin, expr)
    out = linear(expr, weight, None, path, "message")
    for hop in reversed(range(layer.K)):
        out = step.of(out, path, _label("hop", hop))
    return scaled(out, None, bias, path, "")


def tag(reader: Reader, call: Call, layer: pyg.TAGConv) -> Expr:
    """``Σ_k P^k X W_k + b``, ``P = D^-1/2 A D^-1/2`` (Du et al., "Topology Adaptive Graph …", 2017, equation 4).

    Computed as ``X W_0 + P (X W_1 + P (X W_2 + …))``.
    """
    expr, path = materialised(_given(reader, call, layer)), path_of(call)
    step, (first, *others) = _propagation(layer), [matrix(reader, call, lin, expr)[0] for lin in layer.lins[::-1]]
    out = linear(expr, first, None, path, "message")
    for weight, hop in zip(others, reversed(range(layer.K)), strict=True):
        own = linear(expr, weight, None, path, f"root{hop}")
        out = added(step.of(out, path, _label("hop", hop)), own, path, "")
    return scaled(out, None, double(layer.bias), path, "")


def appnp(reader: Reader, call: Call, layer: pyg.APPNP) -> Expr:
    """``Z ← (1 - α) P Z + α X``, K times from ``Z = X`` (Gasteiger et al., ICLR 2019, equation 4)."""
    expr, path = materialised(_given(reader, call, layer)), path_of(call)
    step, out = _propagation(layer, loops=layer.add_self_loops), expr
    for hop in reversed(range(layer.K)):
        label = _label("hop", hop)
        out = added(_times(step.of(out, path, label), 1 - layer.alpha, path, label),
                    _times(reference_to(expr, path, label), layer.alpha, path, label), path, label)
    return out


def cluster_gcn(reader: Reader, call: Call, layer: pyg.ClusterGCNConv) -> Expr:
    """``(Â + λ diag(Â)) X W + X W_root + b``, ``Â = (D + I)^-1 (A + I)`` (Chiang et al., KDD 2019, equation 11)."""
    expr, path = materialised(_given(reader, call, layer, {"add_self_loops": True})), path_of(call)
    weight, bias = matrix(reader, call, layer.lin_out, expr)
    message = materialised(linear(expr, weight, None, path, "message"))
    out = gathered(message, "looped", path, "", factor="mean")
    if layer.diag_lambda:
        own = reference_to(message, path, "")
        own = replace(own, terms=tuple(replace(term, factor="mean", of="looped") for term in own.terms))
        out = added(out, _times(own, layer.diag_lambda, path, ""), path, "")
    root, _ = matrix(reader, call, layer.lin_root, expr)
    return scaled(added(out, linear(expr, root, None, path, "root"), path, ""), None, bias, path, "")


def lg(reader: Reader, call: Call, layer: pyg.LGConv) -> Expr:
    """``P X``, ``P = D^-1/2 A D^-1/2`` (He et al., "LightGCN", SIGIR 2020, equation 3)."""
    return _propagation(layer).of(_given(reader, call, layer), path_of(call), "")


def gcn2(reader: Reader, call: Call, layer: pyg.GCN2Conv) -> Expr:
    """``((1 - α) P X + α X_0) ((1 - β) I + β W)``, W of each or of both (Chen et al., ICML 2020, equation 5)."""
    given = bind(call, {"x": None, "x_0": None, "edge_index": None, "edge_weight": None})
    expr, path = nodes_of(reader, call, given), path_of(call)
    check_options(call, layer, {})
    check_sum(call, layer)
    first = nodes_of(reader, call, {**given, "x": given["x_0"]})
    check_widths(call, [expr, first])
    if layer.channels != expr.width:
        refuse(call, f"GCN2Conv takes {layer.channels} channels and gets {expr.width}", "make the widths fit")
    step = _propagation(layer, loops=layer.add_self_loops)
    far = _times(step.of(expr, path, "sum"), 1 - layer.alpha, path, "sum")
    near = _times(reference_to(first, path, "sum"), layer.alpha, path, "sum")
    eye = torch.eye(expr.width, dtype=torch.float64)
    parts = [layer.weight1] if layer.weight2 is None else [layer.weight1, layer.weight2]
    made = torch.cat([(1 - layer.beta) * eye + layer.beta * part.detach().double() for part in parts])
    weight, _ = reader.weights.setdefault(layer, (made, None))
    both = added(far, near, path, "sum") if layer.weight2 is None else concatenated([far, near], path, "sum")
    return linear(both, weight, None, path)


def _given(reader: Reader, call: Call, layer: pyg.MessagePassing, usual: dict[str, object] | None = None) -> Expr:
    """What a convolution of one operand takes, once its options are looked at."""
    expr = nodes_of(reader, call, bind(call, {"x": None, "edge_index": None, "edge_weight": None}))
    check_options(call, layer, usual or {})
    check_sum(call, layer)
    return expr


def _propagation(layer: pyg.MessagePassing, *, loops: bool = False) -> Propagation:
    """PyG adds self loops where it normalises, and only there."""
    normal = getattr(layer, "normalize", True)
    return Propagation("looped" if loops and normal else "edges", "rsqrt" if normal else "one")


def _times(expr: Expr, share: float, path: str, label: str) -> Expr:
    return scaled(expr, torch.full((expr.width,), float(share), dtype=torch.float64), None, path, label)


def _label(label: str, hop: int) -> str:
    """The last hop is the layer's result."""
    return f"{label}{hop}" if hop else ""
