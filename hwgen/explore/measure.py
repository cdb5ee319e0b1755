"""What a choice is worth on the models: cycles and look-up tables, and by how much it exceeds the board's comfort."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from boards import Board

from ..errors import HwgenError
from ..flow.preference import COMFORT
from ..network.sample import Sample
from ..report.cycles import Ran
from ..studies.study import Assignment, Worth
from ..targets.target import Candidate

__all__ = ["Measure", "Objective", "exact_cycles"]

#: latency: cycles of the sample's longest run, a graph or a batch; throughput and area: cycles a graph of the sample.
#: The front is of cycles and look-up tables; latency and throughput choose its fastest design, area its smallest.
Objective = Literal["latency", "throughput", "area"]

#: Most that is said of an excess: JSON has no infinity.
MOST = 1e6


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Measures assignments by formulas.

    Parameters
    ----------
    candidate : callable
        Makes the candidate of an assignment.
    board : Board
    objective : Objective
    graphs : int
        Of the sample.
    """

    candidate: Callable[[Assignment], Candidate]
    board: Board
    objective: Objective
    graphs: int

    def __call__(self, assignment: Assignment) -> Worth | None:
        """Cycles and look-up tables; None where values do not go together."""
        try:
            found = self.sized(assignment)
        except HwgenError:
            return None
        excess = found.area.fullest(self.board, COMFORT)[1] - 1
        return Worth(values=(self.cycles(found), float(found.area.total.lut)), excess=min(MOST, excess))

    def sized(self, assignment: Assignment) -> Candidate:
        """A candidate on the board's family.

        Raises
        ------
        HwgenError
            Values that do not go together.
        """
        return replace(self.candidate(assignment), family=self.board.family)

    def cycles(self, candidate: Candidate) -> float:
        """Guessed, as the objective counts them."""
        if self.objective == "latency":
            assert candidate.longest is not None
            return float(candidate.longest)
        return float(candidate.cycles / self.graphs)


def exact_cycles(objective: Objective, runs: Sequence[Ran], sample: Sample) -> float:
    """Of the runs of a sample, as an objective counts them."""
    every = [sum(step.cycles for step in ran.passes) for ran in runs]
    return float(max(every)) if objective == "latency" else sum(every) / sample.batch.graphs
