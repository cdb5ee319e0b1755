"""What a MAC array takes: tables, adders and accumulators follow from its plan (rtl_templates/cells/mac_plan.py)."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from rtl_templates.cells.mac_plan import DEEPEST, MacPlan, Tree, mac_tree

from ..flow.memories import block, chosen, distributed

__all__ = ["MacCost", "mac_cost"]

_CODE = 255  # largest code


class MacCost(NamedTuple):
    """Of one array.

    Parameters
    ----------
    bram36, lutram, lut, ff
        What its plan fixes: tables, and all registers.
    twos, threes : int
        Bits of adders of two and of three operands.
    addresses : int
        Bits that address tables, each chosen between a load and a plane.
    selected : int
        Look-up tables that choose between memories of a table.
    acc_bits : int
        Of an accumulator.
    """

    bram36: float
    lutram: int
    lut: int
    ff: int
    twos: int
    threes: int
    addresses: int
    selected: int
    acc_bits: int


@cache
def mac_cost(plan: MacPlan, planes: int, x_bits: int, weight_bits: int, family: str, *, both: bool,
             held: bool) -> MacCost:
    """Of an array of a plan.

    Parameters
    ----------
    plan : MacPlan
    planes, x_bits, weight_bits : int
        As of :class:`rtl_templates.cells.mac.MacArray`.
    family : str
        Whose memories tables are.
    both, held : bool
        Planes come from two sources; pages may share a plane's weight.
    """
    columns, pages, lanes = plan.columns, plan.pages, sum(table.inputs for table in plan.tables)
    levels, largest = mac_tree(lanes, planes), _CODE * lanes * pages * ((1 << weight_bits - 1) - 1)
    acc_bits = min(x_bits, largest.bit_length() + 1)
    small = [distributed(width, min(DEEPEST, depth - first), family, one=True)
             for width, depth in plan.memories(planes) for first in range(0, depth, DEEPEST)]
    over = sum(width * chosen(-(-depth // DEEPEST), family) for width, depth in plan.memories(planes))
    large = [block(width, depth, family) for width, depth in plan.memories(planes, block=True)]
    sums = [tree for root in plan.roots for tree in _sums(root)]
    twos, threes = (columns * sum(plan.width(tree) for tree in sums if len(tree.parts) == count) for count in (2, 3))
    adds = columns * acc_bits
    page_bits = (pages - 1).bit_length()
    late = sum(plan.tables[leaf.table].inputs * (levels - depth)
               for root in plan.roots for leaf, depth in _leaves(root))
    registers = sum(width for width, _ in plan.memories(planes)) + twos + threes
    registers += columns * (acc_bits * (2 if held else 1) + acc_bits - planes) + late * (1 + both)
    registers += 3 * (1 + levels) + page_bits * levels
    return MacCost(
        bram36=sum(each.bram36 for each in large), lutram=sum(each.lutram for each in small),
        lut=sum(each.lut for each in small), ff=registers,
        twos=twos + (adds if len(plan.roots) == 1 and not held else 0),
        threes=threes + (adds if len(plan.roots) > 1 or held else 0),
        addresses=planes * sum(table.address_bits + page_bits for table in plan.tables),
        selected=over + sum(each.selected for each in (*small, *large)), acc_bits=acc_bits)


def _sums(tree: Tree) -> Iterator[Tree]:
    if tree.parts:
        yield tree
        for part in tree.parts:
            yield from _sums(part)


def _leaves(tree: Tree, depth: int = 0) -> Iterator[tuple[Tree, int]]:
    if not tree.parts:
        yield tree, depth
    for part in tree.parts:
        yield from _leaves(part, depth + 1)
