"""Cycles of a pass on one unit, exact: the stages' timing models, joined as the unit joins the stages.

Cycles count from the pass's start pulse. Units only meet at the end of a pass; with e the last activity of the unit
that is active longest (0 where no unit has a row), the shell's part is::

    CYCLES = SHELL_RUN + sum(e) + (passes - 1) * SHELL_BARRIER + SHELL_DONE
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .combine_timing import WRITE_REGISTER, CombineTiming, WriteTiming, combine_cycles
from .formats import RESULT_LANES, Operand, Select
from .gather_timing import GatherTiming
from .requantize_timing import RequantizeTiming, steps

__all__ = ["STAGES", "UnitPass", "unit_pass"]

#: Stages of a unit, in the order of :class:`UnitPass`.
STAGES = ("gather", "q1", "combine", "q2", "write")


@dataclass(frozen=True, kw_only=True)
class UnitPass:
    """What a unit did in a pass.

    Parameters
    ----------
    last : int
        Cycle of its last activity; 0 without rows.
    run, waited : tuple of int
        Cycles, by STAGES, in which a stage worked, or stood still for the next one (0 of the write stage).
    """

    last: int
    run: tuple[int, ...]
    waited: tuple[int, ...]


def unit_pass(hardware: Mapping[str, int], index: int, task: Mapping[str, int], beats: Sequence[Mapping[str, int]],
              reads: Sequence[Sequence[int]], nulls: int, bits: Sequence[int]) -> UnitPass:
    """Count a pass.

    Parameters
    ----------
    hardware : mapping
        Fields of :class:`hwgen.targets.lists.hardware.Hardware`.
    index : int
        The unit.
    task, beats
        Fields of the pass word, and of the beats of a row.
    reads : int [rows][beats]
        Entries of each list that is walked, NULLs included; 1 for SELF, 0 for ONE and SKIP.
    nulls : int
        NULLs among all these entries.
    bits : int [rows]
        Width of each row at the first requantizer.
    """
    return _Unit(hardware, index, task, beats).run(reads, nulls, bits)


class _Unit:
    """The stages' models, with a pass's constants."""

    def __init__(self, hardware: Mapping[str, int], index: int, task: Mapping[str, int],
                 beats: Sequence[Mapping[str, int]]) -> None:
        self.task, self.beats = task, beats
        self.step = steps(hardware["lanes"], hardware["requant_lanes"])
        self.lanes = hardware["lanes"]
        shared = {name: hardware[name] for name in ("lanes", "requant_lanes", "chunks", "levels", "leaky")}
        self.gather = GatherTiming()
        self.gather.begin(0)
        self.q1, self.q2 = (RequantizeTiming(**shared, nearest=task[f"{name}_select"] == Select.NEAREST)
                               for name in ("q1", "q2"))
        self.combine = CombineTiming(self.lanes)
        self.out = WriteTiming(units=hardware["units"], index=index, start=0)
        self.written = 0  # cycle of the last write

    def run(self, reads: Sequence[Sequence[int]], nulls: int, bits: Sequence[int]) -> UnitPass:
        task = self.task
        plan = [(beat["operand"] != Operand.SKIP, bool(beat["last"]), bool(beat["end"])) for beat in self.beats]
        chunks = sum(last for _, last, _ in plan)
        for row, width in zip(reads, bits, strict=True):
            for (token, last, end), count in zip(plan, row, strict=True):
                if not token:
                    self.gather.skip()
                    continue
                begin = self.q1.beat(self.gather.arrive(count), last=last, end=end)
                self.gather.taken(begin + self.step - 1)
            if task["combine"]:
                self._combine(chunks, combine_cycles(task["in_chunks"], width))
            else:
                self._write(self.q1, chunks)
        stages = (self.q1, self.combine, self.q2)
        return UnitPass(
            last=self.written + WRITE_REGISTER if len(reads) else 0,
            run=(sum(map(sum, reads)) - nulls, *(stage.run for stage in stages), self.out.run),
            waited=(self.gather.waited, *(stage.waited for stage in stages), 0))

    def _combine(self, chunks: int, cycles: int) -> None:
        """A row from the first requantizer through the MAC array and the second one."""
        for chunk in range(chunks):
            self.q1.take(self.combine.collect(self.q1.chunk(), end=chunk == chunks - 1))
        count = self.task["out_chunks"]
        for chunk in range(count):
            end = chunk == count - 1
            begin = self.q2.beat(self.combine.produce(cycles, end=end), last=True, end=end)
            self.combine.taken(begin + self.step - 1)
        self._write(self.q2, count)

    def _write(self, stage: RequantizeTiming, chunks: int) -> None:
        """A row's chunks from a requantizer into memory."""
        left = self.task["result_words"] if self.task["to_result"] else 0
        for _ in range(chunks):
            words = min(left, self.lanes // RESULT_LANES)
            left -= words
            taken, self.written = self.out.take(stage.chunk(), words)
            stage.take(taken)
