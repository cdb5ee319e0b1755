"""A unit: from its lists and its copy of the node buffer to rows of codes, stage by stage."""

from collections.abc import Mapping
from typing import Any

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..cells.delays import delays
from ..cells.mac_plan import TABLE_WORDS
from ..cells.primitives import TWINS, Primitives
from ..shell.signatures import LoadBus, LoadPort
from .combine import Combine, Route
from .formats import weight_blocks
from .gather_timing import READ_DELAY
from .operand_fetch import OperandFetch
from .requantize import Requantizer
from .signatures import RowPort, RowWrite, pass_layout
from .timing import STAGES
from .write import Write

__all__ = ["Unit"]


class Unit(wiring.Component):
    """Operand fetch, Q1, MAC array, Q2, write: rows ``index``, ``index + units``, ... of a pass.

    Q1 and Q2 are requantizers. Without ``weight_bits`` there is no MAC array and no Q2.

    Parameters
    ----------
    units, ..., leaky : int
        :class:`hwgen.targets.lists.hardware.Hardware`, field by field; the unit has no use for ``passes``.
    primitives : Primitives
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
        Any stage holds something; any behind the gather stage does.
    working, waiting : Out(5)
        A bit for each of STAGES; for the counters.
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
                 weight_bits: int, pages: int, lut_inputs: int, buffer_depth: int, list_depth: int,
                 descriptor_depth: int, column_depth: int, param_depth: int, levels: int, tables: int, beats: int,
                 result_depth: int, leaky: int, joined: int, maxima: int, table_words: int = TABLE_WORDS,
                 primitives: Primitives = TWINS) -> None:
        self.units = units
        words = {"lanes": lanes, "code_bits": code_bits}
        shared = {"lanes": lanes, "requant_lanes": requant_lanes, "chunks": chunks, "column_depth": column_depth,
                  "param_depth": param_depth, "levels": levels, "tables": tables, "leaky": leaky}
        self.operand_fetch = OperandFetch(
            units=units, **words, acc_bits=acc_bits, buffer_depth=buffer_depth, list_depth=list_depth,
            descriptor_depth=descriptor_depth, beats=beats, maxima=maxima)
        self.q1 = Requantizer(**shared, joined=joined, maxima=maxima, number=0, primitives=primitives)
        self.combine = self.q2 = None
        if weight_bits:
            weights = {"lanes": lanes, "weight_bits": weight_bits, "pages": pages}
            self.combine = Combine(**weights, chunks=chunks, table_words=table_words, primitives=primitives,
                                   block=weight_blocks(weights | {"lut_inputs": lut_inputs}))
            self.q2 = Requantizer(**shared, joined=0, maxima=0, number=1, primitives=primitives)
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
        stages = dict(zip(STAGES, (self.operand_fetch, self.q1, self.combine, self.q2, self.out), strict=True))
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
        wiring.connect(m, wiring.flipped(self.write), self.operand_fetch.write)
        waiting = {name: stage.waiting for name, stage in stages.items()}
        # Beside the reads that it delays.
        waiting["gather"] = delays(m, "waiting", self.operand_fetch.waiting, READ_DELAY, reset=True)[-1]
        m.d.comb += [
            out.result_address.eq(self.result_address), self.result_data.eq(out.result_data),
            self.serving.eq(Cat(stage.busy for name, stage in stages.items() if name != "gather").any()),
            self.busy.eq(self.serving | self.operand_fetch.busy),
            self.working.eq(Cat(stages[name].working if name in stages else 0 for name in STAGES)),
            self.waiting.eq(Cat(waiting.get(name, 0) for name in STAGES)),
        ]
        return m

    def _join(self, m: Module) -> None:
        """The streams between the stages."""
        wiring.connect(m, self.operand_fetch.o, self.q1.i)
        if self.combine is None or self.q2 is None:
            wiring.connect(m, self.q1.o, self.out.i)
            return
        m.submodules.route = route = Route(lanes=self.out.lanes)
        m.d.comb += route.task.eq(self.task)
        wiring.connect(m, self.q1.o, route.i)
        wiring.connect(m, route.to_combine, self.combine.i)
        wiring.connect(m, self.combine.o, self.q2.i)
        wiring.connect(m, self.q2.o, route.combined)
        wiring.connect(m, route.o, self.out.i)
