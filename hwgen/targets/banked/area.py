"""Resources at a glance, to rank designs before any is built: formulas, not synthesis.

The formulas were fitted to Yosys's counts of six designs; the tests of the candidates hold them to some of these.
What is built is always counted by Yosys and refused if it does not fit; a wrong guess costs another count.
"""

from rtl_templates.banked.formats import PARAM, UNITS, weight_plan
from rtl_templates.cells.mac_plan import lutram

from ...flow.resources import Component, Resources, Usage, blocks
from .hardware import Hardware

__all__ = ["SLOT_STEP", "guess_resources", "most_slots"]

SLOT_STEP = 128  #: Schedule memories are of a multiple of these.
COLUMN_BITS = 8  # of a schedule word's column, beside the row


def guess_resources(hardware: Hardware) -> Resources:
    """What Yosys is expected to count, to about 15 % for each component."""
    count = {"group": hardware.groups, "server": hardware.servers, "shell": 1}
    one = {"group": _group(hardware), "server": _server(hardware), "shell": _shell(hardware)}
    return Resources(components=tuple(Component(name=name, count=count[name], one=one[name]) for name in count),
                     method="formulas fitted to Yosys's counts")


def most_slots(hardware: Hardware) -> int:
    """Slots that the block memory of a design's schedule holds, which come in steps of hundreds."""
    width = UNITS * (hardware.bank_depth.bit_length() - 1 + COLUMN_BITS)
    have = blocks(width, hardware.slots)
    return max(slots for slots in range(hardware.slots, 2 * hardware.slots + SLOT_STEP, SLOT_STEP)
               if blocks(width, slots) == have)


def _group(h: Hardware) -> Usage:
    """Banks, schedule memory, Clos network and 16 processing elements."""
    word, lanes, row_bits = h.lanes * h.digit, UNITS * h.lanes, h.bank_depth.bit_length() - 1
    return Usage(
        lut=3 * UNITS * word + lanes * h.acc_bits + 26 * h.lanes + 2 * UNITS * (h.hold_depth - 1),
        ff=4 * UNITS * word + (4 * h.hold_depth + 7) * lanes * h.acc_bits // 4 + 330 + 9 * (UNITS + 1) * h.zero_points,
        bram36=UNITS * blocks(word, h.bank_depth * h.digits) + blocks(UNITS * (row_bits + COLUMN_BITS), h.slots) + 0.5)


def _server(h: Hardware) -> Usage:
    """Requantizer lanes, MAC array with its tables, queues, parameters, features and results."""
    plan = weight_plan(h.to_dict())
    tables = sum(lutram(*memory) for memory in plan.memories(h.planes))
    adders = h.mac_columns * sum(map(plan.adder_bits, plan.roots))
    dense = h.feature_depth > 0
    biases = 20 if h.bias_depth <= 32 else 36 * -(-h.bias_depth // 64)  # of a lane: RAM32M, RAM64M
    lanes, choices = h.requant_lanes * h.lane_sets, h.ports * (h.lanes // h.requant_lanes)
    second = h.requant_lanes * (h.lane_sets - 1)  # lanes: choice of codes, deeper queues
    memory = 140 + (4 + biases) * lanes + 14 * second + tables
    hold = h.requant_lanes * h.acc_bits * max(0, choices - 8) // 4  # the chunk of a port's sum, beyond that of 8
    logic = 270 + hold + 25 * lanes + 58 * second + 25 * h.mac_columns + adders + 16 * h.lanes + 250 * dense
    return Usage(
        lut=memory + logic, lutram=memory,
        ff=640 + 40 * second + (26 + 12 * dense) * h.lanes + (34 + 17 * (h.pages > 1)) * h.mac_columns + adders + sum(
            width for width, _ in plan.memories(h.planes)),
        bram36=blocks(sum(PARAM.values()) - 16, h.param_depth) + blocks(16 * h.requant_lanes, h.result_depth)
        + (blocks(h.planes * h.lanes, h.feature_depth) if dense else 0),
        dsp=2 * lanes)


def _shell(h: Hardware) -> Usage:
    return Usage(lut=1400 + 60 * h.servers, ff=1800 + 40 * h.servers, lutram=162)
