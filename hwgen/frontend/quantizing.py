"""Quantize any supported module: for one graph whose nodes learn their own bits, or for any graphs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from ..errors import HwgenError
from . import chain_checkpoint
from .a2q import Penalty, QuantizedGCN
from .a2q import quantize as quantize_chain
from .checkpoint import save_quantized
from .data.batching import graphs_of, real
from .gcn import GCN
from .graph import Graph
from .legal import check
from .quantize import SCHEMES, QuantizedNetwork, Scheme, quantize_plan

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["is_chain", "quantize", "save"]

#: Graphs that the module and its plan are compared on.
COMPARED = 16


def quantize(model: nn.Module, scheme: str | Scheme = "a2q", *, data: Data | Graph | Iterable[Data],
             weight_bits: int | None = None, message_bits: int | None = None, bits: float | None = None,
             penalty: Penalty | None = None, target_bits: float | None = None) -> QuantizedGCN | QuantizedNetwork:
    """Put quantizers into a copy of a trained model, with steps read off its own values.

    It may be saved as it is (post-training quantization), or trained further.

    Parameters
    ----------
    model : Module
        Trained in FP32; it is left alone. Its forward takes ``(x, edge_index)``, ``(x, edge_index, batch)`` or a Data.
    scheme : str or Scheme
        ``a2q`` learns a step and a width for every node of one graph. ``nns`` (a table, searched by the largest value
        of a row) and ``mega`` (by in-degree) serve graphs that training never saw; ``uniform`` has one step a value.
    data : Data, or iterable of Data
        The graph that the model is for, or sample graphs: a list, a data set or a DataLoader.
    weight_bits, message_bits, bits : int or None
        Widths of weights, of what is summed over neighbours, and of hidden rows to start from; None: the scheme's.
    penalty, target_bits
        Of a chain of GCNConv on one graph only, see :func:`hwgen.frontend.a2q.quantize`.

    Returns
    -------
    QuantizedGCN or QuantizedNetwork
        The former for a chain of GCNConv with ``a2q``: it goes to the node-level organisation.

    Raises
    ------
    HwgenError
        Unknown scheme, unsupported layer (before anything is computed), widths out of range, features that do not fit.
    """
    from .tracing import plan_of
    from .tracing.compare import compare

    given = {"weight_bits": weight_bits, "message_bits": message_bits, "bits": bits}
    widths: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if isinstance(scheme, str) and scheme not in SCHEMES:
        raise HwgenError(f"unknown scheme {scheme!r}", "scheme", f"use {', '.join(sorted(SCHEMES))}")
    if scheme == "a2q" and (isinstance(data, Graph) or hasattr(data, "edge_index")) and is_chain(model):
        one: Any = data
        return quantize_chain(model, data=one, penalty=penalty, target_bits=target_bits, **widths)
    plan = plan_of(model)
    if penalty is not None or target_bits is not None:
        raise HwgenError("penalty and target_bits with a model that is not a chain of GCNConv on one graph", "quantize",
                         "give scheme a Scheme with a weight and a target instead")
    graphs = graphs_of(data.data if isinstance(data, Graph) else data)
    compare(model, plan, [real(each) for each in graphs[:COMPARED]])
    rules = SCHEMES[scheme] if isinstance(scheme, str) else scheme
    return quantize_plan(plan, replace(rules, **widths), graphs)


def save(model: QuantizedGCN | QuantizedNetwork, data: Data | Graph | Iterable[Data], path: Path | str) -> None:
    """Write a checkpoint; an existing file is replaced whole or not at all.

    Parameters
    ----------
    model : QuantizedGCN or QuantizedNetwork
        What :func:`quantize` returned, trained or not.
    data : Data, or iterable of Data
        The graph that it was quantized for, or graphs of the kind that it is for; the first 64 travel along.
    path : Path or str
        File to write, such as ``model.pt``.

    Raises
    ------
    HwgenError
        A parameter that is not finite; graphs that do not fit; a path that cannot be written.
    """
    if isinstance(model, QuantizedNetwork):
        save_quantized(model, data.data if isinstance(data, Graph) else data, path)
        return
    one: Any = data
    chain_checkpoint.save(model, one, path)


def is_chain(model: nn.Module) -> bool:
    """Whether a model is a chain of GCNConv, which the node-level organisation runs."""
    if isinstance(model, GCN):
        return True
    try:
        check(model)
    except HwgenError:
        return False
    return True
