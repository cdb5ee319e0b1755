"""A unit: from its lists and its copy of the node buffer to rows of codes, stage by stage."""

from collections.abc import Mapping
from typing import Any

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..shell.signatures import LoadBus, LoadPort
from .combine import Combine, Route
from .gather_timing import READ_DELAY
from .operand_fetch import Front
from .requantize import Requantizer
from .signatures import RowPort, RowWrite, pass_layout
from .write import Write

__all__ = ["STAGES", "Unit"]

#: Stages, as bits of ``working`` and ``waiting``.
STAGES = ("gather", "pre", "combine", "post", "write")


class Unit(wiring.Component):
    """Front, first requantizer, MAC array, second requantizer, write: rows ``index``, ``index + units``, ... of a pass.

    Without ``weight_bits`` there is no MAC array and no second requantizer.

    Parameters
    ----------
    units, ..., leaky : int
        :class:`hwgen.targets.lists.hardware.Hardware`, field by field; the unit has no use for ``passes``.
    primitives : bool
        Instantiate the vendor's primitives instead of their behavioural twins.

    Members
    -------
    index : In(2)
        The unit's number, constant.
    load : In(LoadBus())
    task : In(pass_layout), start : In(1)
        Of the sequencer.
    row : Out(RowWrite)
        A word for every unit's buffer; zeros in other cycles. In cycles that are ``index + 1`` modulo ``units`` only,
        counted from ``start``.
    write : In(RowWrite)
        A word for this unit's buffer.
    result_address : In, result_data : Out(128)
        Of the store unit.
    busy : Out(1), serving : Out(1)
        Any stage holds something; any behind the front does.
    working, waiting : Out(5)
        STAGES; for the counters.
    """

    index: Signal
    load: LoadPort
    task: data.View
    start: Signal
    row: RowPort
    write: RowPort
    result_address: Signal
    result_data: Signal
    busy: Signal
    serving: Signal
    working: Signal
    waiting: Signal

    def __init__(self, *, units: int, lanes: int, code_bits: int, acc_bits: int, requant_lanes: int, chunks: int,
                 weight_bits: int, pages: int, buffer_depth: int, list_depth: int, descriptor_depth: int,
                 column_depth: int, param_depth: int, levels: int, tables: int, beats: int, result_depth: int,
                 leaky: int, primitives: bool = False) -> None:
        self.units = units
        words = {"lanes": lanes, "code_bits": code_bits}
        shared = {"lanes": lanes, "requant_lanes": requant_lanes, "chunks": chunks, "column_depth": column_depth,
                  "param_depth": param_depth, "levels": levels, "tables": tables, "leaky": leaky}
        self.front = Front(units=units, **words, acc_bits=acc_bits, buffer_depth=buffer_depth, list_depth=list_depth,
                           descriptor_depth=descriptor_depth, beats=beats)
        self.pre = Requantizer(**shared, number=0)
        self.combine = self.post = None
        if weight_bits:
            self.combine = Combine(lanes=lanes, chunks=chunks, weight_bits=weight_bits, pages=pages,
                                   primitives=primitives)
            self.post = Requantizer(**shared, number=1)
        self.out = Write(units=units, **words, result_depth=result_depth)
        super().__init__({
            "index": In(2), "load": In(LoadBus()), "task": In(pass_layout), "start": In(1),
            "row": Out(RowWrite(**words)), "write": In(RowWrite(**words)), "result_address": In(range(result_depth)),
            "result_data": Out(128), "busy": Out(1), "serving": Out(1), "working": Out(len(STAGES)),
            "waiting": Out(len(STAGES)),
        })

    @property
    def stages(self) -> Mapping[str, Any]:
        """By name, without those that the design leaves out."""
        stages = dict(zip(STAGES, (self.front, self.pre, self.combine, self.post, self.out), strict=True))
        return {name: stage for name, stage in stages.items() if stage is not None}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        stages, out = self.stages, self.out
        load = LoadBus().create(path=("near",))  # a register for the unit: the bus crosses the chip
        m.d.sync += [getattr(load, name).eq(getattr(self.load, name))
                     for name in ("valid", "target", "unit", "address", "data")]
        for name, stage in stages.items():
            m.submodules[name] = stage
            for member in ("task", "index", "start"):
                if member in stage.signature.members:
                    m.d.comb += getattr(stage, member).eq(getattr(self, member))
            if "load" in stage.signature.members:
                wiring.connect(m, load, stage.load)
        self._join(m)

        turn = Signal(range(self.units))  # cycles since start, modulo the units
        m.d.sync += turn.eq(Mux(self.start, 1 % self.units, turn + 1))
        m.d.comb += out.slot.eq(turn == self.index)
        wiring.connect(m, out.write, wiring.flipped(self.row))
        wiring.connect(m, wiring.flipped(self.write), self.front.write)
        waiting = {name: stage.waiting for name, stage in stages.items()}
        waiting["gather"] = self._late(m, self.front.waiting, READ_DELAY)  # beside the reads that it delays
        m.d.comb += [
            out.result_address.eq(self.result_address), self.result_data.eq(out.result_data),
            self.serving.eq(Cat(stage.busy for name, stage in stages.items() if name != "gather").any()),
            self.busy.eq(self.serving | self.front.busy),
            self.working.eq(Cat(stages[name].working if name in stages else 0 for name in STAGES)),
            self.waiting.eq(Cat(waiting.get(name, 0) for name in STAGES)),
        ]
        return m

    def _join(self, m: Module) -> None:
        """The streams between the stages."""
        wiring.connect(m, self.front.output, self.pre.input)
        if self.combine is None or self.post is None:
            wiring.connect(m, self.pre.output, self.out.input)
            return
        m.submodules.route = route = Route(lanes=self.out.lanes)
        m.d.comb += route.task.eq(self.task)
        wiring.connect(m, self.pre.output, route.input)
        wiring.connect(m, route.to_combine, self.combine.input)
        wiring.connect(m, self.combine.output, self.post.input)
        wiring.connect(m, self.post.output, route.combined)
        wiring.connect(m, route.output, self.out.input)

    @staticmethod
    def _late(m: Module, value: Signal, cycles: int) -> Signal:
        for k in range(cycles):
            late = Signal(name=f"waiting_{k}")
            m.d.sync += late.eq(value)
            value = late
        return value
