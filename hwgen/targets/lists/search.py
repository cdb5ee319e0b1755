"""Which design a network gets: the first that holds its graphs whole, and fits the board; else one for windows."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, Protocol, TypeVar

from boards import Board

from ...errors import CapacityError, HwgenError
from ...flow.resources import Resources
from ...flow.resources import estimate as count_resources
from ...network.batch import Batch
from ...network.network import Network
from ...network.sample import Sample
from .area import guess_resources, too_large
from .config import wanted_of
from .design import BatchDesign, WindowDesign, batch_designs, window_designs
from .hardware import Hardware
from .verilog import emit
from .windows.packing import WindowedBatch, pack_windows

__all__ = ["Design", "Step", "design"]

Step = Callable[[str], AbstractContextManager[None]]


class _Candidate(Protocol):
    @property
    def hardware(self) -> Hardware: ...


C = TypeVar("C", bound=_Candidate)


@dataclass(frozen=True, kw_only=True)
class Design:
    """What was chosen.

    Parameters
    ----------
    plan : BatchDesign or WindowDesign
    packed : WindowedBatch or None
        By windows, the sample: that a design takes it is found out by packing.
    verilog : str
        With primitives.
    resources : Resources
    choice : str
        Why, for people.
    """

    plan: BatchDesign | WindowDesign
    packed: WindowedBatch | None
    verilog: str
    resources: Resources
    choice: str


def design(network: Network, sample: Sample, board: Board, *, graphs: int | None, hardware: Mapping[str, int],
           config: Path | None, windows: bool | None, step: Step) -> Design:
    """Choose a design; where none fits the board, the smallest that there is.

    Parameters
    ----------
    windows : bool or None
        Whether graphs run by windows; None: where no design that holds them whole fits.

    Raises
    ------
    HwgenError
        A network or parameter that cannot be built.
    CapacityError
        The network exceeds every design.
    """
    if not sample.batch.graphs or not sample.batch.num_nodes:
        raise HwgenError("the sample has no graphs", f"network {network.name}",
                         "save the model with the graphs that it is for")
    wanted, size, windows = wanted_of(config, hardware, graphs, windows)

    def whole(anyhow: bool) -> Design | None:
        return _whole(_Search(batch_designs(network, sample, size, wanted), board, step), size, wanted, anyhow)

    def by_windows(anyhow: bool) -> Design | None:
        plans = window_designs(network, sample, wanted,
                               lambda hardware: guess_resources(hardware).fullest(board)[1] <= 1)
        return _by_windows(_Search(_packed(plans, sample.batch), board, step), windows is True, anyhow)

    searches = {None: [whole, by_windows], True: [by_windows], False: [whole]}[windows]
    for search in searches:
        with suppress(CapacityError):
            found = search(False)
            if found is not None and found.resources.fullest(board)[1] <= 1:
                return found
    for search in searches[:-1]:  # nothing fits: what was wanted most, or what is wrong with the last resort
        with suppress(CapacityError):
            found = search(True)
            assert found is not None
            return found
    found = searches[-1](True)
    assert found is not None
    return found


class _Search(Generic[C]):
    """The first of some designs that Yosys finds to fit."""

    def __init__(self, candidates: Iterator[C], board: Board, step: Step) -> None:
        self.candidates, self.board, self.step = candidates, board, step
        self.tried = 0
        self._last: C | None = None

    def run(self, anyhow: bool) -> tuple[C, str, Resources] | None:
        """It, or the last one that was counted; its Verilog with primitives, and resources.

        Parameters
        ----------
        anyhow : bool
            Where none is expected to fit, whether the last one is counted; else there is no result.
        """
        with self.step("lowering, choosing hardware"):
            plan = self._promising()
            if plan is None and anyhow:
                plan = self._last
        found = None
        while plan is not None:
            found = (plan, *self._counted(plan.hardware))
            plan = None
            if found[2].fullest(self.board)[1] > 1:
                with self.step("too large for the board: the next design"):
                    plan = self._promising()
        return found

    def _promising(self) -> C | None:
        """The next design that may fit."""
        for plan in self.candidates:
            self.tried, self._last = self.tried + 1, plan
            if not too_large(plan.hardware, self.board):
                return plan
        return None

    def _counted(self, hardware: Hardware) -> tuple[str, Resources]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "design_xcup.v"
            with self.step(f"generating RTL: units {hardware.units}, lanes {hardware.lanes}, requantizer lanes "
                           f"{hardware.requant_lanes}"):
                path.write_text(emit(hardware, primitives=True)[0])
            with self.step("counting resources with Yosys"):
                return path.read_text(), count_resources(path)


def _whole(search: "_Search[BatchDesign]", size: int, wanted: Mapping[str, int], anyhow: bool) -> Design | None:
    found = search.run(anyhow)
    if found is None:
        return None
    plan, verilog, resources = found
    fits = f"the fastest that fits: {search.tried - 1} faster designs do not" if search.tried > 1 else "the fastest"
    fits = "as asked for" if {"units", "lanes", "requant_lanes"} <= set(wanted) else fits
    fewer = "" if plan.capacity.graphs == size else f" (with room for {size} no design fits)"
    return Design(plan=plan, packed=None, verilog=verilog, resources=resources,
                  choice=f"{fits}; batches of up to {plan.capacity.graphs} graphs{fewer}")


def _by_windows(search: "_Search[WindowedBatch]", asked: bool, anyhow: bool) -> Design | None:
    found = search.run(anyhow)
    if found is None:
        return None
    packed, verilog, resources = found
    why = "as asked for" if asked else "the graph does not fit the chip"
    count = "1 window" if len(packed.windows) == 1 else f"{len(packed.windows):,} windows"
    return Design(plan=packed.plan, packed=packed, verilog=verilog, resources=resources, choice=f"{why}: {count}")


def _packed(plans: Iterator[WindowDesign], batch: Batch) -> Iterator[WindowedBatch]:
    """Designs of which the memories hold every row of a batch alone."""
    refused, found = None, False
    for plan in plans:
        try:
            packed = pack_windows(plan, batch)
        except CapacityError as error:
            refused = refused or error
        else:
            found = True
            yield packed
    if refused is not None and not found:
        raise refused
