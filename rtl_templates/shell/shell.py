"""What surrounds the units of any target: commands, registers, probes; and the top level of flat ports."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from amaranth import Cat, ClockDomain, ClockSignal, Instance, Module, Mux, ResetInserter, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .axi import AxiRead, AxiWrite, Bus
from .axi_lite import AxiLite, RegisterFile
from .control import Control
from .counters import Counters
from .loader import Loader
from .sequencer import Sequencer
from .status import Error
from .store import Store

__all__ = ["CORE", "LITE_PREFIX", "MASTER_PREFIX", "Parts", "Shell", "Top"]

CORE = "core"  # instance of the core within Top: the path of every probe
LITE_PREFIX = "s_axi_control_"
MASTER_PREFIX = "m_axi_gmem_"


class Parts(NamedTuple):
    """What surrounds the units, each made for its target."""

    registers: RegisterFile
    control: Control
    loader: Loader
    store: Store
    sequencer: Sequencer
    counters: Counters


class Shell(wiring.Component, ABC):
    """Base of an accelerator: everything but the clock and reset pins, in the sync domain.

    For simulation the core carries signals ``probe_*`` without readers; synthesis drops them.

    Parameters
    ----------
    shared : bool
        Instantiate a module for each kind of unit instead of elaborating every unit: whoever converts the core
        converts that module too, once. A fraction of the text, and of the time of every tool.

    Members
    -------
    control : In(AxiLite())
        Registers, :mod:`rtl_templates.shell.registers`.
    read, write : Out(AxiRead()), Out(AxiWrite())
        Images in, results out.
    interrupt : Out(1)
        High while an enabled event is pending.
    """

    control: Bus
    read: Bus
    write: Bus
    interrupt: Signal

    def __init__(self, *, shared: bool) -> None:
        self.shared = shared
        super().__init__({"control": In(AxiLite()), "read": Out(AxiRead()), "write": Out(AxiWrite()),
                          "interrupt": Out(1)})

    def _units(self, name: str, build: Callable[[], Any], count: int) -> tuple[Any, list[Any]]:
        """One unit to convert where modules are shared, and the interface of each; else the units themselves."""
        if not self.shared:
            return None, [build() for _ in range(count)]
        unit = build()
        return unit, [unit.signature.create(path=(f"{name}{index}",)) for index in range(count)]

    def _place(self, module: str, unit: Any, abort: Signal) -> Any:
        """A unit's own logic, or an instance of the module that all units of its kind share."""
        if not self.shared:
            return ResetInserter(abort)(unit)
        ports = {f"{'i' if member.flow is In else 'o'}_{'__'.join(map(str, path))}": Value.cast(value)
                 for path, member, value in unit.signature.flatten(unit)}
        return Instance(module, i_clk=ClockSignal(), i_rst=ResetSignal() | abort, **ports)

    def _surround(self, m: Module, parts: Parts, *, active: Value, serving: Value, moves: Sequence[Value],
                  events: Mapping[str, Value]) -> None:
        """Place what surrounds the units, and join it.

        Parameters
        ----------
        active : Value
            Units that hold a pass open, a bit each: the sequencer's.
        serving : Value
            Something behind the gather stage works or has work.
        moves : sequence of Value
            Signs of progress in a run.
        events : mapping of str to Value
            The stages' events, by member of the counters.
        """
        registers, control, loader, store, sequencer, counters = parts
        m.submodules.registers, m.submodules.control, m.submodules.loader = registers, control, loader
        m.submodules.store, m.submodules.counters = store, counters
        m.submodules.sequencer = ResetInserter(control.abort)(sequencer)
        wiring.connect(m, wiring.flipped(self.control), registers.bus)
        wiring.connect(m, loader.axi, wiring.flipped(self.read))
        wiring.connect(m, store.axi, wiring.flipped(self.write))
        self._broadcast(m, loader, sequencer)
        moved = Signal(len(moves) + 2)
        m.d.sync += [
            self.interrupt.eq((registers.interrupt_status & registers.interrupt_enable).any()),
            moved.eq(Cat(*moves, loader.beat, store.beat)), control.serving.eq(serving),
        ]
        m.d.comb += [
            control.command.eq(registers.control), control.limit.eq(registers.watchdog),
            control.run_limit.eq(registers.run_limit), control.cycles.eq(sequencer.cycles),
            control.run_refusal.eq(Mux(loader.loaded, Mux(sequencer.outside, Error.RUN_RANGE, Error.NONE),
                                       Error.NOT_LOADED)),
            control.store_refusal.eq(Mux(store.outside, Error.STORE_RANGE, Error.NONE)),
            loader.abort.eq(control.abort),
            registers.status.eq(control.status), registers.interrupt_status_set.eq(control.interrupt),
            loader.start.eq(control.start[0]), sequencer.run.eq(control.start[1]), store.start.eq(control.start[2]),
            loader.base.eq(Cat(registers.load_base_low, registers.load_base_high)),
            loader.beats.eq(registers.load_beats),
            store.base.eq(Cat(registers.store_base_low, registers.store_base_high)),
            store.words.eq(registers.store_words),
            control.busy.eq(Cat(loader.busy, sequencer.busy, store.busy)),
            control.done.eq(Cat(loader.done, sequencer.done, store.done)),
            control.load_error.eq(loader.error), control.store_error.eq(store.error),
            control.progress.eq(moved.any()), control.index.eq(sequencer.index), sequencer.active.eq(active),
            registers.cycles.eq(sequencer.cycles), getattr(registers, "pass").eq(sequencer.index),
            sequencer.pass_index.eq(registers.pass_cycles_index),
            registers.pass_cycles.eq(sequencer.pass_cycles),
            *(getattr(registers, name).eq(getattr(counters, name)) for name in counters.names),
            *(getattr(counters, name).eq(value) for name, value in events.items()),
            counters.load_busy.eq(loader.busy), counters.load_beat.eq(loader.beat),
            counters.run_busy.eq(sequencer.busy), counters.store_busy.eq(store.busy),
            counters.store_beat.eq(store.beat), counters.store_waits.eq(store.waits),
        ]

    @staticmethod
    def _broadcast(m: Module, loader: Loader, *consumers: Any) -> None:
        """The load bus to everything that listens to it."""
        for consumer in consumers:
            for name in loader.load.signature.members:
                m.d.comb += getattr(consumer.load, name).eq(getattr(loader.load, name))

    @abstractmethod
    def _probes(self) -> Iterator[tuple[str, Any]]:
        """Name and value of every probe."""

    def probes(self) -> list[dict[str, object]]:
        """Name, path below the top level and width of every probe."""
        return [{"name": name, "path": f"{CORE}.{name}", "width": max(1, len(value))}
                for name, value in self._probes()]

    def _probe(self, m: Module) -> None:
        for name, value in self._probes():
            m.d.comb += Signal(max(1, len(value)), name=name).eq(value)  # Verilog has no zero-width wires


def _flat(prefix: str, signature: wiring.Signature, *, master: bool) -> dict[str, wiring.Member]:
    members = signature if master else signature.flip()
    return {prefix + name: member for name, member in members.members.items()}


class Top(wiring.Component):
    """A core with the port names that block designs and bus models look for.

    The reset is synchronous; it is registered twice before it reaches the core. From the fall of the pin to the end of
    the core's reset no VALID is high, as AXI demands, and no READY: nothing is taken and lost.

    Parameters
    ----------
    core : Shell

    Members
    -------
    ap_clk, ap_rst_n, interrupt
    s_axi_control_* : AXI4-Lite slave, 32 bits
    m_axi_gmem_* : AXI4 master, 128 bits
    """

    ap_clk: Signal
    ap_rst_n: Signal
    interrupt: Signal

    def __init__(self, core: Shell) -> None:
        self.core = core
        super().__init__({
            "ap_clk": In(1), "ap_rst_n": In(1), "interrupt": Out(1),
            **_flat(LITE_PREFIX, AxiLite(), master=False),
            **_flat(MASTER_PREFIX, AxiWrite(), master=True),
            **_flat(MASTER_PREFIX, AxiRead(), master=True),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sync: Any = ClockDomain("sync")
        raw: Any = ClockDomain("raw", reset_less=True)
        m.domains += [sync, raw]
        m.d.comb += [sync.clk.eq(self.ap_clk), raw.clk.eq(self.ap_clk)]
        early = Signal(init=1)
        m.d.raw += [early.eq(~self.ap_rst_n), sync.rst.eq(early)]
        m.submodules[CORE] = core = self.core
        awake = Signal()
        m.d.comb += [awake.eq(self.ap_rst_n & ~early & ~sync.rst), self.interrupt.eq(core.interrupt)]
        for prefix, bus in ((LITE_PREFIX, core.control), (MASTER_PREFIX, core.read), (MASTER_PREFIX, core.write)):
            for name, member in bus.signature.members.items():
                inner, outer = getattr(bus, name), getattr(self, prefix + name)
                if member.flow is In:
                    m.d.comb += inner.eq(outer)
                else:
                    m.d.comb += outer.eq(inner & awake if name.endswith(("valid", "ready")) else inner)
        return m
