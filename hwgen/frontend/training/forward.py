"""A user's module, executed on prepared graphs: its own layers and parameters, sparse operands in place of edge lists.

PyG copies a row for every edge, and multiplies all of a bag of words where one value in a hundred is not zero. The
calls of the traced forward are the same here; convolutions, pooling and dropout of the input take the sparse matrices
of a :class:`~hwgen.frontend.data.graph_batch.GraphBatch`, which also says how many nodes each of its rows stands for.
A convolution that has no function here is called as it is, with the edges as PyG has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any

import torch
import torch.nn.functional as F
import torch_geometric.nn as pyg
from torch import Tensor, nn

from ...errors import HwgenError
from ..calls import Call, Count, Value, bind, origins
from ..copying import unwrapped
from ..data.graph_batch import GraphBatch, Lists
from ..data.sparse import SparseMatrix
from ..tracing import traced_of
from ..tracing.layers import SCATTER
from ..tracing.recognisers import RECOGNISERS
from ..tracing.roles import roles_of

__all__ = ["PreparedForward"]


class SparseInput:
    """Input features of which few are not zero: a matrix, and its values after dropout."""

    def __init__(self, matrix: SparseMatrix, values: Tensor) -> None:
        self.matrix, self.values = matrix, values

    def product(self, weight: Tensor) -> Tensor:
        """Times ``weight`` [features, k]: float [n, k]."""
        return self.matrix.product(weight, self.values)

    def dense(self) -> Tensor:
        """All values: float [n, features]."""
        pointers, columns, _ = self.matrix.matrix
        rows = torch.repeat_interleave(torch.arange(len(pointers) - 1), pointers.diff())
        return self.values.new_zeros(self.matrix.shape).index_put((rows, columns), self.values)


Operand = Tensor | SparseInput


class PreparedForward:
    """Call it with a :class:`GraphBatch`: the logits of the module, without the softmax that its forward may end with.

    Parameters
    ----------
    module : Module
        Supported by :func:`hwgen.frontend.tracing.plan_of`. It is not copied: what is computed is in its mode, has its
        dropout, and gives its parameters their gradients.

    Raises
    ------
    HwgenError
        A forward that makes other calls in training than in evaluation, apart from dropout.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = unwrapped(module)
        roles = roles_of(module)
        #: The traced forward in evaluation and in training.
        self._traced = traced_of(module, roles), traced_of(module, roles, training=True)
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
        given: dict[str, Any] = {"x": _features(batch), "edge_index": batch, "batch": batch}

        def value_of(argument: object) -> Any:
            if isinstance(argument, Value):
                return (values[argument.index] if argument.index >= 0 else given[argument.name]
                        if argument.name in given else self._weight(argument.name))
            if isinstance(argument, Count):
                return batch.graphs if argument.of == "graphs" else batch.nodes
            if isinstance(argument, tuple | list):
                return type(argument)(value_of(each) for each in argument)
            return argument

        traced = self._traced[self.module.training]
        for call, of in zip(traced.calls, origins(traced), strict=True):
            args, kwargs = value_of(call.args), {name: value_of(each) for name, each in call.kwargs.items()}
            values.append(_plain(call, args, kwargs) if of == "constant" else batch if of == "batch" else
                          self._run(call, args, kwargs, batch))
        out: Tensor = _dense(value_of(traced.result))
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
                return _linear(layer, first)
            if kind == "aggregation":
                return _aggregate(batch.members, _dense(first), type(layer).__name__)
            if kind == "convolution":
                prepared = CONVOLUTIONS.get(type(layer))
                return layer(_dense(first), batch.edge_index) if prepared is None else prepared(layer, first, batch)
            return layer(*_dense(args), **_dense(kwargs))
        if kind == "dropout":
            on = "train" if target is torch.dropout else "training"
            found = bind(call, {"input": None, "p": 0.5, on: True, "inplace": ...})
            return _dropout(first, float(found["p"]) if found[on] else 0.0)
        if kind == "pool":
            way = bind(call, SCATTER)["reduce"] if call.name == "scatter" else call.name
            return _aggregate(batch.members, _dense(first), way)
        return _plain(call, _dense(args), _dense(kwargs))


def _plain(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function or method as PyTorch has it."""
    if isinstance(call.target, str):
        return getattr(args[0], call.target)(*args[1:], **kwargs)
    return call.target(*args, **kwargs)


def _kind(call: Call) -> str:
    found = RECOGNISERS.find(call)
    return "" if found is None else found.kind


def _features(batch: GraphBatch) -> Operand:
    if isinstance(batch.features, SparseMatrix):
        return SparseInput(batch.features, batch.features.values)
    return batch.features


def _dense(x: object) -> Any:
    if isinstance(x, tuple | list):
        return type(x)(_dense(each) for each in x)
    if isinstance(x, dict):
        return {name: _dense(each) for name, each in x.items()}
    return x.dense() if isinstance(x, SparseInput) else x


def _dropout(x: Operand, rate: float) -> Operand:
    if rate == 0:
        return x
    return F.dropout(x, rate) if isinstance(x, Tensor) else SparseInput(x.matrix, F.dropout(x.values, rate))


def _linear(layer: nn.Linear | pyg.Linear, x: Operand, *, bias: bool = True) -> Tensor:
    out = x @ layer.weight.t() if isinstance(x, Tensor) else x.product(layer.weight.t().contiguous())
    return out + layer.bias if bias and layer.bias is not None else out


def _aggregate(lists: Lists, x: Tensor, name: str) -> Tensor:
    """What PyG's function or module of that name makes of each list's rows: its sum, mean or maximum."""
    if "max" in name.lower():
        return lists.largest(x)
    total = lists.sum(x)
    return total * lists.mean.to(total.dtype) if "mean" in name.lower() else total


def _aggr(layer: pyg.MessagePassing) -> str:
    return type(layer.aggr_module).__name__


def _gcn(layer: pyg.GCNConv, x: Operand, batch: GraphBatch) -> Tensor:
    lists = batch.looped if layer.add_self_loops else batch.edges
    out = _linear(layer.lin, x)
    if layer.normalize:
        factor = lists.rsqrt.to(out.dtype)
        out = lists.sum(out * factor) * factor
    else:
        out = lists.sum(out)
    return out if layer.bias is None else out + layer.bias


def _gin(layer: pyg.GINConv, x: Operand, batch: GraphBatch) -> Tensor:
    body, aggr = layer.nn, _aggr(layer)
    first = body[0] if isinstance(body, nn.Sequential) else body
    if isinstance(x, SparseInput) and "Max" not in aggr and type(first) is nn.Linear:  # sums commute with a matrix
        seen = _linear(first, x, bias=False)
        rest: Callable[[Tensor], Tensor] = (lambda z: body[1:](z)) if body is not first else (lambda z: z)
        bias = 0.0 if first.bias is None else first.bias
        return rest(_aggregate(batch.edges, seen, aggr) + (1 + layer.eps) * seen + bias)
    seen = _dense(x)
    out: Tensor = body(_aggregate(batch.edges, seen, aggr) + (1 + layer.eps) * seen)
    return out


def _sage(layer: pyg.SAGEConv, x: Operand, batch: GraphBatch) -> Tensor:
    source: Operand = F.relu(_linear(layer.lin, x)) if layer.project else x
    return _rooted(layer, source, x, layer.lin_l, layer.lin_r if layer.root_weight else None, batch)


def _graph_conv(layer: pyg.GraphConv, x: Operand, batch: GraphBatch) -> Tensor:
    return _rooted(layer, x, x, layer.lin_rel, layer.lin_root, batch)


def _rooted(layer: pyg.MessagePassing, source: Operand, own: Operand, neighbours: nn.Linear | pyg.Linear,
            root: nn.Linear | pyg.Linear | None, batch: GraphBatch) -> Tensor:
    aggr = _aggr(layer)
    if "Max" in aggr:
        out = _linear(neighbours, _aggregate(batch.edges, _dense(source), aggr))
    else:  # sums commute with a matrix, which mostly has fewer columns than rows
        out = _aggregate(batch.edges, _linear(neighbours, source, bias=False), aggr)
        out = out if neighbours.bias is None else out + neighbours.bias
    return out if root is None else out + _linear(root, own)


#: What is computed in another way than by calling it.
CONVOLUTIONS: Mapping[type[nn.Module], Callable[..., Tensor]] = {
    pyg.GCNConv: _gcn, pyg.GINConv: _gin, pyg.SAGEConv: _sage, pyg.GraphConv: _graph_conv}
