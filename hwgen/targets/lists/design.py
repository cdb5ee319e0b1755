"""What is decided of a graph-level build before any RTL exists: program, capacity, hardware, layout, batches."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...errors import CapacityError
from ...network.batch import Batch
from ...network.network import Network
from ...network.sample import Limits, Sample, single
from .batch import union
from .candidates import Capacity, candidates, choose
from .golden import model_files
from .hardware import Hardware
from .layout import Layout
from .network_to_program import lower
from .placement import place
from .program import Program
from .windows.candidates import window_candidates
from .windows.run import WindowLayout, plan_windows

__all__ = [
    "GRAPHS",
    "BatchDesign",
    "Plan",
    "WindowDesign",
    "batch_designs",
    "capacity_of",
    "deal",
    "design_as_built",
    "program_for",
    "window_designs",
]

#: Graphs of mean size that a batch has room for, unless the user says otherwise.
GRAPHS = 8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A network on one design.

    Parameters
    ----------
    network : Network
    program : Program
    hardware : Hardware
    """

    network: Network
    program: Program
    hardware: Hardware

    @property
    def lists(self) -> dict[str, int]:
        """The longest lists that ranges are proved for, in the words of builds."""
        program = self.program
        return {"max_degree": program.max_degree, "max_graph_nodes": program.max_members,
                "max_nonzeros": program.max_features}


@dataclass(frozen=True, kw_only=True)
class BatchDesign(Plan):
    """A design that takes batches of whole graphs.

    Parameters
    ----------
    capacity : Capacity
        The largest batch.
    layout : Layout
    """

    capacity: Capacity
    layout: Layout

    @property
    def config(self) -> dict[str, Any]:
        """What ``config.json`` says of it."""
        return {"hardware": self.hardware.to_dict(), "capacity": asdict(self.capacity)}

    @property
    def capacities(self) -> dict[str, int]:
        """What batches the design takes."""
        return {**{f"max_{name}": int(value) for name, value in asdict(self.capacity).items()}, **self.lists}

    def model_files(self) -> dict[str, bytes | str]:
        """``model.bin`` and ``layout.json``."""
        return model_files(self.layout)


@dataclass(frozen=True, kw_only=True)
class WindowDesign(Plan):
    """A design that takes graphs of any size, window by window.

    Parameters
    ----------
    windows : WindowLayout
    """

    windows: WindowLayout

    @property
    def config(self) -> dict[str, Any]:
        """What ``config.json`` says of it."""
        return {"hardware": self.hardware.to_dict(), "windows": True}

    @property
    def capacities(self) -> dict[str, int]:
        """Only the longest lists are limited."""
        return self.lists

    def model_files(self) -> dict[str, bytes | str]:
        """``model.bin`` and ``layout.json``."""
        return self.windows.model_files()


def capacity_of(limits: Limits, graphs: int) -> Capacity:
    """Room for so many graphs of mean size, and for the largest one."""
    def room(largest: int, mean: float) -> int:
        return max(1, largest, math.ceil(graphs * mean))

    return Capacity(nodes=room(limits.nodes, limits.mean_nodes), graphs=graphs,
                    edges=room(limits.edges, limits.mean_edges), features=room(limits.entries, limits.mean_entries))


def batch_designs(network: Network, sample: Sample, graphs: int, wanted: Mapping[str, int]) -> Iterator[BatchDesign]:
    """Designs for a network, best first: whoever asks takes the first that turns out to fit.

    When no design for so many graphs fits, half as many are tried, and so on: never fewer than the largest one needs.

    Parameters
    ----------
    network : Network
    sample : Sample
        Its limits decide what batches the design takes.
    graphs : int
        Graphs of mean size in a batch.
    wanted : mapping
        Hardware parameters that are not to be chosen.

    Raises
    ------
    HwgenError
        A network that cannot be lowered, or an unknown parameter.
    CapacityError
        A parameter in ``wanted`` is too small.
    """
    limits = sample.limits
    program = program_for(network, limits)
    seen: set[Hardware] = set()
    while graphs:
        capacity = capacity_of(limits, graphs)
        try:
            for hardware in candidates(program, capacity, wanted):
                if hardware not in seen:
                    seen.add(hardware)
                    yield _plan(network, program, capacity, hardware)
            if not seen:  # says what is wrong with the wish
                yield _plan(network, program, capacity, choose(program, capacity, wanted))
        except CapacityError:
            if graphs == 1 and not seen:
                raise
        graphs //= 2


def window_designs(network: Network, sample: Sample, wanted: Mapping[str, int],
                 fits: Callable[[Hardware], bool]) -> Iterator[WindowDesign]:
    """Designs on which a network runs by windows, best first (:mod:`.windows.candidates` has the rule).

    Parameters
    ----------
    sample : Sample
        The graphs; its limits decide for which lists there is room.
    wanted : mapping
        Hardware parameters that are not to be chosen.
    fits : callable
        Whether a design is expected to fit; the last one, the smallest, need not.

    Raises
    ------
    HwgenError
        A network that cannot be lowered, or an unknown parameter.
    CapacityError
        The network exceeds every design, or a parameter in ``wanted`` is too small.
    """
    program, found, wrong = program_for(network, sample.limits), False, None
    for hardware in window_candidates(program, Capacity.of([sample.batch], network.input_bits), wanted, fits):
        try:
            yield WindowDesign(network=network, program=program, hardware=hardware,
                               windows=plan_windows(program, hardware))
            found = True
        except CapacityError as error:  # narrow lanes need longer rows than a word can say
            wrong = wrong or error
    if wrong is not None and not found:
        raise wrong


def design_as_built(network: Network, limits: Limits, capacity: Capacity | None,
                  hardware: Mapping[str, int]) -> "BatchDesign | WindowDesign":
    """A network on a design as it is; new weights of the same model, or another model that fits it.

    Parameters
    ----------
    capacity : Capacity or None
        None: by windows.

    Raises
    ------
    CapacityError
        Naming the parameter of the design that is too small.
    """
    program, design = program_for(network, limits), Hardware(**hardware)
    if capacity is None:
        return WindowDesign(network=network, program=program, hardware=design, windows=plan_windows(program, design))
    return _plan(network, program, capacity, design)


def deal(graphs: Sequence[Batch], plan: BatchDesign, size: int | None = None) -> list[Batch]:
    """Consecutive graphs as batches that the design takes.

    Parameters
    ----------
    graphs : sequence of Batch
        One graph each. A single one that exceeds the design makes a batch of its own, which packing refuses by name.
    size : int or None
        Most graphs in a batch; None: as many as fit.
    """
    capacity, bits = plan.capacity, plan.network.input_bits
    most = min(size or capacity.graphs, capacity.graphs)
    dealt: list[list[Batch]] = []
    room = [0, 0, 0, 0]
    for graph in graphs:
        need = [1, graph.num_nodes, graph.edges.shape[1], Limits.of(graph, bits).entries]
        room = [left - wanted for left, wanted in zip(room, need, strict=True)]
        if not dealt or min(room) < 0:
            dealt.append([])
            room = [have - wanted for have, wanted in zip(
                (most, capacity.nodes, capacity.edges, capacity.features), need, strict=True)]
        dealt[-1].append(graph)
    return [union(group) for group in dealt]


def sample_batches(sample: Sample, plan: BatchDesign, size: int | None = None) -> list[Batch]:
    """The sample's graphs, dealt."""
    return deal(single(sample.batch), plan, size)


def program_for(network: Network, limits: Limits) -> Program:
    """The program whose ranges are proved for graphs within limits."""
    return lower(network, max_degree=max(1, limits.degree), max_members=max(1, limits.nodes),
                 max_features=max(1, limits.features))


def _plan(network: Network, program: Program, capacity: Capacity, hardware: Hardware) -> BatchDesign:
    layout = place(program, hardware, nodes=capacity.nodes, graphs=capacity.graphs)
    return BatchDesign(network=network, program=program, capacity=capacity, hardware=hardware, layout=layout)
