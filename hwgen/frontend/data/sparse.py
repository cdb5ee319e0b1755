"""Sparse products that training is made of: input features times weights, and sums over neighbours."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

__all__ = ["SparseMatrix"]


@dataclass(frozen=True)
class SparseMatrix:
    """A constant sparse matrix with its transpose at hand, since the backward pass needs it every epoch.

    Parameters
    ----------
    matrix, transpose : tuple of Tensor
        Row pointers, column indices and float32 values in CSR form.
    order : Tensor int64 [nnz]
        ``values_of_transpose = values[order]``.
    shape : tuple of int
    """

    matrix: tuple[Tensor, Tensor, Tensor]
    transpose: tuple[Tensor, Tensor, Tensor]
    order: Tensor
    shape: tuple[int, int]

    @classmethod
    def of(cls, matrix: csr_array) -> "SparseMatrix":
        """Take over a SciPy matrix of any numeric type."""
        order = csr_array((np.arange(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape).tocsc()
        back = torch.from_numpy(order.data.astype(np.int64))
        values = torch.from_numpy(matrix.data.astype(np.float32))
        return cls((_index(matrix.indptr), _index(matrix.indices), values),
                   (_index(order.indptr), _index(order.indices), values[back]), back, matrix.shape)

    @property
    def values(self) -> Tensor:
        """Non-zero values, row by row: float32 [nnz]."""
        return self.matrix[2]

    @cached_property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """Row and column of every non-zero value: int64 [nnz] each."""
        pointers, columns, _ = self.matrix
        return torch.repeat_interleave(torch.arange(len(pointers) - 1), pointers.diff()), columns

    def dense(self) -> Tensor:
        """The whole matrix: float32 [rows, columns]."""
        return _csr(*self.matrix, self.shape).to_dense()

    def scipy(self) -> csr_array:
        """The same as SciPy has it: float32."""
        pointers, columns, values = (each.numpy() for each in self.matrix)
        return csr_array((values, columns, pointers), shape=self.shape)

    def product(self, dense: Tensor, values: Tensor | None = None) -> Tensor:
        """``self @ dense``, differentiable in ``dense``.

        Parameters
        ----------
        dense : Tensor float32 [columns, k]
            Right factor.
        values : Tensor float32 [nnz] or None
            Values to use instead of the matrix's own: dropout of the input.
        """
        apply: Callable[..., Tensor] = _Product.apply
        return apply(self, dense, None if values is self.values else values)  # whose transpose is at hand


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, sparse: SparseMatrix, dense: Tensor, values: Tensor | None) -> Tensor:
        ctx.sparse, ctx.values = sparse, values
        pointers, columns, own = sparse.matrix
        return _csr(pointers, columns, own if values is None else values, sparse.shape) @ dense

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor, None]:
        sparse, values = ctx.sparse, ctx.values
        pointers, columns, own = sparse.transpose
        turned = _csr(pointers, columns, own if values is None else values[sparse.order], sparse.shape[::-1])
        return None, turned @ grads[0].contiguous(), None


def _csr(pointers: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(pointers, columns, values, size=shape, check_invariants=False)


def _index(values: NDArray[np.integer[Any]]) -> Tensor:
    return torch.from_numpy(values.astype(np.int64))
