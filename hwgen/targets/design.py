"""What a design is: a network on hardware, and a batch on its way through it. Each target has its own, of this form."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..flow.config import RunKind
from ..network.batch import Batch
from ..network.bits import Bits
from ..network.dictionary import Dictionary
from ..network.network import Network
from ..report.cycles import Ran
from .arrays import Floats, Ints
from .run_folder import Files

__all__ = ["Design", "Hardware", "Run", "Session"]


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
    def scale(self) -> Floats: ...
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
