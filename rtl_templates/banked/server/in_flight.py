"""What belongs to the nodes that a server has in flight: row parameters, and flags that travel beside the lanes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from ...cells.add_memory import add_memory
from ...cells.delays import delays
from ...cells.structure import structure
from ..formats import ROW_BITS
from ..requantize_timing import REQUANT_CODE, REQUANT_MULTIPLIER
from ..signatures import task_layout
from .timing import QUEUE_DEPTH

__all__ = ["InFlight", "Met"]

#: Beside a beat: its code is Q1's, Q1's last, Q2's last; it is what the server writes, the last of that.
_flags = data.StructLayout({"q1": 1, "q1_last": 1, "q2_last": 1, "out": 1, "out_last": 1})


class Met(NamedTuple):
    """What one beat meets, for the model: nodes by number, in the order of their issue.

    Parameters
    ----------
    q1, q2, where : int
        Whose parameters of the first and of the second stage, and whose place, are there.
    q1_ends, code_q1, code_out, code_last : bool
        As the members.
    """

    q1: int
    q2: int
    where: int
    q1_ends: bool
    code_q1: bool
    code_out: bool
    code_last: bool


class InFlight(wiring.Component):
    """Bring row parameters from a node's issue to where they are used, and flags along with its beats.

    Nodes are issued, and pass each stage, in one order: what belongs to a stage is a queue in LUTRAM, whose oldest
    word can be read until the stage has done with it. Fewer than QUEUE_DEPTH nodes are in flight.

    Parameters
    ----------
    entry : StructLayout
        Of a stored PARAM entry.
    occupation_bits, chunk_bits : int
    lane_sets : int
        2: beats of both stages come side by side.

    Members
    -------
    task : In(task_layout)
    issued, entry, occupation : In
        A node is issued in this cycle.
    q2, fits, last, chunk : In
        Of the beat in its slot: its stage, whether its code counts, whether it is the stage's last, its chunk.
    q2_active, q2_last, q2_chunk : In
        Of a beat of the second stage in lanes of its own. Only with two sets.
    dense_beat : In(1)
        A node of a dense pass takes its (empty) slot.
    flying : Out(1)
        A node is in flight.
    row_r, bias_r, q1_bits, q2_r, q2_bits : Out
        Of the beat REQUANT_MULTIPLIER cycles after its slot.
    q1_ends, occupation_begun : Out
        A node's last beat of Q1 is there; that node's occupation.
    code_q1, code_out, code_last, code_chunk, out_chunk : Out
        Of the code that leaves the lanes, REQUANT_CODE after its beat's slot: it is Q1's; it is written; it is the
        last of those; its chunk; the chunk of the code that is written.
    nothing, row, bank : Out
        Where that code's node goes.
    """

    task: data.View
    issued: Signal
    entry: data.View
    occupation: Signal
    q2: Signal
    fits: Signal
    last: Signal
    chunk: Signal
    q2_active: Signal
    q2_last: Signal
    q2_chunk: Signal
    dense_beat: Signal
    flying: Signal
    row_r: Signal
    bias_r: Signal
    q1_bits: Signal
    q2_r: Signal
    q2_bits: Signal
    q1_ends: Signal
    occupation_begun: Signal
    code_q1: Signal
    code_out: Signal
    code_last: Signal
    code_chunk: Signal
    out_chunk: Signal
    nothing: Signal
    row: Signal
    bank: Signal

    def __init__(self, *, entry: data.StructLayout, occupation_bits: int, chunk_bits: int, lane_sets: int = 1) -> None:
        self.lane_sets = lane_sets
        fields = {name: entry[name].width for name in ("row", "bank")}
        super().__init__({
            "task": In(task_layout), "issued": In(1), "entry": In(entry), "occupation": In(occupation_bits),
            "q2": In(1), "fits": In(1), "last": In(1), "chunk": In(chunk_bits), "dense_beat": In(1),
            "flying": Out(1), "row_r": Out(ROW_BITS), "bias_r": Out(ROW_BITS), "q1_bits": Out(4),
            "q2_r": Out(ROW_BITS), "q2_bits": Out(4), "q1_ends": Out(1),
            "occupation_begun": Out(occupation_bits), "code_q1": Out(1), "code_out": Out(1), "code_last": Out(1),
            "code_chunk": Out(chunk_bits), "out_chunk": Out(chunk_bits), "nothing": Out(1), "row": Out(fields["row"]),
            "bank": Out(fields["bank"]),
            **({"q2_active": In(1), "q2_last": In(1), "q2_chunk": In(chunk_bits)} if lane_sets > 1 else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        entry, q2 = self.entry, self.q2
        combine = self.task.combine | self.task.dense
        travel = [structure(_flags, name=f"flags{k}") for k in range(REQUANT_CODE + 1)]
        q2_fits: Value = self.fits & q2
        q2_last: Value = self.last & q2
        out_chunk: Value = self.chunk
        if self.lane_sets > 1:  # a beat of each stage at once
            q2_fits, q2_last = self.q2_active, self.q2_last
            out_chunk = Mux(combine, self.q2_chunk, self.chunk)
        m.d.comb += [
            travel[0].q1.eq(self.fits & ~q2), travel[0].q1_last.eq((self.last & ~q2) | self.dense_beat),
            travel[0].q2_last.eq(q2_last), travel[0].out.eq(Mux(combine, q2_fits, self.fits & ~q2)),
            travel[0].out_last.eq(Mux(combine, q2_last, self.last & ~q2)),
        ]
        m.d.sync += [after.eq(before) for before, after in pairwise(travel)]

        head = Signal(exact_log2(QUEUE_DEPTH[self.lane_sets]))
        m.d.sync += head.eq(head + self.issued)
        early, end = travel[REQUANT_MULTIPLIER], travel[REQUANT_CODE]
        q1, _ = self._queue(m, "q1", head, early.q1_last, Cat(
            entry.row_r, entry.bias_r, entry.bits, self.occupation))
        q2_values, _ = self._queue(m, "q2", head, early.q2_last | (early.q1_last & ~combine),
                                     Cat(entry.q2_r, entry.bits))
        where, tail = self._queue(m, "where", head, end.out_last, Cat(entry.nothing, entry.row, entry.bank))
        m.d.comb += [
            self.flying.eq(head != tail), Cat(self.row_r, self.bias_r, self.q1_bits, self.occupation_begun).eq(q1),
            Cat(self.q2_r, self.q2_bits).eq(q2_values), Cat(self.nothing, self.row, self.bank).eq(where),
            self.q1_ends.eq(early.q1_last), self.code_q1.eq(end.q1), self.code_out.eq(end.out),
            self.code_last.eq(end.out_last), self.code_chunk.eq(delays(m, "chunk", self.chunk, REQUANT_CODE)[-1]),
            self.out_chunk.eq(self.code_chunk if self.lane_sets == 1 else
                              delays(m, "out_chunk", out_chunk, REQUANT_CODE)[-1]),
        ]
        return m

    @staticmethod
    def model(beats: Sequence[Mapping[str, int]], *, combine: bool) -> Iterator[Met]:
        """Yield what each beat meets.

        Parameters
        ----------
        beats : sequence of mapping
            ``q2``, ``fits``, ``last`` and ``dense_beat`` of each, in the order of their slots.
        combine : bool
            Nodes have a second stage.
        """
        q1 = q2 = where = 0
        for beat in beats:
            last, second = bool(beat["last"]), bool(beat["q2"])
            ends, out = (last and not second) or bool(beat["dense_beat"]), second == combine
            fits = bool(beat["fits"])
            yield Met(q1, q2, where, ends, fits and not second, fits and out, last and out)
            q1 += ends
            q2 += last and second if combine else ends
            where += last and out

    def _queue(self, m: Module, name: str, head: Value, pop: Value, word: Value) -> tuple[Value, Value]:
        """A queue that ``word`` enters at an issue: its oldest word until ``pop``, and where that lies."""
        tail = Signal.like(head, name=f"{name}_tail")
        store = add_memory(m, f"{name}_queue", len(word), 1 << len(head), "distributed")
        write, read = store.write_port(), store.read_port(domain="comb")
        m.d.sync += tail.eq(tail + pop)
        m.d.comb += [write.en.eq(self.issued), write.addr.eq(head), write.data.eq(word), read.addr.eq(tail)]
        return read.data, tail
