"""What a target is: it turns a network and a board into designs, and graphs into what a design loads.

Everything outside this folder knows targets by these protocols only. :mod:`hwgen.targets` names the targets that there
are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from rtl_templates.cells.primitives import TWINS, Primitives

from ..errors import HwgenError
from ..flow.config import Config, RunKind
from ..flow.resources import Resources
from ..flow.wishes import Wishes
from ..network.dictionary import NO_PAIRS
from ..network.network import Network
from ..network.sample import Limits, Sample
from .arrays import Floats, Ints
from .design import Design, Hardware

__all__ = ["Candidate", "Space", "Target"]


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
    design : callable
        Makes the design; raises CapacityError where it turns out not to hold the sample.
    quick : callable or None
        The same in less time, where a target schedules: with some percent more cycles than a build's.
    longest : float or None
        Cycles, guessed for the sample's longest run; None: not guessed.
    family : str
        Of boards, that ``area`` is estimated for; whoever has a board says its own.
    """

    target: "Target"
    hardware: Hardware
    runs: RunKind
    rank: int
    limits: Limits
    cycles: float
    design: Callable[[], Design]
    quick: Callable[[], Design] | None = None
    longest: float | None = None
    family: str = "xcup"

    @cached_property
    def area(self) -> Resources:
        """Estimated by :meth:`Target.area`."""
        return self.target.area(self.hardware, self.family)


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

    def integer_results(self, network: Network, sample: Sample) -> Floats:
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
