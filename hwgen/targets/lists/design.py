"""A network on hardware that walks edge lists: for batches of whole graphs, or for graphs of any size by windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ...flow.config import RunKind
from ...network.batch import Batch
from ...network.dictionary import Dictionary
from ...network.network import Network
from ...network.sample import Limits
from ..run_folder import Files
from .batch import union
from .choose import Capacity
from .feature_rows import told_in
from .golden import model_files
from .hardware import Hardware
from .layout import Layout
from .network_to_program import lower
from .placement import place
from .program import Program
from .session import BatchSession
from .windows.layout import WindowLayout, plan_windows
from .windows.session import WindowSession

__all__ = ["BatchDesign", "WindowDesign", "place_batches", "place_windows", "program_for"]


@dataclass(frozen=True, kw_only=True)
class _Design:
    """What designs of both kinds have.

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
    def passes(self) -> list[str]:
        return [step.name for step in self.program.passes]

    @property
    def dictionary(self) -> Dictionary | None:
        return self.program.dictionary

    @property
    def lists(self) -> dict[str, int]:
        """The longest lists that ranges are proved for, in the words of builds."""
        program = self.program
        pooled = {"max_nodes": program.max_members} if "members" in program.sets else {}
        weighed = {"max_edge_sum": program.max_weight} if program.edges else {}
        return {**pooled, "max_degree": program.max_degree, "max_node_nonzeros": program.max_features, **weighed}

    def by_windows(self, batch: Batch) -> "WindowDesign":
        """For a batch of any size. Ranges are proved anew where a list is longer than the program is proved for.

        Fixed-point constants, and with them the last bits of a result, may then differ.
        """
        network, program = self.network, self.program
        limits = Limits.of(batch, network.input_bits, network.edges)
        longest = {"max_degree": max(limits.degree, program.max_degree),
                   "max_members": max(limits.nodes, program.max_members),
                   "max_features": max(limits.features, program.max_features),
                   "max_weight": max(1, limits.weight, program.max_weight)}
        if program.given is not None or any(value > max(1, getattr(program, name)) for name, value in longest.items()):
            program = told_in(lower(network, **longest), program.dictionary)
        return place_windows(network, program, self.hardware)


@dataclass(frozen=True, kw_only=True)
class BatchDesign(_Design):
    """A design that takes batches of whole graphs.

    Parameters
    ----------
    room : Capacity
        The largest batch.
    layout : Layout
    """

    runs: ClassVar[RunKind] = "batch"

    room: Capacity
    layout: Layout

    @property
    def capacity(self) -> dict[str, int]:
        return self.room.to_dict()

    @property
    def capacities(self) -> dict[str, int]:
        room = self.capacity
        listed = {"max_nonzeros": room["nonzeros"]} if self.room.features else {}
        return {"max_nodes": room["nodes"], "max_edges": room["edges"], **listed, **self.lists,
                **({"max_edge_entries": self.room.weighed} if self.program.edges else {}),
                "max_graphs": room["graphs"], "batch_nodes": room["nodes"]}

    def deal(self, graphs: Sequence[Batch], size: int | None = None) -> list[Batch]:
        """As many graphs in a batch as fit; one that exceeds the design alone makes a batch of its own."""
        room, network = self.room, self.network
        most = min(size or room.graphs, room.graphs)
        dealt: list[list[Batch]] = []
        left = [0] * 5
        for graph in graphs:
            limits = Limits.of(graph, network.input_bits, network.edges)
            entries = limits.entries if room.features else 0  # rows have room by node
            need = [1, graph.num_nodes, graph.edges.shape[1], entries, limits.weighed]
            left = [have - wanted for have, wanted in zip(left, need, strict=True)]
            if not dealt or min(left) < 0:
                dealt.append([])
                left = [have - wanted for have, wanted in zip(
                    (most, room.nodes, room.edges, room.features, room.weighed), need, strict=True)]
            dealt[-1].append(graph)
        return [union(group) for group in dealt]

    def session(self, batch: Batch) -> BatchSession:
        return BatchSession(self.network, self.layout, batch)

    def model_files(self) -> Files:
        return model_files(self.layout)


@dataclass(frozen=True, kw_only=True)
class WindowDesign(_Design):
    """A design that takes graphs of any size, window by window.

    Parameters
    ----------
    windows : WindowLayout
    """

    runs: ClassVar[RunKind] = "window"

    windows: WindowLayout

    @property
    def capacity(self) -> Mapping[str, int]:
        """None."""
        return {}

    @property
    def capacities(self) -> dict[str, int]:
        """Only the longest lists are limited."""
        return self.lists

    def deal(self, graphs: Sequence[Batch], size: int | None = None) -> list[Batch]:
        """All graphs at once, or as many as were asked for."""
        each = size or max(1, len(graphs))
        return [union(graphs[first:first + each]) for first in range(0, len(graphs), each)]

    def session(self, batch: Batch) -> WindowSession:
        return WindowSession(self.network, self.windows, batch)

    def by_windows(self, batch: Batch) -> "WindowDesign":
        """Itself, where no list is longer than ranges are proved for."""
        limits, program = Limits.of(batch, self.network.input_bits, self.network.edges), self.program
        if (limits.degree <= program.max_degree and limits.nodes <= program.max_members
                and limits.features <= program.max_features and limits.weight <= program.max_weight):
            return self
        return super().by_windows(batch)

    def model_files(self) -> Files:
        return self.windows.model_files()


def program_for(network: Network, limits: Limits) -> Program:
    """The program whose ranges are proved for graphs within limits."""
    return lower(network, max_degree=max(1, limits.degree), max_members=max(1, limits.nodes),
                 max_features=max(1, limits.features), max_weight=max(1, limits.weight))


def place_batches(network: Network, program: Program, hardware: Hardware, room: Capacity) -> BatchDesign:
    """A design for batches.

    Raises
    ------
    CapacityError
        Naming the parameter of the hardware that is too small.
    """
    layout = place(program, hardware, **room.rows(program))
    return BatchDesign(network=network, program=program, hardware=hardware, room=room, layout=layout)


def place_windows(network: Network, program: Program, hardware: Hardware) -> WindowDesign:
    """A design for windows.

    Raises
    ------
    CapacityError
        Naming the parameter of the hardware that is too small.
    """
    return WindowDesign(network=network, program=program, hardware=hardware, windows=plan_windows(program, hardware))
