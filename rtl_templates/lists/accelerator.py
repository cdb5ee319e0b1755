"""The accelerator of the edge-list target: units and the shell around them."""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from amaranth import Cat, Module, Value
from amaranth.utils import ceil_log2

from ..cells.primitives import TWINS, Primitives
from ..shell.axi_lite import RegisterFile
from ..shell.control import Control
from ..shell.counters import Counted, Counters
from ..shell.loader import Loader
from ..shell.registers import constants
from ..shell.sequencer import Sequencer
from ..shell.shell import Parts, Shell
from ..shell.store import Store
from .formats import PASSES, Target
from .load_map import load_map
from .registers import REGISTERS
from .signatures import RowWrite, pass_layout
from .timing import STAGES
from .unit import Unit

__all__ = ["PROBES", "Accelerator"]

#: Members of a unit's ``row`` that are probes: signals ``probe_row_<name>_<unit>`` of the core.
PROBES = ("address", "data", "entry")


class Accelerator(Shell):
    """Everything but the clock and reset pins; docs/lists.md describes it.

    What any unit writes is in every unit's node buffer: the units take turns, one a cycle.

    Parameters
    ----------
    units, ..., leaky : int
        :class:`hwgen.targets.lists.hardware.Hardware`, field by field.
    primitives : Primitives
        Instantiate the vendor's primitives instead of their behavioural twins.
    shared : bool
        As in :class:`~rtl_templates.shell.Shell`: module ``unit``.

    Members
    -------
    control, read, write, interrupt
        As in :class:`~rtl_templates.shell.Shell`; registers are REGISTERS.
    """

    def __init__(self, *, primitives: Primitives = TWINS, shared: bool = False, passes: int, **hardware: int) -> None:
        super().__init__(shared=shared)
        self.hardware = {"passes": passes, **hardware}

        def unit() -> Any:
            return Unit(**hardware, primitives=primitives)

        self.unit, self.units = self._units("unit", unit, hardware["units"])

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hardware, count = self.hardware, len(self.units)
        index_bits = ceil_log2(PASSES)
        parts = Parts(
            registers=RegisterFile(constants=constants(hardware, REGISTERS), registers=REGISTERS),
            control=Control(pass_bits=index_bits), loader=Loader(memories=load_map(hardware)),
            store=Store(servers=count, word_bits=128, depth=hardware["result_depth"]),
            sequencer=Sequencer(units=count, layout=pass_layout, target=Target.PASS, passes=hardware["passes"],
                                index_bits=index_bits),
            counters=Counters([Counted(stage, count, "" if stage == "write" else "wait_out") for stage in STAGES]))
        for index, unit in enumerate(self.units):
            m.d.comb += unit.index.eq(index)
            m.submodules[f"unit{index}"] = self._place("unit", unit, parts.control.abort)
        self._surround(
            m, parts, active=Cat(unit.busy for unit in self.units), serving=self._any("serving"),
            moves=[self._any("working")],
            events={f"{stage}_{what}": Cat(getattr(unit, what)[k] for unit in self.units)
                    for k, stage in enumerate(STAGES) for what in ("working", "waiting")
                    if (stage, what) != ("write", "waiting")})
        m.d.comb += [parts.sequencer.first.eq(parts.registers.run_first),
                     parts.sequencer.count.eq(parts.registers.run_count)]
        self._connect_units(m, parts)
        self._probe(m)
        return m

    def _any(self, member: str) -> Value:
        """Whether any unit has a bit of this member set."""
        return Cat(getattr(unit, member) for unit in self.units).any()

    def _connect_units(self, m: Module, parts: Parts) -> None:
        """Load bus and pass to all, rows of each to all, results to the store unit."""
        sequencer, store = parts.sequencer, parts.store
        self._broadcast(m, parts.loader, *self.units)
        row = RowWrite(lanes=self.hardware["lanes"], code_bits=self.hardware["code_bits"]).create(path=("row",))
        for name in row.signature.members:
            m.d.sync += getattr(row, name).eq(reduce(or_, (getattr(unit.row, name) for unit in self.units)))
        for unit, data in zip(self.units, store.result_data, strict=True):
            m.d.comb += [unit.task.eq(sequencer.task), unit.start.eq(sequencer.start),
                         unit.result_address.eq(store.result_address), data.eq(unit.result_data),
                         *(getattr(unit.write, name).eq(getattr(row, name)) for name in row.signature.members)]

    def _probes(self) -> Iterator[tuple[str, Any]]:
        yield "probe_row_valid", Cat(unit.row.enable for unit in self.units)
        for index, unit in enumerate(self.units):
            for name in PROBES:
                yield f"probe_row_{name}_{index}", getattr(unit.row, name)
