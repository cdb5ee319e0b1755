"""The integer oracle of the graph-level organisation. The RTL must equal it, code by code."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PassTrace", "Trace"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PassTrace:
    """What one pass computed for its n rows (nodes or graphs).

    Parameters
    ----------
    name : str
        The pass's.
    codes : int64 [n, k]
        Codes that leave Q1, segments side by side; V where Q1 is raw.
    bits : int64 [n]
        Width of each row at Q1: the planes that the MAC array walks.
    entry : int64 [n]
        Entry that each row chose at Q1.
    written : int64 [n, m]
        What the pass writes: ``codes``, or what leaves Q2.
    written_entry : int64 [n]
        Entry beside each written row.
    """

    name: str
    codes: Ints
    bits: Ints
    entry: Ints
    written: Ints
    written_entry: Ints


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a program computed, pass by pass."""

    passes: tuple[PassTrace, ...]

    @property
    def results(self) -> Ints:
        """Raw results of the last pass: int64 [nodes or graphs, classes]."""
        return self.passes[-1].written

    def predict(self) -> Ints:
        """Class of each row; among equal results the lowest class wins."""
        return np.asarray(np.argmax(self.results, axis=1), dtype=np.int64)
