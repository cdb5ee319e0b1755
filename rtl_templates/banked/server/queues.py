"""What belongs to the nodes that a server has in flight: row parameters, and flags that travel beside the lanes."""

from itertools import pairwise
from typing import NamedTuple

from amaranth import Cat, Module, Signal, Value
from amaranth.lib import data
from amaranth.utils import exact_log2

from ...cells.add_memory import add_memory
from ...cells.structure import structure
from ..formats import ROW_BITS
from ..requantize import Requantizer
from ..requantize_timing import REQUANT_CODE, REQUANT_MULTIPLIER
from .issue import ServerPick
from .timing import QUEUE_DEPTH
from .write import ServerWrite

__all__ = ["Flight", "queues"]


class Flight(NamedTuple):
    """Of the nodes in flight, what the rest of the server asks for.

    Parameters
    ----------
    flying : Value
        There are some.
    pre_ends, occupation : Value
        The last pre beat of a node is at slot + REQUANT_MULTIPLIER; that node's occupation.
    flags, place : Value
        Flags and chunk of the beat at slot + REQUANT_CODE, whose codes leave the lanes.
    """

    flying: Value
    pre_ends: Value
    occupation: Value
    flags: data.View
    place: Value


def queues(m: Module, task: data.View, pick: ServerPick, requantizer: Requantizer, writer: ServerWrite) -> Flight:
    """Bring row parameters from the issue to where they are used, and flags along with the beats."""
    combine = task.combine | task.dense
    flags = data.StructLayout({"pre": 1, "pre_last": 1, "post_last": 1, "out": 1, "out_last": 1})
    travel = [structure(flags, name=f"flags{k}") for k in range(REQUANT_CODE + 1)]
    places: list[Value] = [pick.chunk]
    post = pick.beat.post
    m.d.comb += [
        travel[0].pre.eq(pick.fits & ~post),
        travel[0].pre_last.eq((pick.last & ~post) | pick.dense_beat), travel[0].post_last.eq(pick.last & post),
        travel[0].out.eq(pick.fits & (post == combine)), travel[0].out_last.eq(pick.last & (post == combine)),
    ]
    m.d.sync += [after.eq(before) for before, after in pairwise(travel)]
    for k in range(REQUANT_CODE):
        places.append(Signal(len(places[0]), name=f"place{k + 1}", reset_less=True))
        m.d.sync += places[-1].eq(places[-2])

    entry, head = pick.entry, Signal(exact_log2(QUEUE_DEPTH))
    m.d.sync += head.eq(head + pick.issue)
    early, end = travel[REQUANT_MULTIPLIER], travel[REQUANT_CODE]
    pre, _ = _queue(m, "pre", pick.issue, head, early.pre_last, Cat(
        entry.row_r, entry.bias_r, entry.bits, pick.occupation))
    post_values, _ = _queue(m, "post", pick.issue, head, early.post_last | (early.pre_last & ~combine),
                            Cat(entry.post_r, entry.bits))
    where, tail = _queue(m, "where", pick.issue, head, end.out_last, Cat(entry.nothing, entry.row, entry.bank))
    row_end = 1 + len(entry.row)
    m.d.comb += [
        requantizer.row_r.eq(pre), requantizer.bias_r.eq(pre[ROW_BITS:]),
        requantizer.pre_bits.eq(pre[2 * ROW_BITS:]),
        requantizer.post_r.eq(post_values), requantizer.post_bits.eq(post_values[ROW_BITS:]),
        writer.nothing.eq(where[0]), writer.row.eq(where[1:row_end]), writer.bank.eq(where[row_end:]),
        writer.fits.eq(end.out), writer.last.eq(end.out_last), writer.chunk.eq(places[-1]),
    ]
    return Flight(flying=head != tail, pre_ends=early.pre_last, occupation=pre[2 * ROW_BITS + 4:], flags=end,
                  place=places[-1])


def _queue(m: Module, name: str, push: Value, head: Value, pop: Value, word: Value) -> tuple[Value, Value]:
    """A queue in LUTRAM: ``word`` enters at a push, and its oldest one can be read until ``pop``."""
    tail = Signal.like(head, name=f"{name}_tail")
    store = add_memory(m, f"{name}_queue", len(word), QUEUE_DEPTH, "distributed")
    write, read = store.write_port(), store.read_port(domain="comb")
    m.d.sync += tail.eq(tail + pop)
    m.d.comb += [write.en.eq(push), write.addr.eq(head), write.data.eq(word), read.addr.eq(tail)]
    return read.data, tail
