"""The accelerator: groups, servers and the shell around them."""

from collections.abc import Iterator
from typing import Any

from amaranth import Cat, Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.utils import ceil_log2

from ..shell.axi_lite import RegisterFile
from ..shell.control import Control
from ..shell.counters import Counters
from ..shell.loader import Loader
from ..shell.registers import constants
from ..shell.shell import Shell
from ..shell.store import Store
from .formats import PASSES, UNITS, Target
from .group import Group
from .registers import REGISTERS
from .sequencer import Sequencer
from .server.server import Server

__all__ = ["PROBES", "Accelerator"]

#: Server members that are probes: signals ``probe_<name>_<server>`` of the core.
PROBES = ("row_bank", "row_address", "row_data", "act_data")
_FLAGS = ("row_valid", "act_valid")  # one bit of ``probe_<name>`` per server


class Accelerator(Shell):
    """Everything but the clock and reset pins of the node-level organisation.

    docs/banked.md describes what it does. Server s serves processing elements p of every group with
    ``p % servers == s`` through ports ``g * (16 / servers) + p // servers``, and writes the banks with the same
    numbers, in all groups at once.

    Parameters
    ----------
    groups, ..., column_depth : int
        :class:`hwgen.targets.banked.hardware.Hardware`, field by field.
    primitives : bool
        Instantiate the vendor's primitives instead of their behavioural twins.
    shared : bool
        As in :class:`~rtl_templates.shell.Shell`: modules ``group`` and ``server``.
    """

    def __init__(self, *, groups: int, servers: int, lanes: int, code_bits: int, digit: int, acc_bits: int,
                 bank_depth: int, slots: int, param_depth: int, result_depth: int, feature_depth: int,
                 requant_lanes: int, mac_columns: int, weight_bits: int, planes: int, pages: int,
                 column_depth: int, primitives: bool = False, shared: bool = False) -> None:
        super().__init__(shared=shared)
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

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hardware, count = self.hardware, self.hardware["servers"]
        m.submodules.registers = registers = RegisterFile(
            constants=constants(hardware, REGISTERS), registers=REGISTERS)
        m.submodules.control = control = Control(pass_bits=ceil_log2(PASSES))
        m.submodules.loader = loader = Loader(last_target=max(Target))
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
        self._connect_activity(m, registers, control, loader, sequencer, store)
        self._connect_counters(m, registers, counters, loader, sequencer, store, {
            "issuing": Cat(group.issuing for group in self.groups),
            "stalled": Cat(group.stalled for group in self.groups),
            "working": Cat(server.working for server in self.servers),
            "waiting": Cat(server.waiting for server in self.servers)})
        self._probe(m)
        return m

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

    def _connect_activity(self, m: Module, registers: RegisterFile, control: Control, loader: Loader,
                          sequencer: Sequencer, store: Store) -> None:
        held = Cat(hold.valid for group in self.groups for hold in group.hold)
        working = Cat(server.busy for server in self.servers)
        moves = Signal(3)
        self._connect_commands(m, registers, control, loader, sequencer, store, moves=moves)
        m.d.comb += [
            sequencer.active.eq(Cat(group.active for group in self.groups)), sequencer.held.eq(held),
            sequencer.working.eq(working),
        ]
        m.d.sync += [
            moves.eq(Cat(Cat(server.row_valid for server in self.servers).any(),
                         Cat(group.issuing for group in self.groups).any(), loader.beat | store.beat)),
            control.serving.eq(held.any() | working.any()),
        ]
        for server, data in zip(self.servers, store.result_data, strict=True):
            m.d.comb += [server.result_address.eq(store.result_address), data.eq(server.result_data)]

    def _probes(self) -> Iterator[tuple[str, Any]]:
        """Name and value of every probe."""
        for name in _FLAGS:
            yield f"probe_{name}", Cat(getattr(server, name) for server in self.servers)
        for index, server in enumerate(self.servers):
            for name in PROBES:
                yield f"probe_{name}_{index}", getattr(server, name)
