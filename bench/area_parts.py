# amaranth: UnusedElaboratable=no
"""Area of single components on UltraScale+ by Yosys, for whoever makes one smaller.

    python bench/area_parts.py                        # everything, in the shape of Cora's design of four groups
    python bench/area_parts.py server group           # only these
    python bench/area_parts.py server planes=2 digit=1
    python bench/area_parts.py unit requantizer values rows codes joined=0        # of edge lists

Counts are Yosys's (``synth_xilinx -family xcup -abc9 -flatten``), not a vendor's, with the weights of
:mod:`hwgen.flow.resources`. Yosys packs no output register into a block memory: those count as flip-flops.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from inspect import signature
from pathlib import Path

from amaranth import Elaboratable
from amaranth.back import rtlil
from synthesis import synthesize

from hwgen.flow.families import FAMILIES
from hwgen.flow.resources import Usage
from hwgen.targets import find_target
from rtl_templates.banked.clos import Clos
from rtl_templates.banked.formats import HOLD_DEPTH, PASSES, Target
from rtl_templates.banked.group import Group
from rtl_templates.banked.lane import ProcessingElement
from rtl_templates.banked.load_map import load_map
from rtl_templates.banked.registers import REGISTERS
from rtl_templates.banked.server.server import Server
from rtl_templates.banked.signatures import task_layout
from rtl_templates.cells.bank import Bank
from rtl_templates.cells.primitives import TWINS, Primitives
from rtl_templates.lists.requantize import Requantizer
from rtl_templates.lists.requantize_codes import Codes
from rtl_templates.lists.requantize_rows import RowParameters
from rtl_templates.lists.requantize_timing import code_slots, value_slots
from rtl_templates.lists.requantize_values import Values
from rtl_templates.lists.unit import Unit
from rtl_templates.shell.axi_lite import RegisterFile
from rtl_templates.shell.control import Control
from rtl_templates.shell.counters import Counted, Counters
from rtl_templates.shell.loader import Loader
from rtl_templates.shell.registers import constants
from rtl_templates.shell.sequencer import Sequencer
from rtl_templates.shell.store import Store

SHAPE = {
    "groups": 4, "servers": 16, "lanes": 16, "code_bits": 4, "digit": 4, "acc_bits": 12, "bank_depth": 512,
    "slots": 1280, "param_depth": 512, "result_depth": 512, "feature_depth": 0, "requant_lanes": 8,
    "mac_columns": 8, "weight_bits": 4, "planes": 1, "pages": 1, "column_depth": 32, "bias_depth": 64, "sum_bits": 18,
    "zero_points": 0, "hold_depth": HOLD_DEPTH, "primitives": 1, "table_words": 32,
}
#: Of edge lists, a unit of 32 lanes (GIN-32 on PROTEINS).
LISTS = {
    "units": 2, "lanes": 32, "code_bits": 4, "acc_bits": 15, "requant_lanes": 8, "chunks": 3, "weight_bits": 4,
    "pages": 9, "lut_inputs": 0, "buffer_depth": 2496, "list_depth": 320, "descriptor_depth": 320,
    "column_depth": 16, "param_depth": 704, "levels": 6, "tables": 4, "beats": 13, "result_depth": 64, "leaky": 0,
    "joined": 1, "maxima": 0,
}
_ROW = ("lanes", "code_bits", "digit", "acc_bits", "bank_depth")
_REQUANTIZER = ("lanes", "requant_lanes", "chunks", "column_depth", "param_depth", "levels", "tables", "leaky",
                "joined", "maxima")
_SERVER = ("servers", *_ROW, "param_depth", "result_depth", "feature_depth", "requant_lanes", "mac_columns",
           "weight_bits", "planes", "pages", "column_depth", "bias_depth", "sum_bits", "zero_points", "table_words")

#: Name -> component of a shape.
PARTS: Mapping[str, Callable[[Mapping[str, int]], Elaboratable]] = {
    "group": lambda s: Group(**_of(s, *_ROW, "slots", "hold_depth", "zero_points"),
                             primitives=_primitives(s)),
    "bank": lambda s: Bank(depth=s["bank_depth"] * s["code_bits"] // s["digit"], word_bits=s["lanes"] * s["digit"]),
    "clos": lambda s: Clos(word_bits=s["lanes"] * s["digit"]),
    "element": lambda s: ProcessingElement(**_of(s, "lanes", "code_bits", "digit", "acc_bits", "hold_depth",
                                                 "zero_points"), primitives=_primitives(s)),
    "server": lambda s: Server(ports=16 * s["groups"] // s["servers"], **_of(s, *_SERVER),
                               primitives=_primitives(s)),
    "registers": lambda s: RegisterFile(constants=constants(
        {entry.name.lower(): 1 for entry in REGISTERS if entry.access == "const"}, REGISTERS), registers=REGISTERS),
    "loader": lambda s: Loader(memories=load_map(s)),
    "store": lambda s: Store(servers=s["servers"], word_bits=16 * s["requant_lanes"], depth=s["result_depth"]),
    "sequencer": lambda s: Sequencer(units=s["groups"] + 1, layout=task_layout, target=Target.TASK, passes=PASSES,
                                     index_bits=(PASSES - 1).bit_length()),
    "counters": lambda s: Counters([Counted("gather", s["groups"], "wait_out"),
                                    Counted("server", s["servers"], "wait_in")]),
    "control": lambda s: Control(pass_bits=(PASSES - 1).bit_length()),
    "unit": lambda s: Unit(**_of(s, *(each for each in signature(Unit).parameters if each != "primitives")),
                           primitives=_primitives(s)),
    "requantizer": lambda s: Requantizer(**_of(s, *_REQUANTIZER), number=0),
    "values": lambda s: Values(**_of(s, "lanes", "requant_lanes", "column_depth", "param_depth", "leaky", "joined",
                                    "maxima"), number=0),
    "rows": lambda s: RowParameters(**_of(s, "requant_lanes", "chunks", "param_depth", "levels", "tables"), number=0,
                                    value_slots=value_slots(s["lanes"], s["requant_lanes"], s["chunks"]),
                                    code_slots=code_slots(s["lanes"], s["requant_lanes"])),
    "codes": lambda s: Codes(**_of(s, "requant_lanes")),
}
#: Those of edge lists.
OF_LISTS = ("unit", "requantizer", "values", "rows", "codes")


def _primitives(shape: Mapping[str, int]) -> Primitives:
    return FAMILIES["xcup"].primitives if shape["primitives"] else TWINS


def _of(shape: Mapping[str, int], *names: str) -> dict[str, int]:
    return {name: shape[name] for name in names}


def area(name: str, shape: Mapping[str, int]) -> Usage:
    """Resources of one component, its probes left out."""
    component = PARTS[name](shape)
    unread = [f"delete -port top/{port}" for port in find_target("banked").parts.get(name, ())]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "top.il"
        path.write_text(rtlil.convert(component, name="top", emit_src=False))
        return synthesize([f"read_rtlil {path}", "delete t:$print t:$check t:$meminit*", *unread], "top")


def main() -> None:
    """Print a line for each component."""
    given = dict(word.split("=") for word in sys.argv[1:] if "=" in word)
    names = [word for word in sys.argv[1:] if "=" not in word]
    unknown = [*(name for name in given if name not in SHAPE | LISTS), *(name for name in names if name not in PARTS)]
    if unknown:
        raise SystemExit(f"{__doc__}\nunknown: {', '.join(unknown)}; components: {', '.join(PARTS)}; "
                         f"parameters: {', '.join(SHAPE | LISTS)}")
    wanted = {name: int(value) for name, value in given.items()}
    print(f"{'component':12}" + "".join(f"{name:>9}" for name in asdict(Usage())) + f"{'s':>7}")
    for name in names or PARTS:
        began = time.perf_counter()
        amounts = asdict(area(name, SHAPE | (LISTS if name in OF_LISTS else {}) | wanted)).values()
        print(f"{name:12}" + "".join(f"{amount:9,g}" for amount in amounts) + f"{time.perf_counter() - began:7.1f}",
              flush=True)


if __name__ == "__main__":
    main()
