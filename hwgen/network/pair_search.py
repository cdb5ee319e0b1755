"""Which pairs of weight rows are worth a row of their own: those that most lists add together, round by round.

A round counts how many lists have both rows of each pair, and takes the best pairs in turn, no row twice; that is the
greedy choice of pair after pair but for pairs of one round, and takes a product of sparse matrices a round.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..numeric import IntRange
from .dictionary import Counts, Dictionary

__all__ = ["Found", "search_pairs"]

Ints = NDArray[np.int64]

ROUNDS = 32  #: At most.
SHARE = 0.5  #: Of the best pair's lists: what a pair must have to be taken in the same round.
MOST = 4096  #: Rows of a dictionary, unless more are different: hardware holds no more beside its nodes.
LEAST = 3  #: Lists that a pair must have to be worth a row.
WORTH = 1e-3  #: Share of the reads that a round must save for another one.
#: Products of a round's count: of more lists than that takes, every second counts, or every third ...
PRODUCTS = 1 << 22


@dataclass(frozen=True, kw_only=True)
class Found:
    """A dictionary, and what it saves on the lists that it was made from.

    Parameters
    ----------
    dictionary : Dictionary
    reads : int64 [pairs + 1]
        Additions of all lists after so many pairs.
    """

    dictionary: Dictionary
    reads: Ints

    def reads_within(self, most: int) -> int:
        """Additions of all lists with the first ``most`` rows, about: later pairs of these rows save some more."""
        made = np.maximum.accumulate(np.r_[0, self.dictionary.pairs[:, 3] + 1])
        return int(self.reads[np.searchsorted(made, max(most, 0), side="right") - 1])


def search_pairs(weight: Ints, lists: csr_array, bits: int) -> Found:
    """Make a dictionary of a weight matrix for some lists. The last ones are remembered: both targets ask.

    Parameters
    ----------
    weight : int64 [features, k]
    lists : csr_array int64 [n, features]
        Whole counts, from 0 on.
    bits : int
        Signed width of a code of a row: sums that do not fit are not rows.
    """
    return _searched(weight.astype(np.int64).tobytes(), weight.shape, *(
        array.astype(np.int64).tobytes() for array in (lists.data, lists.indices, lists.indptr)), bits)


@lru_cache(maxsize=4)
def _searched(rows: bytes, shape: tuple[int, int], data: bytes, indices: bytes, indptr: bytes, bits: int) -> Found:
    weight, arrays = np.frombuffer(rows, dtype=np.int64).reshape(shape), [
        np.frombuffer(each, dtype=np.int64) for each in (data, indices, indptr)]
    lists = csr_array(tuple(arrays), shape=(len(arrays[2]) - 1, shape[0]))
    dictionary = Dictionary.distinct(weight)
    counts = dictionary.counts(lists)
    reads = [np.array([counts.reads])]
    allowed, limit = IntRange.signed(bits), lists.shape[0]
    for _ in range(ROUNDS):
        first, second, together = _frequent(dictionary.rows, counts, lists.shape[0], allowed, limit)
        pairs = _chosen(dictionary.rows, first, second, MOST)
        if not len(pairs):
            break
        limit, before = int(together[0]), len(dictionary.rows)
        dictionary = dictionary.extended(pairs)
        counts, saved = counts.replaced(dictionary.pairs[-len(pairs):, 1:], before)
        reads.append(reads[-1][-1] - np.cumsum(saved))
        if saved.sum() < WORTH * reads[-1][-1]:
            break
    return Found(dictionary=dictionary, reads=np.concatenate(reads))


def _frequent(rows: Ints, counts: Counts, lists: int, allowed: IntRange, limit: int) -> tuple[Ints, Ints, Ints]:
    """Pairs of rows whose sum is a row, and how many lists have both, the most frequent first.

    Parameters
    ----------
    limit : int
        What the most frequent pair is expected to have at most: rarer rows are looked at if there is none.
    """
    small, least = rows.astype(np.int16), limit
    while True:
        least = max(LEAST, int(least * SHARE ** 2))
        first, second, together = _together(counts, lists, len(rows), least)
        sums = small[first] + small[second]
        fits = (sums >= allowed.low).all(axis=1) & (sums <= allowed.high).all(axis=1)
        wanted = max(LEAST, SHARE * together[fits].max(initial=0))
        if least == LEAST or wanted >= least:
            kept = fits & (together >= wanted)
            order = np.lexsort((second[kept], first[kept], -together[kept]))
            return first[kept][order], second[kept][order], together[kept][order]


def _together(counts: Counts, lists: int, rows: int, least: int) -> tuple[Ints, Ints, Ints]:
    """Pairs of rows that so many lists have both of, and how many lists."""
    length = np.bincount(counts.list, minlength=lists)
    every = max(1, -(-int((length ** 2).sum()) // PRODUCTS))
    here = (counts.list % every == 0) & (np.bincount(counts.row, minlength=rows) >= least)[counts.row]
    has = csr_array((np.ones(int(here.sum()), dtype=np.int32), (counts.row[here], counts.list[here])),
                    shape=(rows, lists))
    both = (has @ has.T).tocoo()
    kept = (both.row < both.col) & (both.data * every >= least)
    return both.row[kept].astype(np.int64), both.col[kept].astype(np.int64), both.data[kept].astype(np.int64) * every


def _chosen(rows: Ints, first: Ints, second: Ints, most: int) -> Ints:
    """The pairs of a round, int64 [pairs, 2]: one after the other, as long as there is room, no row in two of them."""
    known = {row.tobytes(): number for number, row in enumerate(rows)}
    room, taken, chosen = most - len(rows), np.zeros(len(rows) + 1, dtype=np.bool_), list[tuple[int, int]]()
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        if taken[a] or taken[b]:
            continue
        total = rows[a] + rows[b]
        stands = known.get(total.tobytes())
        if stands is None and total.any():
            if room <= 0:
                continue
            room -= 1
            known[total.tobytes()] = len(rows)  # another pair of the same sum waits for the next round
            taken[len(rows)] = True
        elif stands is not None:
            if taken[stands]:
                continue
            taken[stands] = True
        taken[a] = taken[b] = True
        chosen.append((a, b))
    return np.array(chosen, dtype=np.int64).reshape(-1, 2)
