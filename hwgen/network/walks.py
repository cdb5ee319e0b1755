"""Sums of whole multiples as hardware walks them: bit by bit, the most significant first, signs by turning the sum.

``Σ_j n_ij s_j`` takes an addition for each set bit of each magnitude: the sum is doubled where a plane begins. What has
the other sign than the sum so far waits until the end of its plane, where the sum changes its sign: a list costs at
most one such turn a plane, and one at its end.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .batch import Batch
from .edges import EdgeQuantizers, magnitudes

__all__ = ["NOTHING", "Walk", "edge_limits", "walk"]

Ints = NDArray[np.int64]
#: Index of what adds nothing: with ``double`` an empty plane, without it a turn.
NOTHING = -1
#: Within a plane: what has the sign of the sum so far, a turn, what has the other one.
_SAME, _TURN, _OTHER, _SLOTS = range(4)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Entries of lists, row after row.

    Parameters
    ----------
    count : int64 [rows]
        Entries of each row.
    index : int64 [sum of count]
        Columns to add, or NOTHING.
    double : bool [sum of count]
        Whether the sum is doubled before.
    """

    count: Ints
    index: Ints
    double: NDArray[np.bool_]


def walk(matrix: csr_array, bits: int) -> Walk:
    """The walk of every row of a matrix of codes, whose magnitudes have some bits; columns keep their order."""
    rows, codes = matrix.shape[0], matrix.data
    row = np.repeat(np.arange(rows), np.diff(matrix.indptr))
    size, below = np.abs(codes), codes < 0
    turned, begun = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
    keys, indices, doubles = list[Ints](), list[Ints](), list[NDArray[np.bool_]]()

    def put(where: Ints, slot: Ints | int, index: Ints | int, double: NDArray[np.bool_] | bool) -> None:
        keys.append((where * (bits + 1) + bits - 1 - plane) * _SLOTS + slot)
        indices.append(np.broadcast_to(np.asarray(index, dtype=np.int64), where.shape))
        doubles.append(np.broadcast_to(np.asarray(double, dtype=bool), where.shape))

    for plane in range(bits - 1, -1, -1):
        bit = size >> plane & 1 != 0
        mine, negative = row[bit], below[bit]
        minus = np.bincount(mine[negative], minlength=rows)
        plus = np.bincount(mine, minlength=rows) - minus
        turned = np.where(begun, turned, minus > 0)
        other = np.where(turned, plus, minus)
        slot = np.where(negative == turned[mine], _SAME, _OTHER)
        first = np.zeros(len(mine), dtype=bool)  # of its plane: this one doubles
        ahead = np.lexsort((slot, mine))
        first[ahead[np.r_[True, np.diff(mine[ahead]) != 0][: len(mine)]]] = True
        put(mine, slot, matrix.indices[bit], first & begun[mine])
        put(np.flatnonzero(begun & (plus + minus == 0)), _SAME, NOTHING, True)
        put(np.flatnonzero(other > 0), _TURN, NOTHING, False)
        turned, begun = turned ^ (other > 0), begun | (plus + minus > 0)
    plane = -1
    put(np.flatnonzero(turned), _TURN, NOTHING, False)
    key = np.concatenate(keys)
    order = np.argsort(key, kind="stable")
    return Walk(count=np.bincount(key // (_SLOTS * (bits + 1)), minlength=rows).astype(np.int64),
                index=np.concatenate(indices)[order], double=np.concatenate(doubles)[order])


def edge_limits(batch: Batch, quantizers: EdgeQuantizers) -> tuple[int, Ints]:
    """Largest sum of magnitudes of a list that weighs, and entries of each graph's: int64 [graphs]."""
    largest, entries = 0, np.zeros(max(1, batch.graphs), dtype=np.int64)
    for name, each in quantizers.items():
        graph, matrix = batch.graph, batch.lists("sources" if each.by_row else name, quantizers)
        if each.by_row:
            graph = np.repeat(graph, np.diff(batch.lists("incoming", quantizers).indptr))
        top = (1 << each.bits) - 1  # one entry has no more on any graph
        largest = max(largest, top if each.by_row else int(magnitudes(matrix).max(initial=0)))
        own = np.bincount(graph, weights=walk(matrix, each.bits).count, minlength=len(entries))
        entries = np.maximum(entries, own.astype(np.int64))
    return largest, entries
