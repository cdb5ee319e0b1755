"""Cycles of a batch, exact: every unit and pass by the timing models of its stages; and a guess to rank designs by.

Nothing of the former is fitted. The models are proved cycle-equal to the RTL by tests, and the sums are compared
with the RTL's own counters by every cosimulation.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rtl_templates.lists.formats import NULL_INDEX, RESULT_LANES, Operand
from rtl_templates.lists.timing import STAGES, UnitPass, unit_pass
from rtl_templates.shell.timing import SHELL_BARRIER, SHELL_DONE, SHELL_RUN

from ...network.batch import SetName
from ..arrays import Ints
from ..pass_cycles import CycleEstimate, PassCycles, Stage
from .batch import Lists
from .beats import SET_OF
from .choose import Capacity
from .hardware import Hardware
from .images import BatchImage
from .layout import Layout
from .program import Pass, Program

__all__ = ["estimate", "guess_cycles"]

_PASS_OVERHEAD = 60  # cycles to fill and drain the pipeline and for the barrier


def estimate(layout: Layout, image: BatchImage, bits: Sequence[Ints]) -> CycleEstimate:
    """Count the cycles of a run.

    Parameters
    ----------
    layout : Layout
        The placed program.
    image : BatchImage
        Of the batch: its lists as the hardware walks them.
    bits : sequence of int64 [n]
        For each pass, the width of every row at the first requantizer (PassTrace.bits of the reference), in the order
        of the batch.
    """
    hardware = layout.hardware.to_dict()
    units = layout.hardware.units
    nulls = {name: _nulls(lists) for name, lists in image.lists.items()}
    name_of = {int(SET_OF[name]): name for name in layout.program.sets}
    passes = []
    before = SHELL_RUN + SHELL_DONE
    for step, task, batch_bits in zip(layout.program.passes, layout.passes, bits, strict=True):
        order = image.rows(step.domain)
        widths = batch_bits[order]
        beats = layout.beats[task["beat_start"]:task["beat_start"] + task["beat_count"]]
        reads = np.stack([_reads(beat, image.lists, name_of, len(order)) for beat in beats], axis=1)
        walked = sum((nulls[name_of[beat["set"]]] for beat in beats if beat["operand"] == Operand.LIST),
                     np.zeros(len(order), dtype=np.int64))
        done = [unit_pass(hardware, unit, task, beats, reads[unit::units].tolist(), int(walked[unit::units].sum()),
                          widths[unit::units].tolist()) for unit in range(units)]
        passes.append(_pass(step.name, before, done))
        before = SHELL_BARRIER
    stages = tuple(Stage(name=name, count=units, waits=None if name == "write" else "out") for name in STAGES)
    return CycleEstimate(stages=stages, passes=tuple(passes))


def guess_cycles(program: Program, hardware: Hardware, sample: Capacity, runs: int) -> float:
    """Cycles of a sample: in each pass the slowest stage, rows perfectly dealt to units.

    Parameters
    ----------
    sample : Capacity
        What all of its graphs have together.
    runs : int
        That it takes: each fills and drains the pipeline of every pass.
    """
    return sum(_PASS_OVERHEAD * runs + max(_stages(step, hardware, sample, sample.rows(program)[step.domain]))
               for step in program.passes)


def _stages(step: Pass, hardware: Hardware, sample: Capacity, rows: int) -> Iterator[float]:
    """Cycles of each stage of a unit in a pass; writes of all units take turns."""
    listed, units, steps = sample.entries, hardware.units, hardware.lanes // hardware.requant_lanes
    reads = beats = chunks = 0
    for block in step.blocks:
        own = -(-block.width // hardware.lanes)
        chunks += own
        beats += own * len(block.operands)
        reads += own * sum(max(rows, listed[operand.via]) if operand.kind == "list" else rows
                           for operand in block.operands)
    yield reads / units
    yield rows * beats * steps / units
    if step.combine is not None:
        planes = float(np.maximum(step.final.bits, 1).mean())
        out = -(-step.width // hardware.lanes)
        yield rows * chunks * out * planes / units
        yield rows * out * steps / units
        chunks = out
    yield rows * -(-step.width // RESULT_LANES) / units if step.target is None else rows * chunks


def _pass(name: str, before: int, units: list[UnitPass]) -> PassCycles:
    def total(what: str) -> dict[str, int]:
        return {stage: sum(getattr(unit, what)[k] for unit in units) for k, stage in enumerate(STAGES)}

    last = tuple(unit.last for unit in units)
    return PassCycles(name=name, cycles=before + max(last), last=last, run=total("run"), waited=total("waited"))


def _reads(beat: Mapping[str, int], lists: Mapping[SetName, Lists], name_of: Mapping[int, SetName], rows: int) -> Ints:
    """Entries that a beat walks, row by row."""
    if beat["operand"] == Operand.LIST:
        return lists[name_of[beat["set"]]].count
    return np.full(rows, int(beat["operand"] == Operand.SELF), dtype=np.int64)


def _nulls(lists: Lists) -> Ints:
    """NULLs of each list."""
    row = np.repeat(np.arange(len(lists.count)), lists.count)
    return np.bincount(row[lists.index == NULL_INDEX], minlength=len(lists.count))
