"""Results, and where they lie in what the store unit writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Results"]

Ints = NDArray[np.int64]

_LANES = 8  # 16-bit codes of a word of 16 bytes


@dataclass(frozen=True)
class Results:
    """Results and where they lie in what the store unit writes.

    Parameters
    ----------
    codes : int64 [rows, width]
        What must be stored, padding included.
    row : int64 [rows]
        The node or graph that each is of.
    word : int64 [rows]
        The first of its words; words have 16 bytes, those of unit 0 come first.
    column : int64 [classes]
        Which of the ``width`` is each class.
    word_codes : int
        Results in a word.
    """

    codes: Ints
    row: Ints
    word: Ints
    column: Ints
    word_codes: int

    @classmethod
    def of(cls, golden: Mapping[str, NDArray[Any]], word_codes: int) -> "Results":
        """Out of the arrays of ``golden.npz``.

        Parameters
        ----------
        word_codes : int
            Of the last pass: those that a word cannot hold lie in several words.
        """
        codes, row, word, column = (golden[name].astype(np.int64) for name in (
            "results", "results_row", "results_word", "results_column"))
        return cls(codes=codes, row=row, word=word, column=column, word_codes=min(_LANES, word_codes))

    @property
    def chunks(self) -> int:
        """Words that a row takes."""
        return -(-int(self.codes.shape[1]) // self.word_codes)

    def read(self, stored: bytes) -> Ints:
        """Codes as they lie in memory: int64 [rows, width]."""
        words = np.frombuffer(stored, dtype="<i2").astype(np.int64).reshape(-1, _LANES)[:, :self.word_codes]
        rows, width = self.codes.shape
        of_rows = words[self.word[:, None] + np.arange(self.chunks)].reshape(rows, self.chunks * self.word_codes)
        return np.asarray(of_rows[:, :width])

    def wanted(self, words: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """What must lie in memory, and which bits of it are compared: uint16 [words, 8] each."""
        codes, compared = (np.zeros((words, _LANES), dtype=np.uint16) for _ in range(2))
        column = np.arange(self.codes.shape[1])
        place = self.word[:, None] + column // self.word_codes, column % self.word_codes
        codes[place], compared[place] = (self.codes & 0xFFFF).astype(np.uint16), 0xFFFF
        return codes, compared

    def in_order(self, codes: Ints) -> Ints:
        """Classes of each row, rows by their number: int64 [rows, classes]."""
        return np.asarray(codes[np.argsort(self.row, kind="stable")][:, self.column])
