"""What a target is: it turns a network and a board into designs, and graphs into what a design loads.

Everything outside this folder knows targets by these protocols only. :mod:`hwgen.targets` names the targets that there
are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rtl_templates.cells.primitives import TWINS, Primitives

from ..errors import HwgenError
from ..flow.config import Config, RunKind
from ..flow.resources import Resources
from ..flow.wishes import Wishes
from ..network.batch import Batch
from ..network.bits import Bits
from ..network.dictionary import NO_PAIRS, Dictionary
from ..network.network import Network
from ..network.sample import Limits, Sample
from ..report.cycles import Ran
from .run_folder import Files

__all__ = ["Candidate", "Design", "Hardware", "Run", "Session", "Space", "Target"]

Ints = NDArray[np.int64]


class Hardware(Protocol):
    """Hardware parameters: whatever fits them runs without new RTL."""

    def to_dict(self) -> dict[str, int]:
        """Parameters by name."""
        ...


class Run(Protocol):
    """What a design loads, runs and stores at once.

    Attributes
    ----------
    stream : bytes
        The load stream.
    units, result_words : int
        Words of 16 bytes that the store unit writes of each of so many units.
    expected : int64 [rows, classes]
        What :meth:`read` must give, by the reference.
    files : dict
        ``batch.bin``, ``layout.json`` and ``golden.npz``.
    ran : Ran
        Its size and its exact cycles.
    """

    @property
    def stream(self) -> bytes: ...
    @property
    def units(self) -> int: ...
    @property
    def result_words(self) -> int: ...
    @property
    def expected(self) -> Ints: ...
    @property
    def files(self) -> Files: ...
    @property
    def ran(self) -> Ran: ...

    def read(self, stored: bytes) -> Ints:
        """Results out of what the store unit wrote, unit after unit: int64 [rows, classes], rows by their number."""
        ...

    def cycles_with(self, bits: int) -> int:
        """Cycles if all rows of the first requantization had one width."""
        ...


class Session(Protocol):
    """A batch on its way through a design: take runs, run them, feed their results, until there are no more.

    ::

        while runs := session.next_runs():
            for run in runs:
                session.feed(run, run.read(device.run(run.stream)))
        logits = session.results * session.scale

    Attributes
    ----------
    results, reference : int64 [rows, classes]
        Of the whole batch: out of what was fed, and by the integer reference, which needs no runs.
    scale : float64 [classes]
        Real value of result code 1.
    bits : mapping of value to int64 [rows]
        Width that each row of a value has in the hardware.
    """

    @property
    def results(self) -> Ints: ...
    @property
    def reference(self) -> Ints: ...
    @property
    def scale(self) -> NDArray[np.float64]: ...
    @property
    def bits(self) -> Bits: ...

    def next_runs(self) -> Sequence[Run]:
        """Runs that do not depend on one another; none when all results are there.

        Raises
        ------
        ValueError
            The runs before were not all fed.
        """
        ...

    def feed(self, run: Run, results: Ints) -> None:
        """Take what :meth:`Run.read` gave."""
        ...


class Design(Protocol):
    """A network on hardware.

    Attributes
    ----------
    network : Network
    hardware : Hardware
    runs : "graph", "batch" or "window"
    capacity : mapping
        What the largest run has room for, by names of the target; none by windows.
    capacities : mapping
        What graphs the design takes, for manifest and report: ``max_nodes`` and so on.
    passes : sequence of str
        Names.
    dictionary : Dictionary or None
        That input features are told in; None where they are not gathered.
    program_text : str
        The integer program, exact enough for a digest.
    """

    @property
    def network(self) -> Network: ...
    @property
    def hardware(self) -> Hardware: ...
    @property
    def runs(self) -> RunKind: ...
    @property
    def capacity(self) -> Mapping[str, int]: ...
    @property
    def capacities(self) -> Mapping[str, int]: ...
    @property
    def passes(self) -> Sequence[str]: ...
    @property
    def dictionary(self) -> Dictionary | None: ...

    def deal(self, graphs: Sequence[Batch], size: int | None = None) -> list[Batch]:
        """Consecutive graphs as batches that the design takes.

        Parameters
        ----------
        graphs : sequence of Batch
            One graph each.
        size : int or None
            Most graphs in a batch; None: as many as fit.
        """
        ...

    def session(self, batch: Batch) -> Session:
        """Begin a batch.

        Raises
        ------
        HwgenError
            The batch does not go with the network.
        CapacityError
            It exceeds the design; says which capacity, and by how much.
        """
        ...

    def by_windows(self, batch: Batch) -> "Design":
        """The same hardware, for graphs that exceed the design: by windows, with ranges proved for a batch.

        Raises
        ------
        CapacityError
            The target has no windows, or a row alone exceeds the design.
        """
        ...

    def model_files(self) -> Files:
        """``images/``: ``layout.json``, and ``model.bin`` where a model is loaded once for all batches."""
        ...


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A design that may be built.

    Parameters
    ----------
    target : Target
    hardware : Hardware
    runs : "graph", "batch" or "window"
    rank : int
        0: all that was wished for; more: less of it, such as smaller batches, or no room for larger graphs. Lower ranks
        are preferred, whatever the cycles.
    limits : Limits
        Of single graphs.
    cycles : float
        Guessed for the sample.
    area : Resources
        Estimated on UltraScale+; whoever has a board asks :meth:`Target.area`.
    design : callable
        Makes the design; raises CapacityError where it turns out not to hold the sample.
    quick : callable or None
        The same in less time, where a target schedules: with some percent more cycles than a build's.
    longest : float or None
        Cycles, guessed for the sample's longest run; None: not guessed.
    """

    target: "Target"
    hardware: Hardware
    runs: RunKind
    rank: int
    limits: Limits
    cycles: float
    area: Resources
    design: Callable[[], Design]
    quick: Callable[[], Design] | None = None
    longest: float | None = None


class Space(Protocol):
    """Every design that a target could make for a network and its sample: what is free, and what a choice gives.

    Attributes
    ----------
    choices : mapping
        What is free -> its values. Hardware parameters and ``graphs`` have the names of options; what only this target
        knows, such as which of several memories are deeper, has others.
    """

    @property
    def choices(self) -> Mapping[str, Sequence[int]]: ...

    def candidate(self, point: Mapping[str, int]) -> Candidate:
        """The design of a choice, with guesses of area and cycles; milliseconds.

        Raises
        ------
        HwgenError
            Values that do not go together.
        """
        ...


class Target(Protocol):
    """A kind of hardware.

    Attributes
    ----------
    name : str
        As in ``--target``.
    parameters : tuple of str
        Hardware parameters, by name.
    space : mapping
        Parameters that trade area for speed, and their values.
    parts : mapping
        Modules that the design has many times, which are counted apart; of each the ports that only simulation reads.
    """

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> tuple[str, ...]: ...
    @property
    def space(self) -> Mapping[str, tuple[int, ...]]: ...
    @property
    def parts(self) -> Mapping[str, tuple[str, ...]]: ...

    def accepts(self, network: Network, sample: Sample) -> HwgenError | None:
        """Why the target does not run a network on graphs like its sample, scales included; None if it does."""
        ...

    def integer_results(self, network: Network, sample: Sample) -> NDArray[np.float64]:
        """Results of the integer program for a sample that is accepted, in real units: float64 [rows, classes].

        Raises
        ------
        CapacityError
            A range that no hardware of the target has.
        """
        ...

    def candidates(self, network: Network, sample: Sample, wishes: Wishes,
                   fits: Callable[[Hardware], bool]) -> Iterator[Candidate]:
        """Designs that have what was wished for, ranks ascending.

        Parameters
        ----------
        wishes : Wishes
            Without names of other targets.
        fits : callable
            Whether hardware is expected to fit the board. Candidates need not fit; where there are very many
            designs, those that do come instead of others.

        Raises
        ------
        HwgenError
            A parameter that no template implements.
        CapacityError
            A parameter that is too small for the network.
        """
        ...

    def explored(self, network: Network, sample: Sample, wishes: Wishes) -> Space:
        """Everything that is free of designs that hold graphs whole, within the first limits that wishes ask for.

        Raises
        ------
        HwgenError
            As :meth:`candidates`.
        """
        ...

    def area(self, hardware: Hardware, family: str = "xcup") -> Resources:
        """What Yosys is expected to count for a family, by the formulas of :mod:`hwgen.targets.costs`."""
        ...

    def design(self, network: Network, config: Config, pairs: Ints = NO_PAIRS) -> Design:
        """The design of a build.

        Parameters
        ----------
        pairs : int64 [pairs, 3]
            Of the dictionary of the design that was built (:attr:`hwgen.network.dictionary.Dictionary.saved`).

        Raises
        ------
        CapacityError
            The network exceeds it; names the parameter that is too small.
        ValueError
            Pairs of another network.
        """
        ...

    def emit(self, hardware: Hardware, *, primitives: Primitives = TWINS) -> tuple[str, dict[str, Any]]:
        """``design.v`` and the content of ``design.json``.

        Parameters
        ----------
        primitives : Primitives
            What of the board's family is instantiated; TWINS is what simulation uses.
        """
        ...
