"""Resources of a unit at a glance: whether a design is worth minutes of Yosys.

Block memories are counted memory by memory, from the templates' own shapes, up to 5 % above Yosys's counts; look-up
tables and flip-flops are formulas, 3 % below to equal and 1 % below to 12 % above them, on three units
(``tests/hwgen/targets/lists/test_area.py``). What is built is always counted by Yosys and refused if it does not
fit: a wrong guess costs a count, or the fastest of several designs.
"""

from collections.abc import Iterator

from rtl_templates.cells.mac_plan import lutram as tables_lutram
from rtl_templates.lists.formats import (
    BIAS_BITS,
    BLOCK_ENTRIES,
    COLUMN_BITS,
    DESCRIPTOR,
    ENTRY_BITS,
    LIST_ENTRY,
    PARAM,
    ROW_BITS,
    V_BITS,
    weight_plan,
)
from rtl_templates.shell.words import BEAT_BITS

from ...flow.resources import Component, Resources, Usage, blocks
from .hardware import Hardware

__all__ = ["buffer_blocks", "guess_resources"]


def guess_resources(hardware: Hardware) -> Resources:
    """What Yosys is expected to count for a design."""
    h = hardware
    depths = list(_memories(h))
    requantizers = 2 if h.weight_bits else 1
    lutram = 414 + 5 * h.lanes
    lut = 500 + h.lanes * (2 * h.acc_bits + 2 * h.code_bits + 1) + 6 * h.lanes
    ff = 2700 + 20 * h.lanes
    memories, depth = _columns(h)
    distributed = 0 if _is_block(depth) else memories * -(-4 * (COLUMN_BITS + BIAS_BITS) // 7) * 8 * -(-depth // 64)
    lut += requantizers * (600 + 133 * h.requant_lanes + 16 * h.lanes + distributed)
    lutram += requantizers * (520 + distributed)
    ff += requantizers * (600 + 547 * h.requant_lanes + 12 * h.lanes)
    if h.joined:  # of the first one
        lut += (83 + 56 * h.maxima) * h.requant_lanes
        lutram += (26 + 14 * h.maxima) * h.requant_lanes
        ff += 53 * h.requant_lanes
    if h.weight_bits:
        plan = weight_plan(h.to_dict())
        adders = h.lanes * sum(map(plan.adder_bits, plan.roots))
        lut += adders + 60 * h.lanes
        ff += adders + 65 * h.lanes
        tables = sum(tables_lutram(*memory) for memory in plan.memories(1))
        lut += tables
        lutram += tables
        ff += sum(width for width, _ in plan.memories(1))
    unit = Usage(lut=lut, lutram=lutram, ff=ff, bram36=sum(blocks(width, depth) for width, depth in depths),
                 dsp=3 * h.requant_lanes * requantizers)
    shell = Usage(lut=1600 + 140 * h.units, lutram=240, ff=2650)
    return Resources(components=(Component(name="unit", count=h.units, one=unit),
                                 Component(name="shell", count=1, one=shell)),
                     method="formulas fitted to Yosys's counts")


def _is_block(depth: int) -> bool:
    return depth >= BLOCK_ENTRIES


def _columns(h: Hardware) -> tuple[int, int]:
    """Memories that hold the constants of columns, four lanes wide each, and their depth."""
    memories = max(1, h.requant_lanes // 4)
    return memories, h.column_depth << (h.lanes // (4 * memories) - 1).bit_length()


def buffer_blocks(h: Hardware) -> float:
    """Block memory of a unit's node buffer, entries included, in 36 kbit."""
    return sum(blocks(width, depth) for width, depth in _buffers(h))


def _buffers(h: Hardware) -> Iterator[tuple[int, int]]:
    word = h.lanes * h.code_bits
    yield from ((min(BEAT_BITS, word - low), h.buffer_depth) for low in range(0, word, BEAT_BITS))
    yield ENTRY_BITS, h.buffer_depth


def _memories(h: Hardware) -> Iterator[tuple[int, int]]:
    """Width and depth of every block memory of a unit."""
    yield from _buffers(h)
    yield 8 * sum(LIST_ENTRY.values()), h.list_depth
    yield 2 * sum(DESCRIPTOR.values()), h.descriptor_depth
    yield BEAT_BITS, h.result_depth
    if h.weight_bits:
        yield from weight_plan(h.to_dict()).memories(1, block=True)
    for _ in range(2 if h.weight_bits else 1):
        requantizer = [(sum(PARAM.values()), h.param_depth), (ROW_BITS, h.param_depth)]
        requantizer += [(V_BITS, h.tables << level) for level in range(h.levels)]
        memories, depth = _columns(h)
        requantizer += [(4 * bits, depth) for bits in (COLUMN_BITS, BIAS_BITS) for _ in range(memories)]
        yield from (each for each in requantizer if _is_block(each[1]))
