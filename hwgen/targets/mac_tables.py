"""What a MAC array loads, of every target: tables of sums of weights, in place of multipliers."""

from collections.abc import Iterator
from enum import IntEnum

import numpy as np

from rtl_templates.cells.mac_plan import CHUNK_SHIFT, MacPlan

from ..numeric import IntRange
from .arrays import Ints
from .words import Beats, pack_fields, section

__all__ = ["subset_sums", "table_words"]


def subset_sums(pages: Ints, plan: MacPlan, target: IntEnum) -> list[Beats]:
    """The words of an array's tables, as sections of the load stream.

    Parameters
    ----------
    pages : int64 [pages, inputs, outputs]
        Weights, zero beyond the fan-in and the fan-out; not more pages than the array has.
    plan : MacPlan
        The array's.
    target : IntEnum
        The target's TABLE.
    """
    return [beats for unit, words in table_words(pages, plan) for beats in section(target, unit, 0, words)]


def table_words(pages: Ints, plan: MacPlan) -> Iterator[tuple[int, Beats]]:
    """Load units with their words, from address 0 on."""
    for index, piece in enumerate(plan.slices):
        bits = _entries(pages, plan, piece.table) >> piece.bit & (1 << piece.width) - 1
        for chunk, first in enumerate(plan.chunks):
            columns = bits[:, first : first + plan.chunk].T
            yield index | chunk << CHUNK_SHIFT, pack_fields([(column, plan.field) for column in columns])


def _entries(pages: Ints, plan: MacPlan, number: int) -> Ints:
    """Entries of a table, page after page: int64 [pages * entries of a page, outputs].

    All tables but the last count from their smallest sum, which is added to every entry of the last one. In the upper
    half of a last table that negate addresses, the sum of all weights is subtracted.
    """
    table, last = plan.tables[number], number == len(plan.tables) - 1
    rows = pages[:, table.first : table.first + table.inputs]
    subsets = np.arange(1 << table.inputs)[:, None] >> np.arange(table.inputs) & 1
    lift = np.minimum(pages[:, : table.first], 0).sum(axis=1) if last else -np.minimum(rows, 0).sum(axis=1)
    entries: Ints = np.einsum("si,pic->psc", subsets, rows) + lift[:, None]
    if table.address_bits > table.inputs:
        entries = np.concatenate([entries, entries - pages.sum(axis=1)[:, None]], axis=1)
    IntRange(table.low, table.high).prove(entries, f"table {number} of the MAC array")
    return entries.reshape(-1, pages.shape[2])
