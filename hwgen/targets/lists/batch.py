"""Graphs to lists: for every set, how many entries each row has, and which.

docs/lists.md, "Words", says what an entry means. Everything is vectorised: packing is the host's work for each batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from rtl_templates.lists.formats import NULL_INDEX

from ...errors import HwgenError
from ...network.batch import Batch, SetName
from ...network.dictionary import Dictionary, planes_of
from ...network.edges import NO_EDGES, EdgeQuantizers, coder_of, magnitudes
from ...network.walks import NOTHING, Walk, walk
from ..arrays import Bools, Ints

__all__ = ["Lists", "batch_lists", "deal", "union"]


@dataclass(frozen=True, kw_only=True)
class Lists:
    """The lists of one set, row after row.

    Parameters
    ----------
    length : int64 [rows]
        What limits are about: members of each list, its degree; of features the number of non-zero ones; of edges
        that weigh the sum of the magnitudes of their codes.
    count : int64 [rows]
        Entries of each row: as many, but where they count several times.
    index : int64 [sum of count]
        Rows to add, or NULL_INDEX.
    double : bool [sum of count]
        Whether the accumulator is doubled before; a NULL without it turns its sign.
    """

    length: Ints
    count: Ints
    index: Ints
    double: Bools

    @property
    def start(self) -> Ints:
        """First entry of each row: int64 [rows]."""
        return np.cumsum(self.count) - self.count

    def taken(self, rows: Ints) -> "Lists":
        """The lists of some rows, in that order."""
        count = self.count[rows]
        at = np.repeat(self.start[rows] - (np.cumsum(count) - count), count) + np.arange(int(count.sum()))
        return Lists(length=self.length[rows], count=count, index=self.index[at], double=self.double[at])


def batch_lists(batch: Batch, sets: Sequence[SetName], input_bits: int,
                edges: EdgeQuantizers = NO_EDGES, dictionary: Dictionary | None = None) -> dict[SetName, Lists]:
    """The lists that a program asks for.

    Parameters
    ----------
    batch : Batch
    sets : sequence of set names
    input_bits : int
        Unsigned width of an input code: as many planes are walked at most.
    edges : mapping of EdgeCodes
        Of lists that weigh.
    dictionary : Dictionary or None
        Whose rows lists of features name; None: features.
    """
    made: dict[SetName, Lists] = {}
    for name in sets:
        matrix = batch.lists(name, edges)
        length = np.diff(matrix.indptr).astype(np.int64)
        coder = coder_of(name, edges)
        if coder is not None:
            made[name] = _walked(magnitudes(matrix), walk(matrix, coder.bits))
        elif name == "features" and dictionary is not None:
            made[name] = _told(length, dictionary.encode(planes_of(matrix, input_bits)), input_bits)
        elif name == "features":
            made[name] = _walked(length, walk(matrix, input_bits))
        else:
            made[name] = Lists(length=length, count=length, index=matrix.indices.astype(np.int64),
                               double=np.zeros(matrix.nnz, dtype=bool))
    return made


def deal(work: Ints, units: int) -> Ints:
    """An order of rows that gives every unit about the same work, where unit u takes rows u, u + U, ...

    Heaviest first, every other round of units backwards: two units differ by the heaviest row at most.

    Parameters
    ----------
    work : int64 [rows]
    units : int

    Returns
    -------
    int64 [rows]
        The row at each place.
    """
    if units == 1:
        return np.arange(len(work))
    order = np.argsort(-work, kind="stable")
    rounds = len(work) // units
    whole = order[: rounds * units].reshape(rounds, units)
    whole[1::2] = whole[1::2, ::-1].copy()
    return order


def union(graphs: Sequence[Batch]) -> Batch:
    """The disjoint union of batches, which may have one graph each.

    Raises
    ------
    HwgenError
        If there is none, or they differ in their number of features.
    """
    if not graphs:
        raise HwgenError("a batch of 0 graphs", "batch", "give one graph or more")
    widths = {int(each.features.shape[1]) for each in graphs}
    if len(widths) > 1:
        raise HwgenError(f"graphs of {' and '.join(str(width) for width in sorted(widths))} features", "batch",
                         "give graphs of one data set")
    if len(graphs) == 1:
        return graphs[0]
    nodes, counts = np.array([each.num_nodes for each in graphs]), np.array([each.graphs for each in graphs])
    edges = np.array([each.edges.shape[1] for each in graphs])
    first, number = np.cumsum(nodes) - nodes, np.cumsum(counts) - counts
    nnz = np.array([each.features.nnz for each in graphs])
    parts = [each.features for each in graphs]
    indptr = np.concatenate([[0], *[part.indptr[1:] for part in parts]]).astype(np.int64)
    indptr[1:] += np.repeat(np.cumsum(nnz) - nnz, nodes)
    features = csr_array((np.concatenate([part.data for part in parts]),
                          np.concatenate([part.indices for part in parts]), indptr),
                         shape=(int(nodes.sum()), widths.pop()))
    return Batch(
        features=features,
        edges=np.concatenate([each.edges for each in graphs], axis=1) + np.repeat(first, edges),
        graph=np.concatenate([each.graph for each in graphs]) + np.repeat(number, nodes),
        graphs=int(counts.sum()),
        node=np.concatenate([each.node for each in graphs]),
        weight=None if any(each.weight is None for each in graphs) else np.concatenate(
            [each.weight for each in graphs if each.weight is not None]),
    )


def _walked(length: Ints, walked: Walk) -> Lists:
    return Lists(length=length, count=walked.count, double=walked.double,
                 index=np.where(walked.index == NOTHING, NULL_INDEX, walked.index))


def _told(length: Ints, reads: csr_array, bits: int) -> Lists:
    """Lists of features out of how often each of their planes adds each row of a dictionary: csr_array [n * bits, r].

    Planes are walked as :mod:`hwgen.network.walks` has it: the first entry of each but the first doubles the sum, and
    a plane without any is an entry of nothing. A row that a plane adds several times is there as often.
    """
    plane = np.repeat(np.arange(reads.shape[0]), np.diff(reads.indptr))
    plane, index = np.repeat(plane, reads.data), np.repeat(reads.indices.astype(np.int64), reads.data)
    filled = np.bincount(plane, minlength=reads.shape[0]).reshape(-1, bits) > 0
    begun = np.logical_or.accumulate(filled, axis=1) & ~_first(filled)  # planes that double the sum
    empty = np.flatnonzero(begun & ~filled)
    plane = np.concatenate([plane, empty])
    order = np.argsort(plane, kind="stable")
    plane = plane[order]
    double = np.r_[True, np.diff(plane) != 0][:len(plane)] & begun.ravel()[plane]
    return Lists(length=length, count=np.bincount(plane // bits, minlength=len(length)).astype(np.int64),
                 index=np.concatenate([index, np.full(len(empty), NULL_INDEX)])[order], double=double)


def _first(filled: Bools) -> Bools:
    """The first plane of each list that has entries: bool [n, bits]."""
    first: Bools = np.cumsum(filled, axis=1) == 1
    return first & filled
