"""The accelerator: groups, servers and the shell around them; and its top level with flat AXI ports."""

from collections.abc import Callable, Iterator
from typing import Any

from amaranth import Cat, ClockDomain, ClockSignal, Instance, Module, ResetInserter, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .axi import AxiRead, AxiWrite
from .axi_lite import AxiLite, RegisterFile
from .control import Control
from .counters import COUNTERS, Counters
from .formats import UNITS
from .group import Group
from .loader import Loader
from .registers import constants
from .sequencer import Sequencer
from .server import Server
from .store import Store

__all__ = ["CORE", "LITE_PREFIX", "MASTER_PREFIX", "PROBES", "Accelerator", "Top"]

CORE = "core"  # instance of Accelerator within Top: the path of every probe
LITE_PREFIX = "s_axi_control_"
MASTER_PREFIX = "m_axi_gmem_"

#: Server members that are probes: signals ``probe_<name>_<server>`` of the core.
PROBES = ("row_bank", "row_address", "row_data", "act_data")
_FLAGS = ("row_valid", "act_valid")  # one bit of ``probe_<name>`` per server


class Accelerator(wiring.Component):
    """Everything but the clock and reset pins, in the sync domain.

    docs/architecture.md describes what it does. Server s serves processing elements p of every group with
    ``p % servers == s`` through ports ``g * (16 / servers) + p // servers``, and writes the banks with the same
    numbers, in all groups at once. For simulation the core carries signals ``probe_*`` without readers; synthesis
    drops them.

    Parameters
    ----------
    groups, ..., column_depth : int
        :class:`hwgen.ir.hardware.Hardware`, field by field.
    primitives : bool
        Instantiate the vendor's primitives instead of their behavioural twins.
    shared : bool
        Instantiate modules ``group`` and ``server`` instead of elaborating every unit: whoever converts the core
        converts ``group`` and ``server`` too, once each. A quarter of the text, and of the time of every tool.

    Members
    -------
    control : In(AxiLite())
        Registers, :mod:`rtl_templates.registers`.
    read, write : Out(AxiRead()), Out(AxiWrite())
        Images in, results out.
    interrupt : Out(1)
        High while an enabled event is pending.
    """

    control: Any
    read: Any
    write: Any
    interrupt: Signal

    def __init__(self, *, groups: int, servers: int, lanes: int, code_bits: int, digit: int, acc_bits: int,
                 bank_depth: int, slots: int, param_depth: int, result_depth: int, feature_depth: int,
                 requant_lanes: int, mac_columns: int, weight_bits: int, planes: int, pages: int,
                 column_depth: int, primitives: bool = False, shared: bool = False) -> None:
        self.shared = shared
        self.hardware = {
            "groups": groups, "servers": servers, "lanes": lanes, "code_bits": code_bits, "digit": digit,
            "acc_bits": acc_bits, "bank_depth": bank_depth, "slots": slots, "param_depth": param_depth,
            "result_depth": result_depth, "feature_depth": feature_depth, "requant_lanes": requant_lanes,
            "mac_columns": mac_columns, "weight_bits": weight_bits, "planes": planes, "pages": pages,
            "column_depth": column_depth,
        }
        row = {name: self.hardware[name] for name in ("lanes", "code_bits", "digit", "acc_bits", "bank_depth")}
        served = {name: self.hardware[name] for name in (
            "param_depth", "result_depth", "feature_depth", "requant_lanes", "mac_columns", "weight_bits", "planes",
            "pages", "column_depth")}

        def group() -> Any:
            return Group(**row, slots=slots)

        def server() -> Any:
            return Server(servers=servers, ports=groups * UNITS // servers, **row, **served, primitives=primitives)

        self.group, self.groups = self._units("group", group, groups)
        self.server, self.servers = self._units("server", server, servers)
        super().__init__({"control": In(AxiLite()), "read": Out(AxiRead()), "write": Out(AxiWrite()),
                          "interrupt": Out(1)})

    def _units(self, name: str, build: Callable[[], Any], count: int) -> tuple[Any, list[Any]]:
        """One unit to convert where modules are shared, and the interface of each; else the units themselves."""
        if not self.shared:
            return None, [build() for _ in range(count)]
        unit = build()
        return unit, [unit.signature.create(path=(f"{name}{index}",)) for index in range(count)]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hardware, count = self.hardware, self.hardware["servers"]
        m.submodules.registers = registers = RegisterFile(constants=constants(hardware))
        m.submodules.control = control = Control()
        m.submodules.loader = loader = Loader()
        m.submodules.store = store = Store(servers=count, word_bits=hardware["requant_lanes"] * 16,
                                           address_bits=ceil_log2(hardware["result_depth"]))
        sequencer = Sequencer(groups=hardware["groups"], servers=count)
        m.submodules.sequencer = ResetInserter(control.abort)(sequencer)
        m.submodules.counters = counters = Counters(groups=hardware["groups"], servers=count)
        for module, units in (("group", self.groups), ("server", self.servers)):
            for index, unit in enumerate(units):
                m.d.comb += unit.index.eq(index)
                m.submodules[f"{module}{index}"] = self._place(module, unit, control.abort)
        wiring.connect(m, wiring.flipped(self.control), registers.bus)
        wiring.connect(m, loader.axi, wiring.flipped(self.read))
        wiring.connect(m, store.axi, wiring.flipped(self.write))
        self._connect_rows(m, sequencer, loader)
        self._connect_commands(m, registers, control, loader, sequencer, store)
        self._connect_counters(m, registers, counters, loader, sequencer, store)
        self._probe(m)
        return m

    def _place(self, module: str, unit: Any, abort: Signal) -> Any:
        """A unit's own logic, or an instance of the module that all units of its kind share."""
        if not self.shared:
            return ResetInserter(abort)(unit)
        ports = {f"{'i' if member.flow is In else 'o'}_{'__'.join(map(str, path))}": Value.cast(value)
                 for path, member, value in unit.signature.flatten(unit)}
        return Instance(module, i_clk=ClockSignal(), i_rst=ResetSignal() | abort, **ports)

    def _connect_rows(self, m: Module, sequencer: Sequencer, loader: Loader) -> None:
        """The datapath: load bus and task to all, sums to servers, rows to banks."""
        count = len(self.servers)
        units: list[Any] = [*self.groups, *self.servers]
        for unit in (*units, sequencer):
            for name in ("valid", "target", "unit", "address", "data"):
                m.d.comb += getattr(unit.load, name).eq(getattr(loader.load, name))
        for unit in units:
            m.d.comb += [unit.task.eq(sequencer.task), unit.start.eq(sequencer.start)]
        for server in self.servers:
            m.d.comb += server.run_start.eq(sequencer.run_start)
        for element in range(UNITS):
            server, local = self.servers[element % count], element // count
            for index, group in enumerate(self.groups):
                port = index * (UNITS // count) + local
                hold, taker = group.hold[element], server.hold[port]
                m.d.comb += [taker.valid.eq(hold.valid), taker.data.eq(hold.data),
                             group.ack[element].eq(server.ack[port])]
                wiring.connect(m, server.write[local], group.write[element])

    def _connect_commands(self, m: Module, registers: Any, control: Control, loader: Loader,
                          sequencer: Sequencer, store: Store) -> None:
        held = Cat(hold.valid for group in self.groups for hold in group.hold)
        working = Cat(server.busy for server in self.servers)
        moves = Signal(3)
        m.d.comb += [
            control.command.eq(registers.control), control.limit.eq(registers.watchdog),
            registers.status.eq(control.status), registers.interrupt_status_set.eq(control.interrupt),
            loader.start.eq(control.start[0]), sequencer.run.eq(control.start[1]), store.start.eq(control.start[2]),
            loader.base.eq(Cat(registers.load_base_low, registers.load_base_high)),
            loader.beats.eq(registers.load_beats),
            store.base.eq(Cat(registers.store_base_low, registers.store_base_high)),
            store.words.eq(registers.store_words),
            control.busy.eq(Cat(loader.busy, sequencer.busy, store.busy)),
            control.done.eq(Cat(loader.done, sequencer.done, store.done)),
            control.load_error.eq(loader.error), control.store_error.eq(store.error),
            control.progress.eq(moves.any()), control.index.eq(sequencer.index),
            sequencer.active.eq(Cat(group.active for group in self.groups)), sequencer.held.eq(held),
            sequencer.working.eq(working),
        ]
        m.d.sync += [
            moves.eq(Cat(Cat(server.row_valid for server in self.servers).any(),
                         Cat(group.issuing for group in self.groups).any(), loader.beat | store.beat)),
            control.serving.eq(held.any() | working.any()),
            self.interrupt.eq((registers.interrupt_status & registers.interrupt_enable).any()),
        ]
        for server, data in zip(self.servers, store.result_data, strict=True):
            m.d.comb += [server.result_address.eq(store.result_address), data.eq(server.result_data)]

    def _connect_counters(self, m: Module, registers: Any, counters: Counters, loader: Loader,
                          sequencer: Sequencer, store: Store) -> None:
        m.d.comb += [
            *(getattr(registers, name).eq(getattr(counters, name)) for name in COUNTERS),
            registers.cycles.eq(sequencer.cycles), getattr(registers, "pass").eq(sequencer.index),
            sequencer.pass_index.eq(registers.pass_cycles_index),
            registers.pass_cycles.eq(sequencer.pass_cycles),
            counters.issuing.eq(Cat(group.issuing for group in self.groups)),
            counters.stalled.eq(Cat(group.stalled for group in self.groups)),
            counters.working.eq(Cat(server.working for server in self.servers)),
            counters.waiting.eq(Cat(server.waiting for server in self.servers)),
            counters.load_busy.eq(loader.busy), counters.load_beat.eq(loader.beat),
            counters.run_busy.eq(sequencer.busy), counters.store_busy.eq(store.busy),
            counters.store_beat.eq(store.beat), counters.store_waits.eq(store.waits),
        ]

    def _probes(self) -> Iterator[tuple[str, Any]]:
        """Name and value of every probe."""
        for name in _FLAGS:
            yield f"probe_{name}", Cat(getattr(server, name) for server in self.servers)
        for index, server in enumerate(self.servers):
            for name in PROBES:
                yield f"probe_{name}_{index}", getattr(server, name)

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
    """An :class:`Accelerator` with the port names that block designs and bus models look for.

    The reset is synchronous; it is registered twice before it reaches the core.

    Parameters
    ----------
    core : Accelerator

    Members
    -------
    ap_clk, ap_rst_n, interrupt
    s_axi_control_* : AXI4-Lite slave, 32 bits
    m_axi_gmem_* : AXI4 master, 128 bits
    """

    ap_clk: Signal
    ap_rst_n: Signal
    interrupt: Signal

    def __init__(self, core: Accelerator) -> None:
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
        m.d.comb += self.interrupt.eq(core.interrupt)
        for prefix, bus in ((LITE_PREFIX, core.control), (MASTER_PREFIX, core.read), (MASTER_PREFIX, core.write)):
            for name, member in bus.signature.members.items():
                inner, outer = getattr(bus, name), getattr(self, prefix + name)
                m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        return m
