"""A program to one whose features are told in rows of a dictionary, and how many of these a node buffer has room for.

The dictionary is a part of the model: rows lie in the buffer for good, beside room for the largest batch. Several
weight matrices that features gather share a list, so that they share a dictionary: its rows lie side by side.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from scipy.sparse import csr_array

from rtl_templates.lists.formats import PLACE

from ...network.batch import Batch
from ...network.dictionary import Dictionary, planes_of
from ...network.pair_search import Found, search_pairs
from .area import buffer_blocks
from .hardware import Hardware
from .program import Program

__all__ = ["FeatureRows", "told_in"]

#: Shares of the sums that were found that a buffer may be deepened for, beside what its blocks hold anyway.
SHARES = (1.0, 0.5, 0.25)
DEPTH_STEP = 64  #: Of a node buffer.


def told_in(program: Program, dictionary: Dictionary | None) -> Program:
    """The same program with another dictionary."""
    return replace(program, dictionary=dictionary)


class FeatureRows:
    """Dictionaries of all sizes for a network, made from its sample; programs differ in their limits only.

    Parameters
    ----------
    program : Program
    sample : Batch
    """

    def __init__(self, program: Program, sample: Batch) -> None:
        self.program, self.sample, self.weight = program, sample, program.feature_rows
        self.distinct = None if self.weight is None else Dictionary.distinct(self.weight)

    def least(self, program: Program) -> Program:
        """A program without sums of rows."""
        return told_in(program, self.distinct)

    def most(self, program: Program, rows: int) -> tuple[Program, int]:
        """A program with so many rows at most, and the list entries of the sample that this saves, about."""
        if self._found is None:
            return program, 0
        dictionary = self._found.dictionary.within(rows)
        saved = self._entries - self._found.reads_within(len(dictionary.rows))
        return told_in(program, dictionary), saved

    def sized(self, program: Program, hardware: Hardware, words: int, fixed: bool) -> Iterator[
            tuple[Program, Hardware, int]]:
        """Node buffers for a program: of as many blocks as without sums, and deeper ones; each with what it holds.

        Parameters
        ----------
        hardware : Hardware
            That holds :meth:`least`.
        words : int
            Words of its buffer that are in use then.
        fixed : bool
            Whether its depth was asked for.
        """
        each, found = self.words_of_row(program, hardware.lanes), self._found
        if found is None or self.distinct is None:
            yield program, hardware, 0
            return
        least, every = len(self.distinct.rows), len(found.dictionary.rows)
        depths = [hardware.buffer_depth] if fixed else [
            _whole_blocks(hardware, hardware.buffer_depth),
            *(_whole_blocks(hardware, words + each * int(share * (every - least))) for share in SHARES)]
        for depth in sorted({min(max(depth, hardware.buffer_depth), 1 << PLACE) for depth in depths}, reverse=True):
            rows = least + max(0, depth - words) // max(1, each)
            used = words + each * (min(rows, every) - least)
            deep = depth if fixed else min(depth, max(hardware.buffer_depth, -(-used // DEPTH_STEP) * DEPTH_STEP))
            told, saved = self.most(program, rows)
            yield told, replace(hardware, buffer_depth=deep), saved

    def words_of_row(self, program: Program, lanes: int) -> int:
        """Words of the buffer that a row of the dictionary takes, of all weights together."""
        return sum(-(-block // lanes) for tensor in program.tensors if tensor.rows is not None
                   for block in tensor.blocks)

    @cached_property
    def _lists(self) -> csr_array:
        return planes_of(self.sample.lists("features"), self.program.input_bits)

    @property
    def _entries(self) -> int:
        """Of the sample's lists, as features."""
        return int(self._lists.sum())

    @cached_property
    def _found(self) -> Found | None:
        if self.weight is None:
            return None
        bits = 8 if any(tensor.bits > 4 for tensor in self.program.tensors) else 4
        return search_pairs(self.weight, self._lists, bits)


def _whole_blocks(hardware: Hardware, depth: int) -> int:
    """The largest depth whose memories take as many blocks."""
    depth = -(-depth // DEPTH_STEP) * DEPTH_STEP
    blocks = buffer_blocks(replace(hardware, buffer_depth=depth))
    while buffer_blocks(replace(hardware, buffer_depth=depth + DEPTH_STEP)) == blocks:
        depth += DEPTH_STEP
    return depth
