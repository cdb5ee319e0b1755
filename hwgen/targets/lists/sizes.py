"""What a placed program needs of stream hardware, parameter by parameter, and whether a design has it."""


from rtl_templates.lists.formats import (
    BEAT,
    CODE_BITS,
    COLUMN_ADDRESS,
    ENTRY_BITS,
    NULL_INDEX,
    PASS,
    PLACE,
    ROW_ADDRESS,
    SLOPE_ONE,
    Operand,
)

from ...errors import CapacityError
from .arithmetic import slope_word
from .layout import Layout
from .program import Requantizer

__all__ = ["check_layout", "needs"]

#: Most that the fields of words can address, whatever the hardware has.
_FIELDS = {"buffer_depth": 1 << PLACE, "pages": 1 << PASS["page"], "column_depth": 1 << COLUMN_ADDRESS,
           "param_depth": 1 << ROW_ADDRESS, "tables": 1 << PASS["q1_table"], "beats": 1 << PASS["beat_start"],
           "chunks": (1 << PASS["in_chunks"]) - 1}


def needs(layout: "Layout") -> dict[str, tuple[str, int]]:
    """For each parameter who needs it, in words, and how much."""
    program, tables, units = layout.program, layout.tables, layout.hardware.units
    finals: list[Requantizer] = []
    widths = [1]
    for step in program.passes:
        finals += [step.final] if step.combine is None else [step.final, step.combine.final]
        widths += [operand.x.signed_bits for block in step.blocks for operand in block.operands]
    code_bits = 8 if any(tensor.bits > 4 for tensor in program.tensors) else 4
    searched = max((len(each.thresholds) for each in finals if each.select == "nearest"), default=0)
    slopes = [slope_word(each.activation, program.name) for each in finals]
    combines = [step.combine.bits for step in program.passes if step.combine is not None]
    return {
        "buffer_depth": (f"tensors of {layout.nodes} nodes and {layout.graphs} graphs" + (
            f", and of {layout.edges} edges" if layout.edges else ""), layout.buffer_words),
        "result_depth": (f"results of {layout.result_rows} rows",
                         -(-layout.result_rows // units) * layout.result_words),
        "chunks": ("a row of channels", max(max(f["in_chunks"], f["out_chunks"]) for f in layout.passes)),
        "code_bits": ("stored codes", code_bits),
        "acc_bits": ("sums over rows", max(CODE_BITS + 1, *widths)),
        "weight_bits": ("weights of a combination", max(combines, default=0)),
        "pages": ("weight matrices", tables.page_count),
        "column_depth": ("constants of channels", max(tables.column_entries)),
        "param_depth": ("row parameters", max(tables.param_entries)),
        "levels": (f"searches among {searched + 1} entries", searched.bit_length()),
        "tables": ("thresholds of searches", max(tables.threshold_tables)),
        "passes": ("passes", len(layout.passes)),
        "beats": ("operands of all passes", len(layout.beats)),
        "leaky": ("slopes of LeakyReLU", int(any(0 < slope < SLOPE_ONE for slope in slopes))),
        "joined": ("several operands of a chunk", int(any(
            not beat["first"] and beat["operand"] != Operand.SKIP for beat in layout.beats))),
        "maxima": ("maxima", int(any(beat["max"] or beat["join_max"] for beat in layout.beats))),
    }


def check_layout(layout: "Layout") -> None:
    """Refuse a program that exceeds a design, naming the parameter and by how much.

    Raises
    ------
    CapacityError
    """
    program, hardware = layout.program.name, layout.hardware.to_dict()
    for step in layout.program.passes:
        rows_of = [operand.row for block in step.blocks for operand in block.operands]
        rows_of += [] if step.combine is None else [step.combine.row]
        entries = max((len(row.table) for row in rows_of if row.select == "entry"), default=0)
        if entries > 1 << ENTRY_BITS:
            raise CapacityError(f"rows keep one of {entries} entries, {1 << ENTRY_BITS} at most", step.name,
                                "quantize with fewer steps, or run by windows")
    rows = max([layout.nodes, layout.edges,
                *(len(layout.program.stored(k)) for k, tensor in enumerate(layout.program.tensors)
                  if tensor.rows is not None)])
    if rows > NULL_INDEX:
        raise CapacityError(f"a list names one of {rows} rows, {NULL_INDEX} at most", f"program {program}",
                            "use smaller batches or fewer features")
    for name, (subject, wanted) in needs(layout).items():
        have = min(hardware[name], _FIELDS.get(name, hardware[name]))
        if wanted > have:
            raise CapacityError(
                f"{subject} need {name} {wanted}; the design has {have}, {wanted - have} too few",
                f"program {program}, hardware.{name}",
                f"build a design with {name} {wanted} or more, or use smaller batches or a smaller model")
    for kind, words, fields in (("pass", layout.passes, PASS), ("operand", layout.beats, BEAT)):
        for number, word in enumerate(words):
            for name, value in word.items():
                if value >= 1 << fields[name]:
                    raise CapacityError(f"{name} {value} of {kind} {number} exceeds its {fields[name]} bits",
                                        f"program {program}", "use a smaller model or smaller batches")
