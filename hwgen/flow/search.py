"""Which design a network gets on a board: the fastest of all targets that fits with room for the router.

Every target says what it could build and guesses cycles and area. The cycle model decides between targets too. Designs
are tried in that order, and Yosys has the last word. What the user fixed is kept, and said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from heapq import merge
from itertools import groupby

from boards import Board

from ..errors import CapacityError, HwgenError
from ..network.network import Network
from ..network.sample import Limits, Sample, single
from ..progress import Expected, Progress
from ..scratch import scratch_folder
from ..targets.costs import errors
from ..targets.design import Design
from ..targets.target import Candidate, Target
from . import resources as counting
from .families import family_of
from .packed import Packed, pack_batches
from .preference import ANY, kinds, order, stages
from .resources import Component, Resources, Usage
from .wanted import candidate_targets, flag_of
from .wishes import Wishes

__all__ = ["Found", "search"]

#: Most that one count corrects the estimates of its target by, up or down.
CORRECTION = 1.25
#: Seconds that Yosys takes for a look-up table, about.
SECONDS_PER_LUT = 0.004
#: Its memory: of the tool, and of each look-up table of the largest component, about.
YOSYS_MB, YOSYS_MB_PER_LUT = 150.0, 0.05


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was chosen.

    Parameters
    ----------
    target : Target
    design : Design
    limits : Limits
        Of single graphs.
    packed : Packed
        The sample.
    verilog : str
        With primitives.
    resources : Resources
        By Yosys; by formulas where these rule the design out, or nothing was to be counted: then there is no Verilog.
    choice : str
        Why, for people.
    estimate : Resources
        By formulas, whatever ``resources`` are.
    quick : bool
        The fast scheduler scheduled it.
    """

    target: Target
    design: Design
    limits: Limits
    packed: Packed
    verilog: str
    resources: Resources
    choice: str
    estimate: Resources
    quick: bool = False


def search(network: Network, sample: Sample, board: Board, wishes: Wishes, progress: Progress, *,
           count: bool = True, quick: bool = False) -> Found:
    """Choose a design; where none fits the board, the smallest that holds the sample.

    Parameters
    ----------
    count : bool
        Whether Yosys has the last word; else formulas have: cycles are exact all the same, and there is no Verilog.
    quick : bool
        Whether the fast scheduler is enough: cycles are those of its schedule then.

    Raises
    ------
    HwgenError
        A network that no target accepts, or a wish that none has.
    CapacityError
        The network exceeds every design.
    """
    return _Search(network, sample, board, wishes, progress, count, quick).run()


class _Search:
    """One search; remembers what was counted and what went wrong."""

    def __init__(self, network: Network, sample: Sample, board: Board, wishes: Wishes, progress: Progress,
                 count: bool, quick: bool) -> None:
        self.network, self.sample, self.board, self.wishes, self.progress = network, sample, board, wishes, progress
        self.by_yosys, self.quick, self.family = count, quick, family_of(board)
        self.margin = {name: 1 + error for name, error in errors(self.family.name).items()}
        self.targets = candidate_targets(network, sample, wishes)
        self.wrong: CapacityError | None = None
        self.known: dict[tuple[str, int, str, float], Found | None] = {}
        self.foreign: dict[str, HwgenError] = {}
        self.refused = 0
        #: What counts were of estimates: by target, component and resource.
        self.factors: dict[str, Mapping[str, Mapping[str, float]]] = {}

    def run(self) -> Found:
        """The first of all stages; else the smallest design, so that the caller can say by how much it is too large."""
        for windows, limits in stages(self.wishes):
            for _, ranked in groupby(self._candidates(windows, limits), key=lambda each: each.rank):
                with self.progress.step("choosing hardware"):
                    some = list(ranked)
                for candidate in order(some, self.board, limits):
                    if self._corrected(candidate).fullest(self.board, limits)[1] > 1:
                        self.refused += 1
                        continue
                    found = self._counted(candidate, len(some))
                    if found is not None and found.resources.fullest(self.board, limits)[1] <= 1:
                        return found
                    self.refused += found is not None
        every = [each for windows in kinds(self.wishes) for each in self._candidates(windows, ANY)]
        for candidate in sorted(every, key=lambda each: each.area.fullest(self.board)[1]):
            if (found := self._counted(candidate, len(every))) is not None:
                return found
        raise self.wrong or CapacityError("no design holds the network", f"network {self.network.name}",
                                          "use a smaller model or smaller graphs")

    def _candidates(self, windows: bool, limits: Mapping[str, float]) -> Iterator[Candidate]:
        """Candidates of all targets, ranks ascending."""
        return merge(*(self._of(target, windows, limits) for target in self.targets), key=lambda each: each.rank)

    def _of(self, target: Target, windows: bool, limits: Mapping[str, float]) -> Iterator[Candidate]:
        """Candidates of a target.

        What is too small for the network is remembered; so is a value that the target does not have, which is an error
        where no target has it.
        """
        wishes = replace(self.wishes, windows=windows, hardware={**self.family.hardware, **self.wishes.hardware})
        try:
            for each in target.candidates(self.network, self.sample, wishes, lambda hardware: (
                    target.area(hardware, self.family.name).fullest(self.board, limits)[1] <= 1)):
                yield replace(each, family=self.family.name)
        except CapacityError as error:
            self.wrong = self.wrong or error
        except HwgenError as error:
            self.foreign[target.name] = error
            if len(self.foreign) == len(self.targets):
                raise next(iter(self.foreign.values())) from None

    def _corrected(self, candidate: Candidate) -> Resources:
        """The estimate for a candidate; from the first count of its target on by so much more or less as that was."""
        factors = self.factors.get(candidate.target.name)
        if factors is None:
            return Resources(components=(), method="")
        return replace(candidate.area, components=tuple(
            replace(part, one=Usage(**{name: amount * factors[part.name][name]
                                       for name, amount in asdict(part.one).items()}))
            for part in candidate.area.components))

    def _counted(self, candidate: Candidate, among: int) -> Found | None:
        """A candidate with its sample, counted by Yosys; None where it does not hold the sample."""
        key = (candidate.runs, candidate.rank, repr(candidate.hardware), candidate.cycles)  # one may serve two programs
        if key not in self.known:
            self.known[key] = self._count(candidate, among)
        return self.known[key]

    def _count(self, candidate: Candidate, among: int) -> Found | None:
        progress, target = self.progress, candidate.target
        try:
            with progress.step("placing the network, packing the sample"):
                make = candidate.quick if self.quick and candidate.quick else candidate.design
                design = make()
                packed = pack_batches(design, design.deal(single(self.sample.batch)), uniform=not self.quick)
        except CapacityError as error:
            self.wrong = self.wrong or error
            return None
        shown = " ".join(f"{name} {value}" for name, value in design.hardware.to_dict().items() if name in target.space)
        area = target.area(design.hardware, self.family.name)  # a schedule says how many slots there are
        shares = area.utilisation(self.board)
        fullest = sorted(shares, key=lambda name: shares[name][2], reverse=True)[:2]
        progress.note(f"target {target.name}, {shown}: about {candidate.cycles:,.0f} cycles, "
                      + ", ".join(f"{shares[name][2]:.0%} of {self.family.unit(name)}" for name in fullest)
                      + " by formulas")
        found = Found(target=target, design=design, limits=candidate.limits, packed=packed, verilog="", resources=area,
                      choice=self._reason(target, design, packed, among), estimate=area, quick=make is candidate.quick)
        if not self.by_yosys or area.fullest(self.board, self.margin)[1] > 1:
            return found
        with scratch_folder() as folder:
            path = folder / f"design_{self.family.name}.v"
            with progress.step(f"generating RTL of {target.name}: {shown}"):
                path.write_text(target.emit(design.hardware, primitives=self.family.primitives)[0])
            parts = [part.one.lut for part in area.components]
            expected = Expected(SECONDS_PER_LUT * sum(parts), megabytes=YOSYS_MB + YOSYS_MB_PER_LUT * max(parts))
            with progress.step("counting resources with Yosys", expected):
                resources = counting.estimate(path, target.parts, self.family)
            verilog = path.read_text()
        self.factors[target.name] = _factors(area, resources)
        return replace(found, verilog=verilog, resources=resources)

    def _reason(self, target: Target, design: Design, packed: Packed, among: int) -> str:
        """What was chosen, and what of it the user fixed."""
        fixed = {name: value for name, value in self.wishes.hardware.items() if name in target.space}
        given = " ".join(f"{flag_of(name)} {value}" for name, value in fixed.items())
        if set(fixed) == set(target.space):
            what = f"as asked for: {given}"
        else:
            slower = f", {self.refused} faster ones do not" if self.refused else ""
            asked = f", with {given} as asked for" if given else ""
            what = f"the fastest of {among} designs that fits{slower}{asked}"
        parts = [f"target {target.name}: {what}"]
        if design.runs == "window":
            count = len(packed.runs)
            why = "as asked for" if self.wishes.windows else "no design that holds the graphs whole fits"
            parts.append(f"by windows, {why}: {count:,} {'window' if count == 1 else 'windows'}")
        elif "graphs" in design.capacity:
            graphs = design.capacity["graphs"]
            fewer = "" if self.wishes.graphs in (None, graphs) else f", with room for {self.wishes.graphs} none fits"
            parts.append(f"batches of up to {graphs} {'graph' if graphs == 1 else 'graphs'}{fewer}")
        return "; ".join(parts)


def _factors(estimate: Resources, counted: Resources) -> Mapping[str, Mapping[str, float]]:
    """Counts by estimates, for each component and resource."""
    counts = {part.name: part.one for part in counted.components}

    def factors(part: Component) -> Mapping[str, float]:
        have = asdict(counts.get(part.name, part.one))
        return {name: min(CORRECTION, max(1 / CORRECTION, have[name] / amount)) if amount else 1.0
                for name, amount in asdict(part.one).items()}

    return {part.name: factors(part) for part in estimate.components}
