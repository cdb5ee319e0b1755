"""Points of a front held against the truth: exact cycles, Yosys's counts, and the RTL itself in simulation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from boards import Board

from ..flow.build import build, estimate
from ..flow.choose_runs import choose_runs
from ..flow.config import Config, wishes_of
from ..flow.resources import Resources
from ..flow.verify import outcome, record, simulate
from ..network.network import Network
from ..network.sample import Sample, single
from ..progress import Progress
from ..report.cycles import Ran
from ..report.facts import ResourceFacts
from ..report.files import read_report
from ..targets.design import Design
from .measure import Objective, exact_cycles

__all__ = ["Confirm", "Counted", "Point", "count", "run_sample"]

#: none: the schedule or the placement says that the design holds the sample; cycles: exact ones beside; synth: Yosys
#: counts some points too; simulate: these are built, and their RTL is compared with the model.
Confirm = Literal["none", "cycles", "synth", "simulate"]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What a synthesis, and a simulation, found out of a point.

    Parameters
    ----------
    resources : ResourceFacts
        By Yosys.
    exact : bool or None
        Whether every code and every cycle of the RTL was as expected; None: not simulated.
    build : str
        The build folder; "" where none was made.
    """

    resources: ResourceFacts
    exact: bool | None = None
    build: str = ""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A design of a front, or the default.

    Parameters
    ----------
    number : int
        1 is the fastest; 0 is the default.
    slot : int or None
        Of the study.
    config : Config
        ``front/NUMBER.json``.
    guess : float
        Cycles by the model, as the objective counts them.
    cycles : float or None
        Exact ones, where they were asked for.
    area : Resources
        By formulas.
    parameters : mapping
        What is free and has a name outside its target, with the value of this design.
    counted : Counted or None
    """

    number: int
    slot: int | None
    config: Config
    guess: float
    cycles: float | None
    area: Resources
    parameters: Mapping[str, int]
    counted: Counted | None = None

    @property
    def lut(self) -> float:
        """Look-up tables by formulas."""
        return float(self.area.total.lut)

    @property
    def best_cycles(self) -> float:
        """Exact where they are known."""
        return self.guess if self.cycles is None else self.cycles

    @property
    def product(self) -> float:
        """Cycles times look-up tables."""
        return self.best_cycles * self.lut


def run_sample(design: Design, sample: Sample, objective: Objective) -> float:
    """Exact cycles of a sample, as an objective counts them.

    Raises
    ------
    CapacityError
        A graph exceeds the design.
    """
    every: list[Ran] = []
    for batch in design.deal(single(sample.batch)):
        session = design.session(batch)
        while runs := session.next_runs():
            every += [run.ran for run in runs]
            for run in runs:
                session.feed(run, run.expected)
    return exact_cycles(objective, every, sample)


def count(point: Point, path: Path, network: Network, sample: Sample, board: Board, progress: Progress,
          folder: Path | None = None) -> Point:
    """A point with Yosys's counts of what its configuration gives; with a folder it is built there and simulated.

    Parameters
    ----------
    path : Path
        Its configuration: what is confirmed is what a user gets who builds it.
    """
    wishes = replace(wishes_of(path), windows=False)
    if folder is None:
        counted = estimate(network, sample, board, wishes, synth=True, progress=progress)
        return replace(point, counted=Counted(resources=counted.report.resources))
    build(network, sample, board, folder, wishes, progress=progress)
    chosen = choose_runs(folder, progress=progress)
    report = outcome(folder, chosen, simulate(folder, chosen.folders, progress=progress))
    record(folder, report)
    assert report.verification is not None
    return replace(point, counted=Counted(resources=read_report(folder).resources, build=str(folder),
                                          exact=report.verification.bit_exact))
