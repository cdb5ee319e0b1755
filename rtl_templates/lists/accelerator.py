"""The accelerator of the graph-level organisation: units and the shell around them."""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from amaranth import Cat, Module, ResetInserter, Signal, Value
from amaranth.lib import wiring
from amaranth.utils import ceil_log2

from ..shell.axi_lite import RegisterFile
from ..shell.control import Control
from ..shell.loader import Loader
from ..shell.registers import constants
from ..shell.shell import Shell
from ..shell.store import Store
from .counters import Counters
from .formats import Target
from .registers import REGISTERS
from .sequencer import INDEX_BITS, Sequencer
from .signatures import RowWrite
from .unit import STAGES, Unit

__all__ = ["PROBES", "Accelerator"]

#: Members of a unit's ``row`` that are probes: signals ``probe_row_<name>_<unit>`` of the core.
PROBES = ("address", "data", "entry")


class Accelerator(Shell):
    """Everything but the clock and reset pins of the graph-level organisation; docs/lists.md describes it.

    What any unit writes is in every unit's node buffer: the units take turns, one a cycle.

    Parameters
    ----------
    units, ..., leaky : int
        :class:`hwgen.targets.lists.hardware.Hardware`, field by field.
    primitives : bool
        Instantiate the vendor's primitives instead of their behavioural twins.
    shared : bool
        As in :class:`~rtl_templates.shell.Shell`: module ``unit``.

    Members
    -------
    control, read, write, interrupt
        As in :class:`~rtl_templates.shell.Shell`; registers are REGISTERS.
    """

    def __init__(self, *, primitives: bool = False, shared: bool = False, passes: int, **hardware: int) -> None:
        super().__init__(shared=shared)
        self.hardware = {"passes": passes, **hardware}

        def unit() -> Any:
            return Unit(**hardware, primitives=primitives)

        self.unit, self.units = self._units("unit", unit, hardware["units"])

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hardware, count = self.hardware, len(self.units)
        registers = RegisterFile(constants=constants(hardware, REGISTERS), registers=REGISTERS)
        m.submodules.registers = registers
        m.submodules.control = control = Control(pass_bits=INDEX_BITS)
        m.submodules.loader = loader = Loader(last_target=max(Target))
        m.submodules.store = store = Store(servers=count, word_bits=128,
                                           address_bits=ceil_log2(hardware["result_depth"]))
        sequencer = Sequencer(units=count, passes=hardware["passes"])
        m.submodules.sequencer = ResetInserter(control.abort)(sequencer)
        m.submodules.counters = counters = Counters(units=count)
        for index, unit in enumerate(self.units):
            m.d.comb += unit.index.eq(index)
            m.submodules[f"unit{index}"] = self._place("unit", unit, control.abort)
        wiring.connect(m, wiring.flipped(self.control), registers.bus)
        wiring.connect(m, loader.axi, wiring.flipped(self.read))
        wiring.connect(m, store.axi, wiring.flipped(self.write))
        self._connect_units(m, sequencer, loader, store)
        moves = Signal(3)
        self._connect_commands(m, registers, control, loader, sequencer, store, moves=moves)
        m.d.comb += [sequencer.first.eq(registers.run_first), sequencer.count.eq(registers.run_count),
                     sequencer.active.eq(Cat(unit.busy for unit in self.units))]
        m.d.sync += [
            moves.eq(Cat(self._any("working"), loader.beat, store.beat)),
            control.serving.eq(self._any("serving")),
        ]
        self._connect_counters(m, registers, counters, loader, sequencer, store, {
            f"{stage}_{what}": Cat(getattr(unit, what)[k] for unit in self.units)
            for k, stage in enumerate(STAGES) for what in ("working", "waiting")
            if (stage, what) != ("write", "waiting")})
        self._probe(m)
        return m

    def _any(self, member: str) -> Value:
        """Whether any unit has a bit of this member set."""
        return Cat(getattr(unit, member) for unit in self.units).any()

    def _connect_units(self, m: Module, sequencer: Sequencer, loader: Loader, store: Store) -> None:
        """Load bus and pass to all, rows of each to all, results to the store unit."""
        for consumer in (*self.units, sequencer):
            for name in ("valid", "target", "unit", "address", "data"):
                m.d.comb += getattr(consumer.load, name).eq(getattr(loader.load, name))
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
