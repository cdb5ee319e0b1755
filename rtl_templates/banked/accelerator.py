"""The accelerator: groups, servers and the shell around them."""

from collections.abc import Iterator, Sequence
from typing import Any

from amaranth import Cat, Module, Value
from amaranth.lib import data, wiring
from amaranth.utils import ceil_log2

from ..cells.formats import RAW_BITS
from ..cells.mac_plan import TABLE_WORDS
from ..cells.primitives import TWINS, Primitives
from ..shell.axi_lite import RegisterFile
from ..shell.control import Control
from ..shell.counters import Counted, Counters
from ..shell.loader import Loader
from ..shell.registers import constants
from ..shell.sequencer import Sequencer
from ..shell.shell import Parts, Shell
from ..shell.store import Store
from ..shell.words import BEAT_BITS
from .formats import ACC_BITS, HOLD_DEPTH, PASSES, TASK, UNITS, ZERO, Target
from .group import Group
from .load_map import load_map
from .registers import REGISTERS
from .server.server import Server
from .signatures import task_layout

__all__ = ["PROBES", "Accelerator", "activity"]

#: Server members that are probes: signals ``probe_<name>_<server>`` of the core.
PROBES = ("row_bank", "row_address", "row_data", "act_data")
_FLAGS = ("row_valid", "act_valid")  # one bit of ``probe_<name>`` per server


def activity(groups: Sequence[Group], servers: Sequence[Server]) -> Value:
    """What holds a pass open, a bit a group and one for all servers: work, and sums that wait for their server."""
    return Cat(*(group.active | Cat(hold.valid for hold in group.hold).any() for group in groups),
               Cat(server.busy for server in servers).any())


class Accelerator(Shell):
    """Everything but the clock and reset pins.

    docs/banked.md describes what it does. Server s serves processing elements p of every group with
    ``p % servers == s`` through ports ``g * (16 / servers) + p // servers``, and writes the banks with the same
    numbers, in all groups at once.

    Parameters
    ----------
    groups, ..., lane_sets : int
        :class:`hwgen.targets.banked.hardware.Hardware`, field by field.
    primitives : Primitives
        Instantiate the vendor's primitives instead of their behavioural twins.
    shared : bool
        As in :class:`~rtl_templates.shell.Shell`: modules ``group`` and ``server``.
    """

    def __init__(self, *, primitives: Primitives = TWINS, shared: bool = False, **hardware: int) -> None:
        super().__init__(shared=shared)
        self.hardware = h = {"sum_bits": ACC_BITS, "zero_points": 0, "hold_depth": HOLD_DEPTH, "lane_sets": 1,
                             "table_words": TABLE_WORDS, **hardware}

        def group() -> Any:
            row = {name: h[name] for name in ("lanes", "code_bits", "digit", "acc_bits", "bank_depth")}
            return Group(**row, slots=h["slots"], hold_depth=h["hold_depth"], zero_points=bool(h["zero_points"]),
                         primitives=primitives)

        def server() -> Any:
            own = {name: value for name, value in h.items() if name not in ("groups", "slots", "hold_depth")}
            return Server(ports=h["groups"] * UNITS // h["servers"], **own, primitives=primitives)

        self._layout = data.StructLayout({**TASK, **ZERO}) if h["zero_points"] else task_layout
        self.group, self.groups = self._units("group", group, h["groups"])
        self.server, self.servers = self._units("server", server, h["servers"])

    def elaborate(self, platform: object) -> Module:
        m = Module()
        hardware, count = self.hardware, self.hardware["servers"]
        index_bits = ceil_log2(PASSES)
        parts = Parts(
            registers=RegisterFile(constants=constants(hardware, REGISTERS), registers=REGISTERS),
            control=Control(pass_bits=index_bits), loader=Loader(memories=load_map(hardware)),
            store=Store(servers=count, word_bits=min(BEAT_BITS, hardware["requant_lanes"] * RAW_BITS),
                        depth=hardware["result_depth"]),
            sequencer=Sequencer(units=len(self.groups) + 1, layout=self._layout, target=Target.TASK, passes=PASSES,
                                index_bits=index_bits, parts=False),
            counters=Counters([Counted("gather", len(self.groups), "wait_out"), Counted("server", count, "wait_in")]))
        for module, units in (("group", self.groups), ("server", self.servers)):
            for index, unit in enumerate(units):
                m.d.comb += unit.index.eq(index)
                m.submodules[f"{module}{index}"] = self._place(module, unit, parts.control.abort)
        held = Cat(hold.valid for group in self.groups for hold in group.hold)
        self._surround(
            m, parts, active=activity(self.groups, self.servers),
            serving=held.any() | Cat(server.busy for server in self.servers).any(),
            moves=[Cat(server.row_valid for server in self.servers).any(),
                   Cat(group.issuing for group in self.groups).any()],
            events={"gather_working": Cat(group.issuing for group in self.groups),
                    "gather_waiting": Cat(group.stalled for group in self.groups),
                    "server_working": Cat(server.working for server in self.servers),
                    "server_waiting": Cat(server.waiting for server in self.servers)})
        self._connect_rows(m, parts)
        self._probe(m)
        return m

    def _connect_rows(self, m: Module, parts: Parts) -> None:
        """The datapath: load bus and task to all, sums to servers, rows to banks, results to the store unit."""
        count, sequencer, store = len(self.servers), parts.sequencer, parts.store
        units = [*self.groups, *self.servers]
        self._broadcast(m, parts.loader, *units)
        for unit in units:
            m.d.comb += [unit.task.eq(sequencer.task.as_value()[:task_layout.size]), unit.start.eq(sequencer.start)]
        if self.hardware["zero_points"]:
            m.d.comb += [server.zero.eq(sequencer.task.zero) for server in self.servers]
        for server, result in zip(self.servers, store.result_data, strict=True):
            m.d.comb += [server.run_start.eq(sequencer.run_start), server.result_address.eq(store.result_address),
                         result.eq(server.result_data)]
        for element in range(UNITS):
            server, local = self.servers[element % count], element // count
            for index, group in enumerate(self.groups):
                port = index * (UNITS // count) + local
                hold, taker = group.hold[element], server.hold[port]
                m.d.comb += [taker.valid.eq(hold.valid), taker.data.eq(hold.data),
                             group.ack[element].eq(server.ack[port])]
                wiring.connect(m, server.write[local], group.write[element])

    def _probes(self) -> Iterator[tuple[str, Any]]:
        """Name and value of every probe."""
        for name in _FLAGS:
            yield f"probe_{name}", Cat(getattr(server, name) for server in self.servers)
        for index, server in enumerate(self.servers):
            for name in PROBES:
                yield f"probe_{name}_{index}", getattr(server, name)
