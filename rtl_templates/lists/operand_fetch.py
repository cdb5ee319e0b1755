"""A unit's operand fetch: its node buffer, and the fetch and gather stages that read it."""

from collections.abc import Mapping, Sequence
from typing import Any

from amaranth import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..shell.signatures import LoadBus, LoadPort
from .buffer import NodeBuffer
from .fetch import Fetch
from .formats import ACC_BITS
from .gather import Gather
from .signatures import RowPort, RowWrite, accumulated_layout, pass_layout

__all__ = ["OperandFetch"]


class OperandFetch(wiring.Component):
    """From a pass's start to a stream of accumulated operands, one for each beat but SKIP, row after row.

    Values as :meth:`model`, cycles as :class:`rtl_templates.lists.gather_timing.GatherTiming`.

    Parameters
    ----------
    units, lanes, code_bits, buffer_depth, list_depth, descriptor_depth, beats, maxima : int
        As :class:`hwgen.targets.lists.hardware.Hardware`.
    acc_bits : int
        Signed bits of a sum; sums wrap.

    Members
    -------
    load : In(LoadBus())
        ROWS, BEAT, LIST, DESCRIPTOR and SETUP, already registered; never while busy.
    index : In(2)
        The unit's number, constant.
    start : In(1)
        Pulse; never while busy.
    task : In(pass_layout)
        Constant from the cycle of ``start`` until ``busy`` has fallen.
    write : In(RowWrite(lanes, code_bits))
        See :class:`rtl_templates.lists.buffer.NodeBuffer`.
    o : Out(stream.Signature(accumulated_layout(lanes)))
    busy : Out(1)
        From the cycle after ``start`` until the last token has left; never in a unit without rows.
    working : Out(1)
        A buffer word is read.
    waiting : Out(1)
        A walk could begin but for a slot of the output queue.
    """

    load: LoadPort
    index: Signal
    start: Signal
    task: data.View
    write: RowPort
    o: stream.Interface
    busy: Signal
    working: Signal
    waiting: Signal

    def __init__(self, *, units: int, lanes: int, code_bits: int, buffer_depth: int, list_depth: int,
                 descriptor_depth: int, beats: int, acc_bits: int = ACC_BITS, maxima: int = 1) -> None:
        self.units, self.acc_bits, self.buffer_depth = units, acc_bits, buffer_depth
        self.rows = {"lanes": lanes, "code_bits": code_bits}
        self.list_depth, self.descriptor_depth, self.beats, self.maxima = list_depth, descriptor_depth, beats, maxima
        super().__init__({
            "load": In(LoadBus()), "index": In(2), "start": In(1), "task": In(pass_layout),
            "write": In(RowWrite(**self.rows)), "o": Out(stream.Signature(accumulated_layout(lanes))),
            "busy": Out(1), "working": Out(1), "waiting": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = buffer = NodeBuffer(**self.rows, depth=self.buffer_depth)
        m.submodules.fetch = fetch = Fetch(units=self.units, list_depth=self.list_depth, beats=self.beats,
                                           descriptor_depth=self.descriptor_depth)
        m.submodules.gather = gather = Gather(**self.rows, acc_bits=self.acc_bits, buffer_depth=self.buffer_depth,
                                              list_depth=self.list_depth, maxima=self.maxima)
        for part in (buffer, fetch, gather):
            connect(m, flipped(self.load), part.load)
        connect(m, flipped(self.write), buffer.write)
        connect(m, fetch.o, gather.i)
        connect(m, gather.o, flipped(self.o))
        m.d.comb += [
            fetch.index.eq(self.index), fetch.start.eq(self.start), fetch.task.eq(self.task),
            gather.index.eq(self.index), gather.start.eq(self.start),
            buffer.address.eq(gather.address), gather.data.eq(buffer.data), gather.entry.eq(buffer.entry),
            self.busy.eq(fetch.busy | gather.busy), self.working.eq(gather.working), self.waiting.eq(gather.waiting),
        ]
        return m

    def model(self, task: Mapping[str, int], beats: Sequence[Mapping[str, int]], setup: Mapping[str, int],
              descriptors: Sequence[Mapping[str, int]], lists: Sequence[int], words: Sequence[int],
              entries: Sequence[int], *, index: int) -> list[dict[str, Any]]:
        """Tokens of a pass, as :meth:`Gather.model`; the memories' contents as its and :meth:`Fetch.model`'s."""
        commands = Fetch.model(task, beats, setup, descriptors, units=self.units, index=index)
        return list(Gather.model(commands, lists, words, entries, **self.rows, acc_bits=self.acc_bits))
