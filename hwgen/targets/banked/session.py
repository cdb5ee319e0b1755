"""A graph on its way through a banked design: one run, which brings everything along."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import CapacityError
from ...network.batch import Batch
from ...network.bits import Bits, bits_of_model
from ...network.dictionary import Dictionary
from ...network.network import Network
from ...report.cycles import Ran
from ...report.facts import Pass as PassFacts
from ..arrays import Floats, Ints
from ..design import Run
from ..run_folder import Files, batch_files
from ..words import to_bytes
from .cycles import estimate
from .execute import Trace, run
from .feature_rows import told_in
from .golden import expected, read_results
from .hardware import Hardware
from .images import Image, pack
from .program import Pass, Program
from .schedule.schedule import ALL_SLOTS, schedule
from .schedule.slots import Schedule

__all__ = ["GraphRun", "Session", "uniform_bits"]


@dataclass(frozen=True, kw_only=True)
class GraphRun:
    """A program on a design: what is loaded, what must come out, and how long that takes.

    Parameters
    ----------
    program : Program
        A network on one graph.
    hardware : Hardware
    schedule : Schedule
    edges : int
        Of the graph, for reports.
    dictionary : Dictionary or None
        That the program is told in.
    """

    program: Program
    hardware: Hardware
    schedule: Schedule
    edges: int
    dictionary: Dictionary | None = None

    @cached_property
    def image(self) -> Image:
        """What is loaded."""
        return pack(self.program, self.hardware, self.schedule)

    @cached_property
    def trace(self) -> Trace:
        """What the reference computes: the golden codes."""
        return run(self.program)

    @cached_property
    def cycles(self) -> dict[str, Any]:
        """Exact cycles: ``total``, ``counters``, and ``passes``."""
        return dict(estimate(self.program, self.hardware, self.schedule).to_dict())

    @property
    def stream(self) -> bytes:
        return to_bytes(self.image.beats)

    @property
    def units(self) -> int:
        return self.hardware.servers

    @property
    def result_words(self) -> int:
        return self.image.result_words

    @property
    def expected(self) -> Ints:
        return self.trace.logits

    @property
    def size(self) -> dict[str, int]:
        """For reports."""
        return {"graphs": 1, "nodes": self.program.num_nodes, "edges": self.edges}

    @cached_property
    def files(self) -> Files:
        golden = expected(self.program, self.hardware, self.schedule, [step.rows for step in self.trace.passes])
        return batch_files(self.stream, golden, result_words=self.result_words, units=self.units,
                           scale=self.program.passes[-1].out.scale, cycles=self.cycles, size=self.size)

    @property
    def ran(self) -> Ran:
        return Ran(sizes=self.size, load_beats=len(self.image.beats), store_beats=self.result_words * self.units,
                   passes=[PassFacts(**step) for step in self.cycles["passes"]], counters=self.cycles["counters"])

    def read(self, stored: bytes) -> Ints:
        return read_results(self.program, self.hardware, self.schedule, stored)

    def cycles_with(self, bits: int) -> int:
        program, placed = self._whole
        return estimate(uniform_bits(program, bits), self.hardware, placed).total

    @cached_property
    def _whole(self) -> tuple[Program, Schedule]:
        """The program with all rows, for widths of which none is 0; its rows leave less room for sums of weights."""
        if self.program.live is None:
            return self.program, self.schedule
        program = told_in(replace(self.program, live=None, told=None), self.dictionary, self.hardware)
        try:
            return program, schedule(program, replace(self.hardware, slots=ALL_SLOTS), room=self.hardware.slots)
        except CapacityError:  # the design holds the graph only because some rows are zero
            return self.program, self.schedule


@dataclass(kw_only=True)
class Session:
    """One graph on one design.

    Parameters
    ----------
    network : Network
    batch : Batch
        The graph.
    run : GraphRun
        All that there is to do.
    """

    network: Network
    batch: Batch
    run: GraphRun
    results: Ints = field(init=False)
    _taken: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.results = np.zeros((0, self.run.program.passes[-1].width), dtype=np.int64)

    @property
    def reference(self) -> Ints:
        return self.run.expected

    @property
    def scale(self) -> Floats:
        scale = self.run.program.passes[-1].out.scale
        assert scale is not None  # of results
        return scale

    @property
    def bits(self) -> Bits:
        return bits_of_model(self.network, self.batch)

    def next_runs(self) -> Sequence[Run]:
        if self._taken and len(self.results) != self.batch.num_nodes:
            raise ValueError("the graph's run was not fed")
        runs = [] if self._taken else [self.run]
        self._taken = True
        return runs

    def feed(self, run: Run, results: Ints) -> None:
        self.results = results


def uniform_bits(program: Program, bits: int) -> Program:
    """The same program with one bit width for all nodes; only its cycles mean anything."""
    def change(step: Pass) -> Pass:
        if step.q1 is None or step.q1.row_bits is None:
            return step
        same = np.full_like(step.q1.row_bits, bits)
        return replace(step, q1=replace(step.q1, row_bits=same, bits=bits))

    return replace(program, passes=tuple(change(step) for step in program.passes))
