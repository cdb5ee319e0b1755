"""A user's module, executed on prepared graphs: its own layers and parameters, sparse operands in place of edge lists.

PyG copies a row for every edge, and multiplies all of a bag of words where one value in a hundred is not zero. The
calls of the traced forward are the same here; convolutions, pooling and dropout of the input take the sparse matrices
of a :class:`~hwgen.frontend.data.graph_batch.GraphBatch`, which also says how many nodes each of its rows stands for.
A convolution that has no function here is called as it is, with the edges as PyG has them.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import torch
import torch.nn.functional as F
import torch_geometric.nn as pyg
from torch import Tensor, nn

from ...errors import HwgenError
from ..calls import Call, Count, Value, bind, mapped, origins, performed
from ..copying import unwrapped
from ..data.graph_batch import GraphBatch
from ..data.sparse import SparseMatrix
from ..tracing import traced_of
from ..tracing.layers import SCATTER
from ..tracing.recognisers import RECOGNISERS
from ..tracing.roles import roles_of
from .convolutions import CONVOLUTIONS, WEIGHING
from .operands import Operand, SparseInput, aggregate, dense, linear

__all__ = ["PreparedForward"]


class PreparedForward:
    """Call it with a :class:`GraphBatch`: the logits of the module, without the softmax that its forward may end with.

    Parameters
    ----------
    module : Module
        Supported by :func:`hwgen.frontend.tracing.plan_of`. It is not copied: what is computed is in its mode, has its
        dropout, and gives its parameters their gradients.
    weighs : bool
        As of ``plan_of``.

    Raises
    ------
    HwgenError
        A forward that makes other calls in training than in evaluation, apart from dropout.
    """

    def __init__(self, module: nn.Module, *, weighs: bool = False) -> None:
        self.module = unwrapped(module)
        roles = roles_of(module, weighs=weighs)
        #: The traced forward in evaluation and in training.
        self._traced = traced_of(module, roles), traced_of(module, roles, training=True)
        for call in self._traced[0].calls:
            share: float = getattr(call.target, "dropout", 0.0)
            if _kind(call) == "convolution" and share:
                raise HwgenError(f"{call.name} with dropout={share}", call.where,
                                 "set it to 0 and drop entries of x before the layer: hwgen drops no edges")
        usual, learning = ([call for call in each.calls if _kind(call) != "dropout"] for each in self._traced)
        for theirs, call in zip_longest(usual, learning):
            if theirs is None or call is None or theirs.name != call.name or _kind(call) == "edges":
                place = theirs if call is None else call
                assert place is not None
                raise HwgenError(f"forward calls {place.name} in {'evaluation' if call is None else 'training'} only",
                                 place.where,
                                 "train it in a loop of your own, around hwgen.quantize (docs/own-models.md)")

    @property
    def takes_joined_rows(self) -> bool:
        """Whether a row may stand for several nodes: only where every convolution knows how often an edge counts."""
        return all(type(call.target) in CONVOLUTIONS for call in self._traced[0].calls if _kind(call) == "convolution")

    def __call__(self, batch: GraphBatch) -> Tensor:
        values: list[Any] = []
        given: dict[str, Any] = {"x": _features(batch), "edge_index": batch, "batch": batch, "edge_weight": batch}

        def value_of(each: object) -> Any:
            if isinstance(each, Value):
                return (values[each.index] if each.index >= 0 else given[each.name] if each.name in given else
                        self._weight(each.name))
            if isinstance(each, Count):
                return batch.graphs if each.of == "graphs" else batch.nodes
            return each

        traced = self._traced[self.module.training]
        for call, of in zip(traced.calls, origins(traced), strict=True):
            args, kwargs = mapped(value_of, call.args), mapped(value_of, call.kwargs)
            values.append(performed(call, args, kwargs) if of == "constant" else batch if of == "batch" else
                          self._run(call, args, kwargs, batch))
        out: Tensor = dense(mapped(value_of, traced.result))
        return out if out.ndim == 2 else out.reshape(-1, 1)

    def _weight(self, name: str) -> Tensor:
        """A parameter of the module, which learns; or a tensor that its forward has made."""
        path, _, last = name.removeprefix("model.").rpartition(".")
        if name.startswith("model."):
            found: Tensor = getattr(unwrapped(self.module.get_submodule(path)), last)
            return found
        return self._traced[self.module.training].constants[name]

    def _run(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any], batch: GraphBatch) -> Any:
        kind, target = _kind(call), call.target
        first = args[0] if args else next(kwargs[name] for name in ("x", "input", *kwargs) if name in kwargs)
        if kind == "head" or isinstance(first, GraphBatch):  # or the edges and the batch, of any type
            return first
        if isinstance(target, nn.Module):
            layer = unwrapped(self.module.get_submodule(call.path.partition(".")[2]))
            if isinstance(layer, nn.Dropout):
                return _dropout(first, layer.p if layer.training else 0.0)
            if isinstance(layer, nn.Linear | pyg.Linear):
                return linear(layer, first)
            if kind == "aggregation":
                return aggregate(batch.members, dense(first), type(layer).__name__)
            if kind == "convolution":
                edges = [each for each in (*args, *kwargs.values()) if each is batch]
                prepared = (CONVOLUTIONS if len(edges) == 1 else WEIGHING).get(type(layer))
                if prepared is not None:
                    return prepared(layer, first, batch)
                args, kwargs = (mapped(lambda each: batch.edge_index if each is batch else each, given)  # as PyG's
                                for given in (args, kwargs))
            return layer(*dense(args), **dense(kwargs))
        if kind == "dropout":
            on = "train" if target is torch.dropout else "training"
            found = bind(call, {"input": None, "p": 0.5, on: True, "inplace": ...})
            return _dropout(first, float(found["p"]) if found[on] else 0.0)
        if kind == "pool":
            way = bind(call, SCATTER)["reduce"] if call.name == "scatter" else call.name
            return aggregate(batch.members, dense(first), way)
        return performed(call, dense(args), dense(kwargs))


def _kind(call: Call) -> str:
    found = RECOGNISERS.find(call)
    return "" if found is None else found.kind


def _features(batch: GraphBatch) -> Operand:
    if isinstance(batch.features, SparseMatrix):
        return SparseInput(batch.features, batch.features.values)
    return batch.features


def _dropout(x: Operand, rate: float) -> Operand:
    if rate == 0:
        return x
    return F.dropout(x, rate) if isinstance(x, Tensor) else SparseInput(x.matrix, F.dropout(x.values, rate))
