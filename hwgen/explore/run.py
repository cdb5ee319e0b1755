"""The exploration: the default, then slot after slot with any other process of the study, then the front."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from boards import Board

from ..errors import CapacityError, HwgenError
from ..flow.config import Config
from ..flow.families import family_of
from ..flow.folder import write_folder
from ..flow.search import Found, search
from ..flow.wishes import Wishes
from ..network.network import Network
from ..network.sample import Limits, Sample
from ..progress import SILENT, Progress
from ..studies.study import Direction, Done, Study
from ..studies.work import work
from ..targets.design import Design
from ..targets.target import Target
from ..version import __version__
from .confirm import Confirm, Point, count, run_sample
from .front import fits, front_of, spread, unbeaten
from .measure import Measure, Objective, exact_cycles
from .propose import Proposer, Sampler
from .space import Designs

__all__ = ["FRONT", "Explored", "Searched", "explore", "search_designs"]

#: Below the folder of a study: a configuration for each point of its front.
FRONT = "front"
#: The study's name in its journal, and what is good of cycles and look-up tables.
STUDY = "designs"
DIRECTIONS: tuple[Direction, ...] = ("minimize", "minimize")


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What a study holds.

    Parameters
    ----------
    designs : Designs
    measure : Measure
    done : sequence of Done
        By slot: what was measured; without values that do not go together.
    refused : int
        Slots of those.
    rate : float
        Designs a minute, of all processes, while this one measured; 0: all were known.
    """

    designs: Designs
    measure: Measure
    done: Sequence[Done]
    refused: int
    rate: float


@dataclass(frozen=True, kw_only=True)
class Explored(Searched):
    """What an exploration found.

    Parameters
    ----------
    default : Point
        What ``hwgen build`` takes by formulas, with exact cycles.
    points : sequence of Point
        The front, the fastest first.
    chosen, balanced : Point
        What the objective asks for, and fewest cycles times look-up tables.
    lost : sequence of str
        Points of the models' front that turned out not to hold the sample, and why.
    """

    default: Point
    points: Sequence[Point]
    chosen: Point
    balanced: Point
    lost: Sequence[str]

    @property
    def fitting(self) -> list[Done]:
        """What was measured and the board holds."""
        return [each for each in self.done if fits(each)]


def explore(network: Network, sample: Sample, board: Board, wishes: Wishes | None = None, *, study: Path,
            source: str = "", objective: Objective = "throughput", trials: int = 1000,
            sampler: Sampler = "evolution", seed: int = 0, confirm: Confirm = "cycles", points: int = 12,
            counts: int = 3, progress: Progress = SILENT) -> Explored:
    """Explore the designs of a network on a board; write ``front/`` below the study's folder.

    Parameters
    ----------
    wishes : Wishes or None
        What is not free.
    study : Path
        Folder of the study; one that exists is continued, and other processes may work on it.
    source : str
        What the model is called in the study: another one is refused.
    objective : "latency", "throughput" or "area"
        As of :data:`.measure.Objective`.
    trials : int
        Designs that are measured, of all processes together.
    sampler : "evolution" or "random"
    seed : int
    confirm : "none", "cycles", "synth" or "simulate"
        As of :data:`.confirm.Confirm`.
    points : int
        Of the front at most; others between them are left out.
    counts : int
        Points that are synthesized or simulated: the chosen one, the balanced one, then the ends.

    Raises
    ------
    HwgenError
        A study of other settings; wishes that no target has; windows.
    CapacityError
        Nothing fits the board.
    """
    for name, value, least in (("trials", trials, 1), ("points", points, 3), ("counts", counts, 1)):
        if value < least:
            raise HwgenError(f"{name} is {value}", name, f"use {least} or more")
    wishes = wishes or Wishes()
    if wishes.windows:
        raise HwgenError("windows are not explored: their cycles have no model that is quick", "--windows",
                         "leave it out, or use hwgen build --windows")
    wishes = replace(wishes, windows=False)
    default = search(network, sample, board, wishes, progress, count=False)
    searched = search_designs(network, sample, board, wishes, default, study=study, source=source, objective=objective,
                              trials=trials, sampler=sampler, seed=seed, progress=progress)
    return _Front(network, sample, board, searched, default, study, confirm, progress).explored(points, counts)


def search_designs(network: Network, sample: Sample, board: Board, wishes: Wishes, default: Found, *, study: Path,
                   source: str, objective: Objective, trials: int, sampler: Sampler, seed: int = 0,
                   progress: Progress = SILENT) -> Searched:
    """The designs of a study, measured on the models: parameters as of :func:`explore`.

    Parameters
    ----------
    default : Found
        What the search of a build finds: what it has room for is no choice, and the evolution begins with it.
    """
    with progress.step("listing what is free"):
        within = replace(wishes, limits=default.limits.to_dict())
        designs = Designs.of(network, sample, within, family_of(board).hardware)
    measure = Measure(candidate=designs.candidate, board=board, objective=objective, graphs=sample.batch.graphs)
    proposer = Proposer(knobs=[designs.knobs(name) for name in designs.spaces], seed=seed, sampler=sampler,
                        begin=designs.like(default.target.name, default.design))
    shared = Study(study, STUDY, DIRECTIONS, {
        "model": source or network.name, "board": f"{board.name}: {board.resources}", "objective": objective,
        "wishes": str(within), "sampler": sampler, "seed": seed, "version": __version__,
    }, designs.choices)
    try:
        known, begun = shared.finished, time.perf_counter()
        work(shared, proposer, measure, trials, progress, what="designs on the models")
        rate = 60 * (shared.finished - known) / (time.perf_counter() - begun)
        return Searched(designs=designs, measure=measure, done=shared.done, refused=shared.finished - len(shared.done),
                        rate=rate)
    finally:
        shared.close()


class _Front:
    """The front of a study, confirmed and written."""

    def __init__(self, network: Network, sample: Sample, board: Board, searched: Searched, default: Found, study: Path,
                 confirm: Confirm, progress: Progress) -> None:
        self.network, self.sample, self.board, self.searched = network, sample, board, searched
        self.measure, self.found = searched.measure, default
        self.study, self.confirm, self.progress = study, confirm, progress

    def explored(self, points: int, counts: int) -> Explored:
        """Take the front out of what was measured."""
        done = self.searched.done
        front = front_of(done)
        if not front:
            raise self._nothing(done)
        products = [math.prod(each.worth.values) for each in front]
        front = spread(front, points, products.index(min(products)))
        every, lost = list[Point](), list[str]()
        with self.progress.bar("placing designs of the front, exact cycles", len(front)) as advance:
            for each in front:
                try:
                    every.append(self._point(each))
                except CapacityError as error:
                    lost.append(f"slot {each.slot}: {error.what}")
                advance("")
        if not every:
            raise CapacityError(f"none of {len(front)} designs holds the sample: {lost[0]}", f"board {self.board.name}",
                                "measure more designs with --trials")
        found = [replace(each, number=number) for number, each in enumerate(
            unbeaten(every, lambda each: (each.best_cycles, each.lut)), start=1)]
        folder = self.study / FRONT
        write_folder(folder, {f"{each.number}.json": each.config.to_text() for each in found})
        chosen = found[-1] if self.measure.objective == "area" else found[0]
        balanced = min(found, key=lambda each: each.product)
        if self.confirm in ("synth", "simulate"):
            wanted = list(dict.fromkeys([chosen.number, balanced.number, found[0].number, found[-1].number]))[:counts]
            found = [self._counted(each) if each.number in wanted else each for each in found]
        return Explored(**vars(self.searched), default=self._default(), points=found, lost=lost,
                        chosen=found[chosen.number - 1], balanced=found[balanced.number - 1])

    def _point(self, done: Done) -> Point:
        """A design of the front, made; its number comes later."""
        candidate = self.measure.sized(done.assignment)
        design = candidate.design()
        cycles = None if self.confirm == "none" else run_sample(design, self.sample, self.measure.objective)
        return self._made(candidate.target, design, candidate.limits, number=-1, slot=done.slot,
                          guess=done.worth.values[0], cycles=cycles, area=candidate.area)

    def _default(self) -> Point:
        """What a build takes by formulas; its cycles are exact anyway."""
        found = self.found
        cycles = exact_cycles(self.measure.objective, found.packed.runs, self.sample)
        return self._made(found.target, found.design, found.limits, number=0, slot=None, guess=cycles, cycles=cycles,
                          area=found.resources)

    def _made(self, target: Target, design: Design, limits: Limits, **known: Any) -> Point:
        config = Config(board=self.board.name, target=target.name, runs=design.runs, capacity=dict(design.capacity),
                        hardware=design.hardware.to_dict(), limits=limits)
        return Point(config=config, parameters=self.searched.designs.parameters(target.name, design), **known)

    def _counted(self, point: Point) -> Point:
        folder = self.study / "builds" / str(point.number) if self.confirm == "simulate" else None
        return count(point, self.study / FRONT / f"{point.number}.json", self.network, self.sample, self.board,
                     self.progress, folder)

    def _nothing(self, done: Sequence[Done]) -> CapacityError:
        nearest = min((each.worth.excess for each in done if each.worth.excess is not None), default=None)
        over = "" if nearest is None else f"; the nearest takes {1 + nearest:.2f} times what may be used"
        return CapacityError(f"none of {len(done)} designs fits with room for the router{over}",
                             f"board {self.board.name}",
                             "measure more with --trials, use a larger board, or hwgen build, which also tries windows")
