"""A user's module, executed on prepared graphs: its own layers and parameters, sparse operands in place of edge lists.

PyG copies a row for every edge, and multiplies all of a bag of words where one value in a hundred is not zero. The
calls of the traced forward are the same here; convolutions, pooling and dropout of the input take the sparse matrices
of a :class:`~hwgen.frontend.data.graph_batch.GraphBatch`, which also says how many nodes each of its rows stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import HwgenError
from ..calls import bind
from ..data.graph_batch import GraphBatch, Lists
from ..data.sparse import SparseMatrix
from ..trace import Call, Value, trace
from ..tracing.layers import DROPOUT, SOFTMAX
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
        self.module = module
        roles = roles_of(module)
        #: The traced forward in evaluation and in training.
        self._traced = trace(module, roles), trace(module, roles, training=True)
        usual, learning = ([call for call in each.calls if not _is_dropout(call)] for each in self._traced)
        for index, call in enumerate(learning):
            if index >= len(usual) or usual[index].name != call.name:
                raise HwgenError(f"forward calls {call.name} in training only", call.where,
                                 "train it in a loop of your own, around hwgen.quantize (docs/own-models.md)")
        self._layers = _known_layers()

    def __call__(self, batch: GraphBatch) -> Tensor:
        values: list[Any] = []
        given: dict[str, Any] = {"x": _features(batch), "edge_index": batch, "batch": batch}

        def value_of(argument: Any) -> Any:
            if isinstance(argument, Value):
                return values[argument.index] if argument.index >= 0 else given.get(argument.name)
            if isinstance(argument, tuple | list):
                return type(argument)(value_of(each) for each in argument)
            return argument

        traced = self._traced[self.module.training]
        for call in traced.calls:
            args, kwargs = value_of(call.args), {name: value_of(each) for name, each in call.kwargs.items()}
            values.append(self._run(call, args, kwargs, batch))
        out = value_of(traced.result)
        return out.dense() if isinstance(out, SparseInput) else out

    def _run(self, call: Call, args: Any, kwargs: dict[str, Any], batch: GraphBatch) -> Any:
        first = args[0] if args else next(iter(kwargs.values()))
        if not isinstance(call.target, nn.Module):
            if call.target in SOFTMAX:
                return first
            if call.target in DROPOUT:
                on = "train" if call.target is torch.dropout else "training"
                found = bind(call, {"input": None, "p": 0.5, on: True, "inplace": ...})
                return _dropout(first, float(found["p"]) if found[on] else 0.0)
            if call.target in self._layers:
                return self._layers[call.target](call.target, first, batch)
            if isinstance(call.target, str):
                return getattr(_dense(first), call.target)(*map(_dense, args[1:]), **kwargs)
            return call.target(*_dense(args), **kwargs)
        layer = self.module.get_submodule(call.path.partition(".")[2])
        if isinstance(layer, nn.LogSoftmax | nn.Softmax):
            return first
        if type(layer) in self._layers:
            return self._layers[type(layer)](layer, first, batch)
        return layer(*_dense(args), **{name: _dense(each) for name, each in kwargs.items()})


def _is_dropout(call: Call) -> bool:
    return isinstance(call.target, nn.Dropout) or call.target in DROPOUT


def _features(batch: GraphBatch) -> Operand:
    if isinstance(batch.features, SparseMatrix):
        return SparseInput(batch.features, batch.features.values)
    return batch.features


def _known_layers() -> Mapping[Any, Callable[[Any, Operand, GraphBatch], Operand]]:
    """What is computed in another way than by calling it, by type of layer or by function."""
    import torch_geometric.nn as pyg

    return {
        pyg.GCNConv: _gcn, pyg.GINConv: _gin, pyg.SAGEConv: _sage, pyg.GraphConv: _graph_conv,
        nn.Linear: _linear, pyg.Linear: _linear,
        nn.Dropout: lambda layer, x, batch: _dropout(x, layer.p if layer.training else 0.0),
        nn.Identity: lambda layer, x, batch: x,
        **{layer: _pool(aggr) for layer, aggr in (
            (pyg.global_add_pool, "sum"), (pyg.aggr.SumAggregation, "sum"), (pyg.global_mean_pool, "mean"),
            (pyg.aggr.MeanAggregation, "mean"), (pyg.global_max_pool, "max"), (pyg.aggr.MaxAggregation, "max"))},
    }


def _dense(x: Any) -> Any:
    if isinstance(x, tuple | list):
        return type(x)(_dense(each) for each in x)
    return x.dense() if isinstance(x, SparseInput) else x


def _dropout(x: Operand, rate: float) -> Operand:
    if rate == 0:
        return x
    return F.dropout(x, rate) if isinstance(x, Tensor) else SparseInput(x.matrix, F.dropout(x.values, rate))


def _linear(layer: Any, x: Operand, batch: GraphBatch | None = None, *, bias: bool = True) -> Tensor:
    out = x @ layer.weight.t() if isinstance(x, Tensor) else x.product(layer.weight.t().contiguous())
    return out + layer.bias if bias and layer.bias is not None else out


def _pool(aggr: str) -> Callable[[Any, Operand, GraphBatch], Tensor]:
    return lambda layer, x, batch: _aggregate(batch.members, _dense(x), aggr)


def _aggregate(lists: Lists, x: Tensor, aggr: str) -> Tensor:
    if aggr == "max":
        return lists.largest(x)
    total = lists.sum(x)
    return total * lists.mean.to(total.dtype) if aggr == "mean" else total


def _aggr(layer: Any) -> str:
    """``sum``, ``mean`` or ``max``, from PyG's aggregation module."""
    return type(layer.aggr_module).__name__.removesuffix("Aggregation").lower()


def _gcn(layer: Any, x: Operand, batch: GraphBatch) -> Tensor:
    lists = batch.looped if layer.add_self_loops else batch.edges
    out = _linear(layer.lin, x)
    if layer.normalize:
        factor = lists.rsqrt.to(out.dtype)
        out = lists.sum(out * factor) * factor
    else:
        out = lists.sum(out)
    return out if layer.bias is None else out + layer.bias


def _gin(layer: Any, x: Operand, batch: GraphBatch) -> Tensor:
    body, aggr = layer.nn, _aggr(layer)
    first = body[0] if isinstance(body, nn.Sequential) else body
    if isinstance(x, SparseInput) and aggr != "max" and type(first) is nn.Linear:  # sums commute with a matrix
        seen = _linear(first, x, bias=False)
        rest: Callable[[Tensor], Tensor] = (lambda z: body[1:](z)) if body is not first else (lambda z: z)
        bias = 0.0 if first.bias is None else first.bias
        return rest(_aggregate(batch.edges, seen, aggr) + (1 + layer.eps) * seen + bias)
    seen = _dense(x)
    out: Tensor = body(_aggregate(batch.edges, seen, aggr) + (1 + layer.eps) * seen)
    return out


def _sage(layer: Any, x: Operand, batch: GraphBatch) -> Tensor:
    source: Operand = F.relu(_linear(layer.lin, x)) if layer.project else x
    return _rooted(layer, source, x, layer.lin_l, layer.lin_r if layer.root_weight else None, batch)


def _graph_conv(layer: Any, x: Operand, batch: GraphBatch) -> Tensor:
    return _rooted(layer, x, x, layer.lin_rel, layer.lin_root, batch)


def _rooted(layer: Any, source: Operand, own: Operand, neighbours: Any, root: Any, batch: GraphBatch) -> Tensor:
    aggr = _aggr(layer)
    if aggr == "max":
        out = _linear(neighbours, _aggregate(batch.edges, _dense(source), aggr))
    else:  # sums commute with a matrix, which mostly has fewer columns than rows
        out = _aggregate(batch.edges, _linear(neighbours, source, bias=False), aggr)
        out = out if neighbours.bias is None else out + neighbours.bias
    return out if root is None else out + _linear(root, own)
