"""Where everything of a program lies: what placing one gives."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import Ints
from .hardware import Hardware
from .program import Program
from .tables import Tables

__all__ = ["Layout", "Place", "positions"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A tensor in the node buffer.

    Parameters
    ----------
    address : int
        First word; row i has words ``address + i * chunks`` and up.
    chunks : int
        Words of a row.
    position : int64 [width]
        ``chunk * lanes + lane`` of each channel.
    """

    address: int
    chunks: int
    position: Ints


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A program, placed.

    Parameters
    ----------
    program, hardware
    nodes, graphs, edges : int
        Most rows of a batch, by edge where the program has such.
    tensors : tuple of Place
    buffer_words : int
        Words of the node buffer in use.
    passes, beats : tuple of dict
        Fields of PASS and BEAT words.
    tables : Tables
        Constants of both requantizers, and weight pages.
    result : int64 [classes]
        Position of each result in the row of results.
    """

    program: Program
    hardware: Hardware
    nodes: int
    graphs: int
    edges: int
    tensors: tuple[Place, ...]
    buffer_words: int
    passes: tuple[dict[str, int], ...]
    beats: tuple[dict[str, int], ...]
    tables: Tables
    result: Ints

    @property
    def result_words(self) -> int:
        """Words of 8 results that a row takes."""
        return self.passes[-1]["result_words"]

    @property
    def result_rows(self) -> int:
        """Most rows of results of a batch."""
        return self.graphs if self.program.passes[-1].domain == "graphs" else self.nodes


def positions(blocks: Sequence[int], lanes: int) -> Ints:
    """``chunk * lanes + lane`` of each channel, where every block begins a chunk: int64 [channels]."""
    first = np.cumsum([0, *(-(-block // lanes) * lanes for block in blocks)])
    return np.concatenate([start + np.arange(block) for start, block in zip(first[:-1], blocks, strict=True)])
