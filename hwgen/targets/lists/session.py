"""A batch on its way through a design that holds it whole: one run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...network.batch import Batch
from ...network.bits import Bits
from ...network.network import Network
from ...report.cycles import Ran
from ...report.facts import Pass as PassFacts
from ..arrays import Floats, Ints
from ..design import Run
from ..run_folder import Files, batch_files
from ..words import to_bytes
from .cycles import estimate
from .execute import PassTrace, Trace
from .execute import run as run_reference
from .fuse import steps
from .golden import expected, pass_facts, read_rows
from .images import BatchImage, batch_image
from .layout import Layout
from .program import Program

__all__ = ["BatchRun", "BatchSession", "Reference"]


@dataclass(frozen=True, kw_only=True)
class BatchRun:
    """What a design loads, runs and stores at once: a batch, or a window of one.

    Parameters
    ----------
    layout : Layout
    image : BatchImage
    done : callable
        Gives what each pass writes, of the reference, in the batch's order of rows. Who only runs needs no reference.
    size : dict
        For reports: ``graphs``, ``nodes`` and ``edges``; of a window its number as ``window``, its ``pass``, ``rows``
        and list ``entries``.
    part : int or None
        The pass that a window is a part of: it then brings its passes along, in place of the model's.
    """

    layout: Layout
    image: BatchImage
    done: Callable[[], Sequence[PassTrace]]
    size: Mapping[str, int]
    part: int | None = None

    @property
    def stream(self) -> bytes:
        return to_bytes(self.image.beats)

    @property
    def units(self) -> int:
        return self.layout.hardware.units

    @property
    def result_words(self) -> int:
        return self.image.result_words

    @property
    def expected(self) -> Ints:
        return self.done()[-1].written[np.sort(self.image.order)]

    @cached_property
    def cycles(self) -> dict[str, Any]:
        """Exact cycles: ``total``, ``counters``, and ``passes``."""
        return estimate(self.layout, self.image, [done.bits for done in self.done()]).to_dict()

    @cached_property
    def files(self) -> Files:
        layout, image = self.layout, self.image
        return batch_files(
            self.stream, expected(layout, image, self.done()), result_words=image.result_words, units=self.units,
            scale=layout.program.passes[-1].out.scale, cycles=self.cycles, size=self.size,
            passes=None if self.part is None else pass_facts(layout.program, layout.hardware))

    @property
    def ran(self) -> Ran:
        sizes = {name: value for name, value in self.size.items() if name not in ("window", "pass")}
        return Ran(sizes=sizes, load_beats=len(self.image.beats), store_beats=self.result_words * self.units,
                   passes=[PassFacts(**step) for step in self.cycles["passes"]], counters=self.cycles["counters"],
                   part=self.part)

    def read(self, stored: bytes) -> Ints:
        rows = read_rows(self.layout, len(self.image.order), stored)
        return np.asarray(rows[np.argsort(self.image.order)])

    def cycles_with(self, bits: int) -> int:
        steps, done = self.layout.program.passes, self.done()
        if all(step.combine is None for step in steps):
            return int(self.cycles["total"])
        widths = [np.full_like(each.bits, bits) if step.combine is not None
                  and not self.layout.program.reads_input(step) else each.bits
                  for step, each in zip(steps, done, strict=True)]
        return estimate(self.layout, self.image, widths).total


@dataclass(kw_only=True, eq=False)
class Reference:
    """A program on a batch, executed when it is first asked for: what sessions know without a run."""

    network: Network
    program: Program
    batch: Batch

    @cached_property
    def trace(self) -> Trace:
        """What the reference computes."""
        return run_reference(self.program, self.batch)

    @property
    def reference(self) -> Ints:
        """What all runs together must give."""
        return self.trace.results

    @property
    def scale(self) -> Floats:
        """Real value of result code 1."""
        return self.program.scale

    @property
    def bits(self) -> Bits:
        """Widths of all values but the result that rows have in the hardware."""
        bits = dict[str, Ints]()
        for step, task, done in zip(steps(self.network), self.program.passes, self.trace.passes, strict=True):
            if step.row is not None and step.linear is not None:  # never leaves its unit: only Q1 knows it
                bits[step.row.name] = done.bits
            if task.target is not None:
                bits[step.value.name] = task.out.bits[done.written_entry]
        return bits


class BatchSession(Reference):
    """One batch on one design.

    Parameters
    ----------
    network : Network
    layout : Layout
    batch : Batch

    Raises
    ------
    HwgenError
        The batch does not go with the network.
    CapacityError
        It exceeds the design.
    """

    def __init__(self, network: Network, layout: Layout, batch: Batch) -> None:
        super().__init__(network=network, program=layout.program, batch=batch)
        self.run = BatchRun(layout=layout, image=batch_image(layout, batch), done=lambda: self.trace.passes, size={
            "graphs": batch.graphs, "nodes": batch.num_nodes, "edges": int(batch.edges.shape[1])})
        self.results: Ints = np.zeros((0, len(layout.result)), dtype=np.int64)
        self._taken = False

    def next_runs(self) -> Sequence[Run]:
        if self._taken and len(self.results) != len(self.run.image.order):
            raise ValueError("the batch's run was not fed")
        runs = [] if self._taken else [self.run]
        self._taken = True
        return runs

    def feed(self, run: Run, results: Ints) -> None:
        self.results = results
