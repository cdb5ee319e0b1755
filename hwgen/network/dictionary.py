"""A dictionary of weight rows: what the input features gather, each different row once, and sums of frequent pairs.

The first layer adds a weight row for each set feature of a node: ``X W``. Rows of zeros need no addition, equal rows
no second place in memory, and two rows that many nodes add together may be one row, their sum, as long as it is a code
of the same width: a dictionary has rows ``R``, and gives every list of features the rows to add instead, so that
``M R = X W`` in integers. Pairs are replaced by their sums round by round, in the order in which :mod:`.pair_search`
found them, as byte pair encoding does (Gage 1994, "A new algorithm for data compression"); pairs of common neighbours
are known from Jia et al., "Redundancy-free computation for graph neural networks", KDD 2020 (HAG).
"""

from collections.abc import Iterator
from ctypes import CDLL
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..native import library, numbers, pointer

__all__ = ["NO_PAIRS", "Counts", "Dictionary", "planes_of"]

Ints = NDArray[np.int64]

NO_PAIRS: Ints = np.zeros((0, 3), dtype=np.int64)  #: Of a dictionary without sums.
NOTHING = -1  #: In place of a row of zeros.
SOURCE = Path(__file__).with_name("encode_lists.cpp")
ROW_BITS = 31  #: Of a row's number, beside that of a list in one integer.


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How often lists add rows: entries of a sparse matrix, in no order, none twice.

    Parameters
    ----------
    list, row, times : int64 [entries]
    """

    list: Ints
    row: Ints
    times: Ints

    @property
    def reads(self) -> int:
        """Additions of all lists."""
        return int(self.times.sum())

    def joined(self, some: NDArray[np.bool_] | None = None) -> "Counts":
        """Entries of one list and row made one; ``some``, bool [entries], are those that may have others like them."""
        if some is None:
            some = np.ones(len(self.row), dtype=np.bool_)
        key, inverse = np.unique(self.list[some] << ROW_BITS | self.row[some], return_inverse=True)
        times = np.bincount(inverse, weights=self.times[some], minlength=len(key)).astype(np.int64)
        return Counts(list=np.concatenate([self.list[~some], key >> ROW_BITS]),
                      row=np.concatenate([self.row[~some], key & (1 << ROW_BITS) - 1]),
                      times=np.concatenate([self.times[~some], times]))

    def replaced(self, pairs: Ints, rows: int) -> tuple["Counts", Ints]:
        """Let each pair of rows be what stands for both, as often as a list adds both.

        Parameters
        ----------
        pairs : int64 [pairs, 3]
            Two rows and what stands for them, no row in two pairs.
        rows : int
            Rows that there were before: what is new has higher numbers.

        Returns
        -------
        Counts
        int64 [pairs]
            Additions that each pair saves.
        """
        pair, target_of = np.full(max(rows, 1), NOTHING), pairs[:, 2]
        pair[pairs[:, 0]] = pair[pairs[:, 1]] = np.arange(len(pairs))
        number = pair[self.row]
        here = np.flatnonzero(number >= 0)
        key = self.list[here] * len(pairs) + number[here]
        order = np.argsort(key, kind="stable")
        at = np.flatnonzero(np.diff(key[order]) == 0)  # both rows of a pair are in one list
        first, second = here[order[at]], here[order[at + 1]]
        both = np.minimum(self.times[first], self.times[second])
        times = self.times.copy()
        times[first] -= both
        times[second] -= both
        which = number[first]
        target = target_of[which]
        stands, kept = target != NOTHING, times > 0
        saved = np.bincount(which, weights=both * (2 - stands), minlength=len(pairs)).astype(np.int64)
        found = Counts(list=np.concatenate([self.list[kept], self.list[first][stands]]),
                       row=np.concatenate([self.row[kept], target[stands]]),
                       times=np.concatenate([times[kept], both[stands]]))
        old = np.zeros(rows + len(pairs), dtype=np.bool_)  # rows that lists may have had before
        old[target_of[(target_of != NOTHING) & (target_of < rows)]] = True
        return (found.joined(old[found.row]) if old.any() else found), saved


@dataclass(frozen=True, kw_only=True)
class Dictionary:
    """Rows that are stored, and how lists of features are told in them.

    Parameters
    ----------
    rows : int64 [r, k]
        Different weight rows in the order in which features have them, none of zeros; then sums.
    of : int64 [features]
        Row of each feature, -1 where it is all zeros.
    pairs : int64 [pairs, 4]
        Round, two rows, and the row that stands for both: -1 where they cancel.
    """

    rows: Ints
    of: Ints
    pairs: Ints

    @classmethod
    def distinct(cls, weight: Ints) -> "Dictionary":
        """Of a weight matrix, int64 [features, k], without any sum."""
        filled = weight.any(axis=1)
        rows, first, inverse = np.unique(weight[filled], axis=0, return_index=True, return_inverse=True)
        order = np.argsort(first)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        of = np.full(len(weight), NOTHING)
        of[filled] = place[inverse.ravel()]
        return cls(rows=rows[order].astype(np.int64), of=of, pairs=np.zeros((0, 4), dtype=np.int64))

    @classmethod
    def of_pairs(cls, weight: Ints, pairs: Ints) -> "Dictionary":
        """Of a weight matrix and the pairs of a dictionary of it, rounds and rows only: int64 [pairs, 3].

        Raises
        ------
        ValueError
            Rows that there are not, rounds that go back, or a row in two pairs of a round.
        """
        made = cls.distinct(weight)
        if pairs.shape[1:] != (3,) or (np.diff(pairs[:, 0]) < 0).any():
            raise ValueError("pairs have no rounds, or these go back")
        for number in np.unique(pairs[:, 0]):
            made = made.extended(pairs[pairs[:, 0] == number, 1:])
        return replace(made, pairs=np.concatenate([pairs[:, :1], made.pairs[:, 1:]], axis=1))

    def extended(self, pairs: Ints) -> "Dictionary":
        """With one more round of pairs of rows, int64 [pairs, 2]; a sum that is there already is found again."""
        count = len(self.rows)
        if pairs.size and (pairs.min() < 0 or pairs.max() >= count or len(np.unique(pairs)) != pairs.size):
            raise ValueError(f"pairs of {count} rows name others, or one of them twice in a round")
        sums = self.rows[pairs[:, 0]] + self.rows[pairs[:, 1]]
        known = {row.tobytes(): number for number, row in enumerate(self.rows)}
        known[np.zeros(self.rows.shape[1], dtype=np.int64).tobytes()] = NOTHING
        stands = np.array([known.setdefault(row.tobytes(), len(known) - 1) for row in sums], dtype=np.int64)
        fresh = sums[np.unique(stands, return_index=True)[1]][np.unique(stands) >= count]
        round_ = np.full((len(pairs), 1), int(self.pairs[-1, 0]) + 1 if len(self.pairs) else 0)
        return Dictionary(rows=np.concatenate([self.rows, fresh]), of=self.of, pairs=np.concatenate(
            [self.pairs, np.concatenate([round_, pairs, stands[:, None]], axis=1)]))

    def within(self, most: int) -> "Dictionary":
        """The first ``most`` rows and all pairs of these; different weight rows are there in any case."""
        most = max(most, self.base)
        kept = (self.pairs[:, 1:] < most).all(axis=1)
        return Dictionary(rows=self.rows[:most], of=self.of, pairs=self.pairs[kept])

    @property
    def saved(self) -> Ints:
        """What :meth:`of_pairs` makes it of again, with the weights: int64 [pairs, 3]."""
        return self.pairs[:, :3]

    @property
    def base(self) -> int:
        """Rows that are no sums."""
        return int(self.of.max(initial=NOTHING)) + 1

    def rounds(self) -> Iterator[tuple[int, Ints]]:
        """Of each round the rows before it, and its pairs: int64 [pairs, 3]."""
        before = self.base
        for number in np.unique(self.pairs[:, 0]):
            pairs = self.pairs[self.pairs[:, 0] == number, 1:]
            yield before, pairs
            before = max(before, int(pairs[:, 2].max()) + 1)

    def counts(self, lists: csr_array) -> Counts:
        """Weight rows that lists of features, of whole counts from 0 on, add: before any pair is replaced."""
        row = self.of[lists.indices]
        added = row != NOTHING
        return Counts(list=np.repeat(np.arange(lists.shape[0]), np.diff(lists.indptr))[added], row=row[added],
                      times=lists.data[added].astype(np.int64)).joined()

    def encode(self, lists: csr_array) -> csr_array:
        """How often lists add each row: ``encode(X) @ rows == X @ weight``.

        Compiled, in time in proportion to the entries of the lists and the pairs of each; without a compiler, to the
        entries in every round.

        Parameters
        ----------
        lists : csr_array int64 [n, features]
            Whole counts, from 0 on.

        Returns
        -------
        csr_array int64 [n, r]
            Canonical.
        """
        if loops := library(SOURCE):
            return self._compiled(loops, lists)
        counts = self.counts(lists)
        for before, pairs in self.rounds():
            counts = counts.replaced(pairs, before)[0]
        coded = csr_array((counts.times, (counts.list, counts.row)), shape=(lists.shape[0], len(self.rows)))
        coded.sort_indices()
        return coded

    def _compiled(self, loops: CDLL, lists: csr_array) -> csr_array:
        first, times, pairs = (np.ascontiguousarray(each, dtype=np.int64)
                               for each in (lists.indptr, lists.data, self.pairs))
        row, ends = self.of[lists.indices], np.empty(len(first), dtype=np.int64)
        out_row, out_times = np.empty_like(row), np.empty_like(row)
        loops.encode_lists(*numbers(lists.shape[0], len(self.rows), len(pairs)),
                           *map(pointer, (pairs, first, row, times, ends, out_row, out_times)))
        coded = csr_array((out_times[:ends[-1]], out_row[:ends[-1]], ends), shape=(lists.shape[0], len(self.rows)))
        coded.has_canonical_format = True
        return coded


def planes_of(features: csr_array, bits: int) -> csr_array:
    """Codes as lists of set bits, ``bits`` lists a node, the most significant first: int64 [n * bits, features]."""
    if bits == 1:
        return features
    node = np.repeat(np.arange(features.shape[0]), np.diff(features.indptr))
    plane = np.arange(bits - 1, -1, -1)
    entry, place = np.nonzero(features.data[:, None] >> plane & 1)
    ones = np.ones(len(entry), dtype=np.int64)
    return csr_array((ones, (node[entry] * bits + place, features.indices[entry])),
                     shape=(features.shape[0] * bits, features.shape[1]))
