"""Resources and cycles at a glance, to rank designs before any is built: formulas, not synthesis.

The formulas were fitted to Yosys's counts of six designs; the tests of the candidates hold them to some of these.
What is built is always counted by Yosys and refused if it does not fit; a wrong guess costs another count.
"""

from rtl_templates.banked.formats import PARAM, UNITS
from rtl_templates.cells.formats import TABLE_INPUTS, table_bits

from ...flow.resources import Component, Resources, Usage
from .hardware import Hardware
from .program import Pass, Program

__all__ = ["blocks", "guess_cycles", "guess_resources"]

_BRAM_SHAPES = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))  # of 18 kbit: width, depth
_PASS_OVERHEAD = 60  # cycles to fill and drain the pipeline and for the barrier


def guess_resources(hardware: Hardware) -> Resources:
    """What Yosys is expected to count, to about 15 % for each component."""
    count = {"group": hardware.groups, "server": hardware.servers, "shell": 1}
    one = {"group": _group(hardware), "server": _server(hardware), "shell": _shell(hardware)}
    return Resources(components=tuple(Component(name=name, count=count[name], one=one[name]) for name in count),
                     method="formulas fitted to Yosys's counts")


def guess_cycles(program: Program, hardware: Hardware) -> float:
    """Cycles of a run: in each pass the slower of reading rows and serving nodes, perfectly balanced."""
    return sum(_PASS_OVERHEAD + max(_reading(program, step, hardware), _serving(program, step, hardware))
               for step in program.passes)


def _group(h: Hardware) -> Usage:
    """Banks, schedule memory, Clos network and 16 processing elements."""
    word, lanes, row_bits = h.lanes * h.digit, UNITS * h.lanes, h.bank_depth.bit_length() - 1
    return Usage(
        lut=3 * UNITS * word + lanes * h.acc_bits + 26 * h.lanes,
        ff=4 * UNITS * word + 11 * lanes * h.acc_bits // 4 + 330,
        bram36=UNITS * blocks(word, h.bank_depth * h.digits) + blocks(UNITS * (row_bits + 8), h.slots) + 0.5)


def _server(h: Hardware) -> Usage:
    """Requantizer lanes, MAC array with its tables, queues, parameters, features and results."""
    tables = -(-h.lanes // TABLE_INPUTS) * h.mac_columns * h.planes
    bits = tables * table_bits(h.weight_bits)
    dense = h.feature_depth > 0
    lutram = 140 + 24 * h.requant_lanes + (bits * 8 // 7 if h.pages == 1 else bits * h.pages)
    logic = (350 + 25 * h.requant_lanes + 25 * h.mac_columns + 5 * tables // 2 + 16 * h.lanes + 250 * dense
             + 2 * bits * (-(-h.pages // 4) - 1))
    return Usage(
        lut=lutram + logic, lutram=lutram, ff=900 + 36 * h.mac_columns + 12 * tables + 12 * h.lanes * dense,
        bram36=blocks(sum(PARAM.values()) - 16, h.param_depth) + blocks(16 * h.requant_lanes, h.result_depth)
        + (blocks(h.planes * h.lanes, h.feature_depth) if dense else 0),
        dsp=2 * h.requant_lanes)


def _shell(h: Hardware) -> Usage:
    return Usage(lut=1400 + 60 * h.servers, ff=1800 + 40 * h.servers, lutram=162)


def blocks(width: int, depth: int) -> float:
    """Blocks of 36 kbit of a memory, in the best of the shapes that a block has."""
    return min(-(-width // bits) * -(-depth // words) for bits, words in _BRAM_SHAPES) / 2


def _reading(program: Program, step: Pass, h: Hardware) -> float:
    matrix = {"gather_features": program.features, "gather": program.neighbours}.get(step.kind)
    return 0.0 if matrix is None else float(matrix.sum()) * h.digits / (UNITS * h.groups)


def _serving(program: Program, step: Pass, h: Hardware) -> float:
    """Nodes of a server times the interval between two (docs/banked.md, server timing contract)."""
    columns = [0 if stage is None else -(-len(stage.column) // h.requant_lanes) for stage in (step.pre, step.post)]
    write = columns[1] or columns[0] if step.out.kind == "raw" else h.digits
    if step.kind == "dense" and step.combine is not None:
        words = -(-program.input_bits // h.planes) * -(-len(step.combine) // h.lanes)
        interval = float(max(words, columns[1], write, 2))
    else:
        rank1 = step.pre is not None and step.pre.bias_row is not None
        interval = float(max(columns[0] * (1 + rank1) + columns[1], write))
        if step.combine is not None and step.pre is not None:
            bits = step.pre.bits if step.pre.row_bits is None else float(step.pre.row_bits.mean())
            interval = max(interval, bits / h.planes)
    return program.num_nodes * interval / h.servers

