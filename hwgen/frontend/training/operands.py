"""What prepared layers take: features as a sparse matrix, or rows; and what they do to both."""

from __future__ import annotations

from typing import Any

import torch_geometric.nn as pyg
from torch import Tensor, nn

from ..calls import mapped
from ..data.graph_batch import Lists
from ..data.sparse import SparseMatrix

__all__ = ["Operand", "SparseInput", "aggregate", "dense", "linear"]


class SparseInput:
    """Input features of which few are not zero: a matrix, and its values after dropout."""

    def __init__(self, matrix: SparseMatrix, values: Tensor) -> None:
        self.matrix, self.values = matrix, values

    def product(self, weight: Tensor) -> Tensor:
        """Times ``weight`` [features, k]: float [n, k]."""
        return self.matrix.product(weight, self.values)

    def dense(self) -> Tensor:
        """All values: float [n, features]."""
        return self.values.new_zeros(self.matrix.shape).index_put(self.matrix.pairs, self.values)


Operand = Tensor | SparseInput


def dense(x: object) -> Any:
    """Every sparse operand within tuples, lists and dictionaries as a matrix of all its values."""
    return mapped(lambda each: each.dense() if isinstance(each, SparseInput) else each, x)


def linear(layer: nn.Linear | pyg.Linear, x: Operand, *, bias: bool = True) -> Tensor:
    """``x W^T + b``, or without ``b``."""
    out = x @ layer.weight.t() if isinstance(x, Tensor) else x.product(layer.weight.t().contiguous())
    return out + layer.bias if bias and layer.bias is not None else out


def aggregate(lists: Lists, x: Tensor, name: str) -> Tensor:
    """What PyG's function or module of that name makes of each list's rows: its sum, mean or maximum."""
    if "max" in name.lower():
        return lists.largest(x)
    total = lists.sum(x)
    return total * lists.mean.to(total.dtype) if "mean" in name.lower() else total
