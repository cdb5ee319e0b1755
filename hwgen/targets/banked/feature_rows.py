"""A program and a dictionary of its first weight matrix to a program that gathers the dictionary's rows.

Every graph brings its rows along, so that a dictionary takes the rows of the banks that the graph's own nodes leave.
"""

from dataclasses import replace

import numpy as np

from ...network.dictionary import Dictionary
from ...network.pair_search import search_pairs
from .hardware import UNITS, Hardware
from .program import FeatureRows, Program

__all__ = ["dictionary_for", "room_for", "told_in"]


def room_for(program: Program, hardware: Hardware) -> int:
    """Rows that the nodes of a program leave in all banks."""
    return max(0, UNITS * hardware.bank_depth - int(program.written.sum()))


def dictionary_for(program: Program, hardware: Hardware) -> Dictionary | None:
    """A dictionary for the features of a program's graph; None where no rows are gathered through features."""
    source = program.passes[0].source
    if source is None:
        return None
    return search_pairs(source, program.features, hardware.code_bits).dictionary.within(room_for(program, hardware))


def told_in(program: Program, dictionary: Dictionary | None, hardware: Hardware | None = None) -> Program:
    """The program with its first pass in rows of a dictionary, of which none is kept that the graph does not read.

    Parameters
    ----------
    program : Program
    dictionary : Dictionary or None
        Of its first weight matrix; None: as it is.
    hardware : Hardware or None
        Whose banks hold the rows: as many pairs are used as they have room for. None: all.
    """
    if dictionary is None:
        return program
    if hardware is not None:
        dictionary = dictionary.within(room_for(program, hardware))
    reads = dictionary.encode(program.features)
    used = np.flatnonzero(np.bincount(reads[program.rows_of(0)].indices, minlength=reads.shape[1]))
    return replace(program, told=FeatureRows(reads=reads[:, used], rows=dictionary.rows[used], least=dictionary.base))
