"""What a MAC array loads, of every target: tables of sums of weights, in place of multipliers."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from rtl_templates.cells.formats import TABLE_INPUTS, table_bits
from rtl_templates.shell.words import BEAT_BITS

from .words import Beats, pack_fields, section

__all__ = ["subset_sums"]

Ints = NDArray[np.int64]


def subset_sums(pages: Ints, weight_bits: int, target: IntEnum) -> list[Beats]:
    """Sums over the 64 subsets of six inputs at a time, as sections of the load stream.

    Parameters
    ----------
    pages : int64 [pages, inputs, outputs]
        Weights of ``weight_bits``, sign included.
    target : IntEnum
        The target's TABLE.
    """
    stream: list[Beats] = []
    width = table_bits(weight_bits)
    chunk = BEAT_BITS // width
    count, lanes, outputs = pages.shape
    inputs = -(-lanes // TABLE_INPUTS)
    subsets = np.arange(1 << TABLE_INPUTS)[:, None] >> np.arange(TABLE_INPUTS) & 1
    weights = np.zeros((count, inputs * TABLE_INPUTS, outputs), dtype=np.int64)
    weights[:, :lanes] = pages
    for table in range(inputs):
        sums = np.einsum("si,pic->psc", subsets, weights[:, table * TABLE_INPUTS : (table + 1) * TABLE_INPUTS])
        flat = sums.reshape(-1, outputs)
        for index, first in enumerate(range(0, outputs, chunk)):
            fields = [(column, width) for column in flat[:, first : first + chunk].T]
            stream += section(target, table + 32 * index, 0, pack_fields(fields))
    return stream
