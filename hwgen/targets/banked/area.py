"""Resources of a banked design without synthesis: what the templates fix, counted, and a fitted rest.

Block memory, DSP and memories of look-up tables follow from shapes, and so do nearly all flip-flops and the wide
adders and multiplexers; coefficients of the rest are data (``hwgen/targets/costs.py``). Their errors are published:
docs/estimates.md. What is built is always counted by Yosys and refused if it does not fit.
"""

from rtl_templates.banked.formats import (
    ACC_BITS,
    BIAS_BITS,
    MID_BITS,
    MID_SHIFT,
    ROW_BITS,
    TASK,
    UNITS,
    column_bits,
    weight_plan,
)
from rtl_templates.banked.group_timing import GROUP_CLOS, GROUP_PIPE, GROUP_SCHEDULE
from rtl_templates.banked.server.timing import QUEUE_DEPTH, server_q2_delay
from rtl_templates.cells.mac_plan import CHUNK_SHIFT
from rtl_templates.cells.timing import BANK_READ
from rtl_templates.shell.words import BEAT_BITS

from ...flow.memories import OLD_WORDS, Mapped, block, chosen, distributed
from ...flow.resources import Component, Resources, Usage
from ..costs import Cost, method, shape_family, used
from ..mac_cost import mac_cost
from .hardware import Hardware

__all__ = ["COSTS", "SLOT_STEP", "guess_resources", "most_slots"]

SLOT_STEP = 128  #: Schedule memories are of a multiple of these.
COLUMN_BITS = 8  # of a schedule word's column, beside the row
_SUM, _CUT = 48, 24  # bits of a DSP48E1's sum, and where its second product is cut (rtl_templates/cells/dsp48e1.py)
_RAW, _CODE = 16, 8  # bits of a result and of a code in a requantizer lane
_DSP = {"xcup": 2, "xc7": 3, "ecp5": 4, "gw5a": 2}  # of a requantizer lane (docs/decisions/0028-families.md)
_WIDE_SECOND = 3  # of a lane of the second set on an ECP5, with wide sums: Yosys finds one multiplier less
_STORE_QUEUE = 16  # words of the store unit's queue


def guess_resources(hardware: Hardware, family: str = "xcup") -> Resources:
    """What Yosys is expected to count, by component."""
    counts = {"group": hardware.groups, "server": hardware.servers, "shell": 1}
    return Resources(components=tuple(
        Component(name=name, count=times, one=used("banked", name, COSTS[name](hardware, shape_family(family)), family))
        for name, times in counts.items()), method=method(family))


def most_slots(hardware: Hardware) -> int:
    """Slots that the block memory of a design's schedule holds, which come in steps of hundreds."""
    have = _blocks(_schedule(hardware, hardware.slots, "xcup"))
    return max(slots for slots in range(hardware.slots, 2 * hardware.slots + SLOT_STEP, SLOT_STEP)
               if _blocks(_schedule(hardware, slots, "xcup")) == have)


def _schedule(h: Hardware, slots: int, family: str) -> list[Mapped]:
    """Memories of a group's schedule: one for each beat of a load."""
    width = UNITS * (_bits(h.bank_depth) + COLUMN_BITS)
    return [block(min(BEAT_BITS, width - low), slots, family) for low in range(0, width, BEAT_BITS)]


def _blocks(some: list[Mapped]) -> float:
    return sum(each.bram36 for each in some)


def _bits(depth: int) -> int:
    """Of an address."""
    return max(1, (depth - 1).bit_length())


def _group(h: Hardware, family: str) -> Cost:
    """Banks, schedule memory, Clos network and 16 processing elements."""
    word, row_bits, digits = h.lanes * h.digit, _bits(h.bank_depth), h.digits
    sums, slot_bits, schedule = h.lanes * h.acc_bits, _bits(h.slots), UNITS * (row_bits + COLUMN_BITS)
    digit_bits = (digits - 1).bit_length()
    bank = block(word, h.bank_depth * digits, family)
    parts = _schedule(h, h.slots, family)
    registers = UNITS * (1 + _bits(h.bank_depth * digits) + 2 * word)  # of the banks
    registers += slot_bits + h.slots.bit_length() + slot_bits + BEAT_BITS + schedule + len(parts) + 3 + 3 * digit_bits
    registers += (GROUP_PIPE - GROUP_SCHEDULE - 1) * (2 * UNITS + 1 + digit_bits) + digits
    registers += UNITS * 6 * BANK_READ + (GROUP_CLOS - 1) * UNITS * word + UNITS * 6
    registers += UNITS * (1 + h.lanes * h.code_bits + sums + h.hold_depth * (sums + 1))
    registers += (UNITS + 1) * 9 * h.zero_points
    if family in OLD_WORDS:  # what is written to the schedule's memories is the same for all
        registers += UNITS * bank.ff + 2 * BEAT_BITS + slot_bits + 2 * len(parts)
    return Cost(
        exact=Usage(bram36=UNITS * bank.bram36 + _blocks(parts), ff=registers),
        lut={"one": 1, "network": GROUP_CLOS * UNITS * word, "sums": UNITS * sums, "queues": UNITS * (h.hold_depth - 1),
             "operands": UNITS * h.lanes * h.code_bits, "raised": UNITS * sums * h.zero_points,
             "sections": UNITS * bank.selected + sum(part.selected for part in parts),
             "old words": (UNITS * word + schedule) * (family in OLD_WORDS), "address": slot_bits - 9,
             "rows": UNITS * (row_bits - 9)},
        ff={"one": 1, "sections": UNITS * (bank.selected > 0)})


def _server(h: Hardware, family: str) -> Cost:
    """Requantizer lanes, MAC array with its tables, queues, parameters, features and results."""
    lanes, sets, chunks, dense = h.requant_lanes, h.lane_sets, h.lanes // h.requant_lanes, h.feature_depth > 0
    plan = weight_plan(h.to_dict())
    mac = mac_cost(plan, h.planes, h.sum_bits, h.weight_bits, family, both=dense, held=dense and h.pages > 1)
    all_lanes, chunk_bits, ports = lanes * sets, (chunks - 1).bit_length(), h.ports
    word, row, results = h.lanes * h.digit, h.lanes * h.code_bits, lanes * _RAW
    bank_bits = _bits(h.banks_per_server) if h.banks_per_server > 1 else 0
    address_bits = max(_bits(h.bank_depth), _bits(h.result_depth))
    longest = max(8, 2 * chunks, h.digits, -(-8 // h.planes) * h.pages if dense else 0).bit_length()
    entry = 3 * ROW_BITS + 4 + 3 + bank_bits + address_bits
    small = [(column_bits(h.sum_bits), h.column_depth)] * all_lanes + [(BIAS_BITS, h.bias_depth)] * all_lanes
    queue = QUEUE_DEPTH[sets]
    small += [(2 * ROW_BITS + 4 + longest, queue), (ROW_BITS + 4, queue), (1 + address_bits + bank_bits, queue),
              (_bits(h.param_depth), 2 << (ports - 1).bit_length())]
    tables = [distributed(*each, family) for each in small]
    result_words = -(-h.result_depth // h.result_parts)
    large = [block(entry, h.param_depth, family), block(results, result_words, family)]
    large += [block(h.planes * h.lanes, h.feature_depth, family)] if dense else []
    memory = _together(tables)
    registers = mac.ff + 2 * h.lanes * _CODE + h.planes * h.lanes + row * (1 + (h.digits > 1))
    registers += results + min(BEAT_BITS, results) + results * sets
    due = server_q2_delay(h.lanes, h.planes) + 2 * chunks + (1 << TASK["q2_wait"])
    registers += _load_registers(h, entry + 4 - bank_bits) + due + sum(each.ff for each in large)
    registers += all_lanes * (3 + _lane_registers(h, family)) + 2 * ports + 4 * (ports - 1).bit_length()
    registers += 2 * sets * _bits(h.bias_depth) + (address_bits + bank_bits) * (1 + (h.digits > 1)) + 3 * longest
    second = _WIDE_SECOND if family == "ecp5" and h.sum_bits > ACC_BITS else _DSP[family]
    old_words = (entry + results + dense * h.planes * h.lanes) * (family in OLD_WORDS)
    return Cost(
        exact=Usage(bram36=_blocks(large), dsp=lanes * (_DSP[family] + second * (sets - 1)), ff=registers,
                    lutram=memory.lutram + mac.lutram, lut=memory.lut + mac.lut),
        lut={"two operands": mac.twos, "three operands": mac.threes, "table addresses": mac.addresses,
             "tables": mac.selected, "joined slices": all_lanes * _joined_slices(h) * (family == "xc7"),
             "control": 1, "second set": sets - 1, "lanes": all_lanes,
             "hold": lanes * h.acc_bits * chosen(ports * (1 << chunk_bits), family), "planes": 2 * h.lanes,
             "results": lanes * h.sum_bits * chosen(-(-h.mac_columns // lanes), family), "word": word,
             "digits": word * (h.digits - 1), "second word": lanes * (_RAW + _CODE) * (sets - 1),
             "ports": ports, "pairs": ports * ports, "chunks": chunks - 1, "dense": dense * h.planes * h.lanes,
             "dense pass": dense, "wide": (h.sum_bits > ACC_BITS) * all_lanes,
             "zero points": h.zero_points * all_lanes, "banks": h.banks_per_server - 1,
             "sections": memory.selected + sum(each.selected for each in large), "old words": old_words},
        ff={"control": 1, "second set": sets - 1, "chunk": chunk_bits * sets, "dense": dense,
            "zero points": h.zero_points * sets, "own lanes": all_lanes * (family != "xcup"),
            "second lanes": lanes * (sets - 1) * (family != "xcup")},
        lutram={"one": 1, "second set": sets - 1, "occupation": longest, "chunk": chunk_bits * sets})


def _lane_registers(h: Hardware, family: str) -> int:
    """Of the multipliers of a lane, beside those of DSP48E2: none, the choice of its operand, or all of the twin's."""
    if family == "xcup" or (family == "xc7" and h.sum_bits > ACC_BITS):
        return 0
    choice = h.acc_bits + h.sum_bits
    if family == "xc7":
        return choice
    factor, total = column_bits(h.sum_bits), 46  # bits of the second sum that differ
    first = h.sum_bits + 2 * factor + BIAS_BITS + (h.sum_bits + factor - MID_SHIFT) + MID_BITS
    return choice + first + MID_BITS + MID_BITS + ROW_BITS + total


def _joined_slices(h: Hardware) -> int:
    """Bits that look-up tables add and choose between the two slices of a DSP48E1's product, and before the first."""
    return _SUM - _CUT + (0 if h.sum_bits > ACC_BITS else h.sum_bits)


def _load_registers(h: Hardware, entry: int) -> int:
    """Of the load bus, as far as a server's memories have data, addresses and units."""
    plan = weight_plan(h.to_dict())
    depths = (h.param_depth, h.bank_depth * h.digits, h.feature_depth, h.column_depth, h.bias_depth,
              *(table.depth for table in plan.tables))
    data = max(entry, plan.chunk * plan.field, h.lanes * h.digit, h.planes * h.lanes if h.feature_depth else 0)
    return 1 + 4 + CHUNK_SHIFT + (len(plan.chunks) - 1).bit_length() + _bits(max(depths)) + data


def _shell(h: Hardware, family: str) -> Cost:
    """AXI, registers, loader, store, sequencer with its memories, counters; and what joins groups and servers."""
    task, units = sum(TASK.values()) + 8 * h.zero_points, h.groups + h.servers
    queue, quads = min(BEAT_BITS, h.requant_lanes * _RAW), -(-h.servers // 4)
    memory = _together([distributed(min(BEAT_BITS, task - low), 16, family) for low in range(0, task, BEAT_BITS)]
                       + [distributed(32, 16, family), distributed(queue, _STORE_QUEUE, family)])
    plan = weight_plan(h.to_dict())
    words = max(h.slots, h.bank_depth * h.digits, h.param_depth, h.feature_depth, h.column_depth, h.bias_depth,
                *(table.depth for table in plan.tables))
    registers = task + h.groups + 2 + 2 * units + 3 * (h.groups.bit_length() + h.servers.bit_length())
    registers += queue * (quads + 1) + 2 * _bits(h.result_depth) + (h.result_depth * h.servers).bit_length()
    registers += 2 * words.bit_length() + 1
    return Cost(
        exact=Usage(lutram=memory.lutram, lut=memory.lut, ff=registers),
        lut={"one": 1, "units": units - 5, "store": queue * (quads - 1), "held": (h.groups - 1) * UNITS,
             "memories": len({table.depth for table in plan.tables}) - 1, "dense": h.feature_depth > 0,
             "words": words.bit_length() - 10},
        ff={"one": 1, "units": units - 5},
        lutram={"many servers": h.servers > 4})


def _together(some: list[Mapped]) -> Mapped:
    return Mapped(lutram=sum(each.lutram for each in some), lut=sum(each.lut for each in some),
                  selected=sum(each.selected for each in some))


#: Of each component, by name: what it takes of a family whose cells are counted.
COSTS = {"group": _group, "server": _server, "shell": _shell}
