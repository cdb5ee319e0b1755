"""All facts of a build, of every target in one shape: ``report.json``, out of which every other view is made."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..flow.config import RunKind
from ..network.figures import Figures
from .model_facts import ModelFacts

__all__ = ["BoardFacts", "ComponentFacts", "Cycles", "NetlistFacts", "Pass", "Performance", "Report", "ResourceFacts",
           "RowsFacts", "Run", "Share", "Verification", "VerifiedRun"]


@dataclass(frozen=True, kw_only=True)
class BoardFacts:
    """The board of a build; ``title`` is for people."""

    name: str
    title: str
    part: str


@dataclass(frozen=True, kw_only=True)
class Pass:
    """A pass of the program, over one run or over all.

    Parameters
    ----------
    name : str
    cycles : int
    utilisation : dict
        Stage -> share of the pass's cycles in which the average unit of it works.
    waited : dict
        Stage -> share in which it stands still for the next one; not of every stage.
    """

    name: str
    cycles: int
    utilisation: dict[str, float]
    waited: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One load, run and store.

    Parameters
    ----------
    part : str or None
        The pass that a window is a part of. None: all passes.
    sizes : dict
        What it covers, such as ``graphs``, ``nodes`` and ``edges``, or ``rows`` and list ``entries``.
    load_beats, store_beats : int
        Of 16 bytes.
    cycles : int
        Of running.
    pass_cycles : tuple of int
    """

    part: str | None
    sizes: dict[str, int]
    load_beats: int
    store_beats: int
    cycles: int
    pass_cycles: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Cycles:
    """Exact cycles of the sample.

    Parameters
    ----------
    kind : "graph", "batch" or "window"
        Of its runs.
    graphs : int
        In the sample.
    total, load, store : int
        Cycles of running, loading and storing, all runs together.
    per_graph : float
        ``total`` by ``graphs``.
    passes : tuple of Pass
        Cycles add up over runs; shares are means, weighted by the cycles that they are of.
    counters : dict
        What the stage counters read after all runs together, by their names.
    by_bits : dict
        ``total`` with learned and with uniform bit widths; the first is the learned one.
    accuracy_by_bits : dict
        Of models that were trained alike with these widths, where there are some: validation and test accuracy.
    runs : tuple of Run
        In order.
    """

    kind: RunKind
    graphs: int
    total: int
    load: int
    store: int
    per_graph: float
    passes: tuple[Pass, ...]
    counters: dict[str, int]
    by_bits: dict[str, int]
    accuracy_by_bits: dict[str, tuple[float, float]]
    runs: tuple[Run, ...]


@dataclass(frozen=True, kw_only=True)
class Performance:
    """Latency and throughput at the clock that the board's file assumes (:func:`hwgen.report.cycles.performance_of`).

    Parameters
    ----------
    clock_mhz : float
    clock : str
        Where the clock comes from, for people.
    of : str
        What latency is of, for people: the graph, the longest batch, all windows.
    cycles, latency_us
        From the start of its first run to the end of its last one, with the loads and stores that lie between.
    cycles_with_transfers, latency_us_with_transfers
        With the first load and the last store as well.
    graphs_per_s, graphs_per_s_with_transfers : float
        Of the sample, run after run.
    """

    clock_mhz: float
    clock: str
    of: str
    cycles: int
    cycles_with_transfers: int
    latency_us: float
    latency_us_with_transfers: float
    graphs_per_s: float
    graphs_per_s_with_transfers: float


@dataclass(frozen=True, kw_only=True)
class ComponentFacts:
    """One kind of component: how often the design has it, and what one takes, by resource."""

    name: str
    count: int
    one: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Share:
    """How much of a resource of the board is used."""

    used: float
    available: int
    share: float


@dataclass(frozen=True, kw_only=True)
class ResourceFacts:
    """Components, their sum, and its share of the board.

    Parameters
    ----------
    method : str
        How they were counted.
    components, total, utilisation
    units : dict
        What the family calls a resource, where that is not its name in capitals.
    """

    method: str
    components: tuple[ComponentFacts, ...]
    total: dict[str, float]
    utilisation: dict[str, Share]
    units: dict[str, str] = field(default_factory=dict)

    def unit(self, resource: str) -> str:
        """What a resource is called."""
        return self.units.get(resource, resource.upper())


@dataclass(frozen=True, kw_only=True)
class VerifiedRun:
    """A run that was simulated; ``difference``: cycles expected minus cycles counted."""

    name: str
    cycles: int
    estimated_cycles: int
    difference: int


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a cosimulation found out, without its times: the same run gives the same facts.

    Parameters
    ----------
    bit_exact : bool
        Nothing differs, cycles neither.
    what : str
        What was simulated, for people: ``the whole sample graph``.
    of : int
        How many runs there are of what was to be simulated.
    chosen : tuple of str
        Names of those that were to run.
    graphs : int
        In these.
    runs : tuple of VerifiedRun
        Those that ran: the first difference ends it.
    cycles, estimated_cycles, load_cycles, store_cycles, rows_compared, codes_compared : int
        Of all that ran.
    pass_cycles : tuple of int
    counters : dict
        Register name -> sum.
    mismatch : dict or None
        The first difference (:class:`sim.Mismatch`).
    """

    bit_exact: bool
    what: str
    of: int
    chosen: tuple[str, ...]
    graphs: int
    runs: tuple[VerifiedRun, ...]
    cycles: int
    estimated_cycles: int
    load_cycles: int
    store_cycles: int
    rows_compared: int
    codes_compared: int
    pass_cycles: tuple[int, ...]
    counters: dict[str, int]
    mismatch: dict[str, int | str | None] | None


@dataclass(frozen=True, kw_only=True)
class NetlistFacts:
    """The design as cells, and what a simulation of these found out.

    Parameters
    ----------
    family : str
    method : str
        How it was made.
    cells : dict
        How many of each type.
    verification : Verification
        Of results, counters and status: a netlist has no probes, so that no rows are compared.
    """

    family: str
    method: str
    cells: dict[str, int]
    verification: Verification


@dataclass(frozen=True, kw_only=True)
class RowsFacts:
    """The dictionary that features are told in (:mod:`hwgen.network.dictionary`), on the sample.

    Parameters
    ----------
    features, zeros, different : int
        Rows of the first layer's weights, of all matrices that features gather side by side; those that are all zeros,
        and those that are neither zeros nor equal to another one.
    sums : int
        Rows that are sums of others.
    entries, reads : int
        Set bits of the sample's features, and additions of rows that they take.
    """

    features: int
    zeros: int
    different: int
    sums: int
    entries: int
    reads: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """All facts of a build.

    Parameters
    ----------
    hwgen : str
        Version.
    target : str
        Name of the target that built it.
    model : ModelFacts
    board : BoardFacts
    options : dict
        Hardware parameters that users choose, by the names of their options.
    hardware, capacities : dict
        Every hardware parameter; what other graphs the design takes.
    cycles : Cycles
    performance : Performance
    resources : ResourceFacts
    figures : tuple of Figures
        Of the sample, and of other graphs that were measured, by their names.
    verification : Verification or None
        Of the last cosimulation.
    rows : RowsFacts or None
        None where no rows are gathered through features.
    netlist : NetlistFacts or None
        Of the last simulation of a netlist.
    """

    hwgen: str
    target: str
    model: ModelFacts
    board: BoardFacts
    options: dict[str, int]
    hardware: dict[str, int]
    capacities: dict[str, int]
    cycles: Cycles
    performance: Performance
    resources: ResourceFacts
    figures: tuple[Figures, ...]
    verification: Verification | None = None
    rows: RowsFacts | None = None
    netlist: NetlistFacts | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def figures_on(self, data: str) -> Figures:
        """Those of the graphs of that name."""
        return next(each for each in self.figures if each.data == data)

    def measured(self, figures: Figures) -> "Report":
        """The same facts with figures of some graphs, in place of those of the same name."""
        names = [each.data for each in self.figures]
        place = names.index(figures.data) if figures.data in names else len(names)
        return replace(self, figures=(*self.figures[:place], figures, *self.figures[place + 1:]))
