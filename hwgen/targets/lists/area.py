"""Resources of a design of edge lists without synthesis: what the templates fix, counted, and a fitted rest.

Block memory, DSP and memories of look-up tables follow from shapes, and so do the wide registers, adders and
multiplexers; coefficients of the rest are data (``hwgen/targets/costs.py``). Their errors are published:
docs/estimates.md. What is built is always counted by Yosys and refused if it does not fit.
"""

from collections.abc import Iterator

from rtl_templates.lists.combine_timing import QUEUE
from rtl_templates.lists.formats import (
    ACC_BITS,
    BEAT,
    BIAS_BITS,
    BIAS_SHIFT,
    BLOCK_ENTRIES,
    COLUMN_ADDRESS,
    COLUMN_BITS,
    CONTEXT,
    DESCRIPTOR,
    ENTRY_BITS,
    LIST_ENTRY,
    MID_BITS,
    MID_SHIFTS,
    PARAM,
    PASS,
    ROW_ADDRESS,
    ROW_BITS,
    V_BITS,
    V_SHIFT,
    weight_plan,
)
from rtl_templates.lists.gather_timing import SLOTS
from rtl_templates.lists.requantize_timing import code_slots, steps, value_slots
from rtl_templates.shell.words import BEAT_BITS

from ...flow.memories import OLD_WORDS, Mapped, block, chosen, distributed
from ...flow.resources import Component, Resources, Usage
from ..costs import Cost, method, shape_family, used
from ..mac_cost import MacCost, mac_cost
from .hardware import Hardware

__all__ = ["COSTS", "buffer_blocks", "guess_resources"]

_RAW, _CODE, _WORD = 16, 8, 4  # bits of a result, of a code; lanes of a load word
_CONTEXT = sum(CONTEXT.values())
_META = 2 * COLUMN_ADDRESS + 7 + ROW_ADDRESS + CONTEXT["degree"] + CONTEXT["node"]  # of a token, from its beat
_PLACE = 2 * COLUMN_ADDRESS + 1 + ROW_ADDRESS + _CONTEXT  # of a sum
_DSP = {"xcup": 3, "xc7": 4, "ecp5": 6, "gw5a": 3}  # of a requantizer lane
_NARROW = 18  # bits of either side of an ECP5's multiplier
_PLACES = {"xcup": 0, "xc7": 0, "ecp5": 1, "gw5a": 0}  # and one of a place, a unit's number times a stride
_LEAKY = {"xcup": 1, "xc7": 1, "ecp5": 2, "gw5a": 1}  # more of them, for slopes
_STORE_QUEUE = 16  # words of the store unit's queue


def guess_resources(hardware: Hardware, family: str = "xcup") -> Resources:
    """What Yosys is expected to count, by component."""
    counts = {"unit": hardware.units, "shell": 1}
    return Resources(components=tuple(
        Component(name=name, count=times, one=used("lists", name, COSTS[name](hardware, shape_family(family)), family))
        for name, times in counts.items()), method=method(family))


def buffer_blocks(h: Hardware, family: str = "xcup") -> float:
    """Block memory of a unit's node buffer, entries included, in 36 kbit."""
    return sum(block(width, depth, family).bram36 for width, depth in _buffers(h))


def _buffers(h: Hardware) -> Iterator[tuple[int, int]]:
    word = h.lanes * h.code_bits
    yield from ((min(BEAT_BITS, word - low), h.buffer_depth) for low in range(0, word, BEAT_BITS))
    yield ENTRY_BITS, h.buffer_depth


def _large(h: Hardware) -> Iterator[tuple[int, int]]:
    """Width and depth of every block memory of a unit but the MAC array's and the requantizers'."""
    yield from _buffers(h)
    yield 8 * sum(LIST_ENTRY.values()), h.list_depth
    yield 2 * sum(DESCRIPTOR.values()), max(2, h.descriptor_depth)
    yield BEAT_BITS, h.result_depth


def _tables(h: Hardware) -> Iterator[tuple[int, int]]:
    """Tables with a registered read of a requantizer."""
    memories = max(1, h.requant_lanes // _WORD)
    depth = max(2, h.column_depth << (-(-h.lanes // (_WORD * memories)) - 1).bit_length())
    for bits in (COLUMN_BITS, BIAS_BITS):
        yield from [(_WORD * bits, depth)] * memories
    yield from ((bits, max(2, h.param_depth)) for bits in (ROW_BITS, sum(PARAM.values())))
    yield from ((V_BITS, max(2, h.tables << level)) for level in range(h.levels))


def _queues(h: Hardware, last: bool) -> Iterator[tuple[int, int]]:
    """Memories of look-up tables of a requantizer; behind the last one nothing asks for degree, node and bits."""
    several = steps(h.lanes, h.requant_lanes)
    values, codes = value_slots(h.lanes, h.requant_lanes, h.chunks), code_slots(h.lanes, h.requant_lanes)
    chunk_bits = (h.chunks - 1).bit_length()
    yield V_BITS * h.requant_lanes, values * several
    yield _RAW * h.requant_lanes + 1, codes * several
    yield _CONTEXT + chunk_bits, values
    yield sum(PARAM.values()) + chunk_bits, values
    yield ENTRY_BITS if last else _CONTEXT + PARAM["bits"], values + codes


def _requantizer(h: Hardware, family: str, last: bool) -> tuple[list[Mapped], list[Mapped], int]:
    """Memories of look-up tables and of blocks, and bits that a table of look-up tables needs a register for."""
    small, large, registers = [distributed(*each, family) for each in _queues(h, last)], [], 0
    for width, depth in _tables(h):
        if depth >= BLOCK_ENTRIES:
            large.append(block(width, depth, family))
        else:
            small.append(distributed(width, depth, family))
            registers += width
    return small, large, registers


def _lane(h: Hardware, sum_bits: int, joined: int) -> int:
    """Registers of a requantizer lane for sums of so many bits: two products, the total, the value, the code.

    Where nothing is joined, bits below those of V matter to no register behind the second product. Where lanes take
    turns, synthesis does not see that a sum's upper bits repeat its sign.
    """
    used = MID_BITS + max(MID_SHIFTS)
    first = min(used, sum_bits + COLUMN_BITS) if h.lanes == h.requant_lanes else used
    middle = min(MID_BITS, first)
    second, total = middle + ROW_BITS, V_SHIFT + V_BITS
    if not joined:
        second, total = max(0, second - BIAS_SHIFT), V_BITS
    values = 2 * sum_bits + COLUMN_BITS + 2 * first + middle + 2 * second + BIAS_BITS + total + V_BITS
    codes = V_BITS + 2 * (V_BITS + ROW_BITS) + _RAW + 3 + _CODE + 2 + 2 + _CODE + _CODE + 2 + _CODE
    return values + 4 * V_BITS * h.leaky + codes


def _multipliers(h: Hardware, sum_bits: int, family: str) -> int:
    """DSPs of a requantizer lane: the narrow ones of ECP5 take one for sums that fit, where synthesis sees that."""
    narrow = family == "ecp5" and sum_bits <= _NARROW and h.lanes == h.requant_lanes
    return _DSP[family] + _LEAKY[family] * h.leaky - narrow


def _unit(h: Hardware, family: str) -> Cost:
    """Node buffer, lists, gather lanes, requantizers, MAC array, results."""
    requantizers, lanes, turns = 2 if h.weight_bits else 1, h.requant_lanes, steps(h.lanes, h.requant_lanes)
    combines = requantizers - 1
    word, wide = h.lanes * h.code_bits, h.lanes * h.acc_bits
    small, large, registers = _requantizer(h, family, last=True)
    if h.weight_bits:
        first = _requantizer(h, family, last=False)
        small, large, registers = small + first[0], large + first[1], registers + first[2]
    plain = [*_large(h)]
    large += [block(*each, family) for each in plain]
    small += [distributed(sum(BEAT.values()), max(2, h.beats), family), distributed(_META, SLOTS, family),
              distributed(wide + 2 * ENTRY_BITS, SLOTS, family)]
    olds = 0
    if h.joined and turns > 1:
        olds = lanes * (V_SHIFT + V_BITS + V_BITS * h.maxima)
        small += [distributed(each * lanes, turns, family) for each in (V_SHIFT + V_BITS, V_BITS)[:1 + h.maxima]]
    mac = MacCost(0, 0, 0, 0, 0, 0, 0, 0, 0)
    if h.weight_bits:
        mac = mac_cost(weight_plan(h.to_dict()), 1, ACC_BITS, h.weight_bits, family, both=False, held=h.pages > 1)
        small += [distributed(h.lanes * _CODE, 2 << (h.chunks - 1).bit_length(), family),
                  distributed(_PLACE, QUEUE, family), distributed(h.lanes * mac.acc_bits, QUEUE, family)]
    registers += mac.ff + h.lanes * (h.code_bits + 1) + wide + 3 * word + h.lanes * _RAW
    registers += requantizers * _RAW * (h.lanes - lanes) + sum(each.ff for each in large)
    registers += lanes * _lane(h, h.acc_bits, h.joined) + combines * lanes * _lane(h, mac.acc_bits, 0)
    if h.levels:  # the largest of the lanes; two keys a level, but the last
        registers += requantizers * V_BITS * (lanes + 2 * h.levels - 1)
    address, list_bits = (h.buffer_depth - 1).bit_length(), (8 * h.list_depth).bit_length()
    all_lanes = requantizers * lanes
    old_words = 0
    if family in OLD_WORDS:
        old_words = sum(width for width, _ in plain) + requantizers * sum(
            width for width, depth in _tables(h) if depth >= BLOCK_ENTRIES)
    return Cost(
        exact=Usage(bram36=sum(each.bram36 for each in large) + mac.bram36, ff=registers,
                    dsp=_PLACES[family] + lanes * (_multipliers(h, h.acc_bits, family)
                                                   + combines * _multipliers(h, mac.acc_bits, family)),
                    lutram=sum(each.lutram for each in small) + mac.lutram,
                    lut=sum(each.lut for each in small) + mac.lut),
        lut={"two operands": mac.twos, "three operands": mac.threes, "table addresses": mac.addresses,
             "tables": mac.selected, "one": 1, "combine": combines, "requantizer lanes": all_lanes,
             "accumulators": wide, "words": word, "results": h.lanes * _RAW, "codes": combines * h.lanes,
             "steps": lanes * (h.acc_bits + combines * mac.acc_bits) * chosen(turns, family),
             "joined": h.joined * lanes, "old sums": olds, "maxima": h.joined * h.maxima * lanes,
             "maximum": h.maxima * h.lanes * h.code_bits, "leaky": h.leaky * all_lanes,
             "search": requantizers * h.levels, "largest": requantizers * lanes * (h.levels > 0),
             "addresses": address + list_bits - 20, "sections": sum(each.selected for each in (*small, *large)),
             "old words": old_words, "several units": h.units > 1},
        ff={"one": 1, "combine": combines, "requantizer lanes": all_lanes, "joined": h.joined * lanes,
            "maxima": h.joined * h.maxima * lanes, "maximum": h.maxima, "leaky": h.leaky * all_lanes,
            "search": requantizers * h.levels, "prefixes": requantizers * h.levels ** 2, "addresses": address - 9,
            "lists": list_bits - 11,
            "chunks": (h.chunks - 1).bit_length(), "turns": requantizers * (turns - 1).bit_length(),
            "combine's sums": combines * h.lanes},
        lutram={"one": 1, "combine": combines, "requantizer lanes": all_lanes, "search": requantizers * h.levels,
                "leaky": all_lanes * h.leaky})


def _shell(h: Hardware, family: str) -> Cost:
    """AXI, registers, loader, store, sequencer with its memories, counters; and what joins the units."""
    task, word, several = sum(PASS.values()), h.lanes * h.code_bits, h.units > 1
    small = [distributed(min(BEAT_BITS, task - low), h.passes, family) for low in range(0, task, BEAT_BITS)]
    small += [distributed(32, h.passes, family), distributed(BEAT_BITS, _STORE_QUEUE, family)]
    tables = weight_plan(h.to_dict()).tables if h.weight_bits else ()
    words = max(h.buffer_depth, h.list_depth, h.descriptor_depth, h.column_depth, h.param_depth, h.beats,
                h.tables << max(0, h.levels - 1) if h.levels else 0, *(table.depth for table in tables))
    registers = task + word + h.units + 1 + 9 * h.units + 13 * h.units.bit_length() + 2 * BEAT_BITS
    registers += 2 * (h.result_depth - 1).bit_length() + (h.result_depth * h.units).bit_length()
    registers += 2 * words.bit_length() + 1
    return Cost(
        exact=Usage(lutram=sum(each.lutram for each in small), lut=sum(each.lut for each in small), ff=registers),
        lut={"one": 1, "units": h.units - 1, "store": several * BEAT_BITS, "rows": several * word, "memories": h.levels,
             "combine": h.weight_bits > 0, "sections": sum(each.selected for each in small),
             "words": words.bit_length() - 10},
        ff={"one": 1, "units": h.units - 1})


#: Of each component, by name: what it takes of a family whose cells are counted.
COSTS = {"unit": _unit, "shell": _shell}
