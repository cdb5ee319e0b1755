"""Resources at a glance, to rank designs before any is built: formulas, not synthesis.

The formulas were fitted to Yosys's counts of six designs; the tests of the candidates hold them to some of these.
What is built is always counted by Yosys and refused if it does not fit; a wrong guess costs another count.
"""

from rtl_templates.banked.formats import PARAM, UNITS
from rtl_templates.cells.formats import TABLE_INPUTS, table_bits

from ...flow.resources import Component, Resources, Usage, blocks
from .hardware import Hardware

__all__ = ["guess_resources"]



def guess_resources(hardware: Hardware) -> Resources:
    """What Yosys is expected to count, to about 15 % for each component."""
    count = {"group": hardware.groups, "server": hardware.servers, "shell": 1}
    one = {"group": _group(hardware), "server": _server(hardware), "shell": _shell(hardware)}
    return Resources(components=tuple(Component(name=name, count=count[name], one=one[name]) for name in count),
                     method="formulas fitted to Yosys's counts")


def _group(h: Hardware) -> Usage:
    """Banks, schedule memory, Clos network and 16 processing elements."""
    word, lanes, row_bits = h.lanes * h.digit, UNITS * h.lanes, h.bank_depth.bit_length() - 1
    return Usage(
        lut=3 * UNITS * word + lanes * h.acc_bits + 26 * h.lanes + 2 * UNITS * (h.hold_depth - 1),
        ff=4 * UNITS * word + (4 * h.hold_depth + 7) * lanes * h.acc_bits // 4 + 330 + 9 * (UNITS + 1) * h.zero_points,
        bram36=UNITS * blocks(word, h.bank_depth * h.digits) + blocks(UNITS * (row_bits + 8), h.slots) + 0.5)


def _server(h: Hardware) -> Usage:
    """Requantizer lanes, MAC array with its tables, queues, parameters, features and results."""
    tables = -(-h.lanes // TABLE_INPUTS) * h.mac_columns * h.planes
    bits = tables * table_bits(h.weight_bits)
    dense = h.feature_depth > 0
    biases = 20 if h.bias_depth <= 32 else 36 * -(-h.bias_depth // 64)  # of a lane: RAM32M, RAM64M
    lutram = 140 + (4 + biases) * h.requant_lanes + (bits * 8 // 7 if h.pages == 1 else bits * h.pages)
    logic = (350 + 25 * h.requant_lanes + 25 * h.mac_columns + 5 * tables // 2 + 16 * h.lanes + 250 * dense
             + 2 * bits * (-(-h.pages // 4) - 1))
    return Usage(
        lut=lutram + logic, lutram=lutram, ff=900 + 36 * h.mac_columns + 12 * tables + 12 * h.lanes * dense,
        bram36=blocks(sum(PARAM.values()) - 16, h.param_depth) + blocks(16 * h.requant_lanes, h.result_depth)
        + (blocks(h.planes * h.lanes, h.feature_depth) if dense else 0),
        dsp=2 * h.requant_lanes)


def _shell(h: Hardware) -> Usage:
    return Usage(lut=1400 + 60 * h.servers, ff=1800 + 40 * h.servers, lutram=162)
