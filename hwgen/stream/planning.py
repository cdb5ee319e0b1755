"""What is decided of a graph-level build before any RTL exists: program, capacity, hardware, layout, batches."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..ir.network import Network
from ..ir.sample import Limits, Sample, single
from ..ir.stream import Batch, StreamProgram
from ..ir.stream_hardware import StreamHardware
from ..lower.stream import lower
from ..lower.stream.batch import union
from ..lower.stream.choose import Capacity, candidates, choose
from ..lower.stream.layout import Layout, place

__all__ = ["GRAPHS", "StreamPlan", "capacity_of", "deal", "plan_as_built", "stream_plans"]

#: Graphs of mean size that a batch has room for, unless the user says otherwise.
GRAPHS = 8


@dataclass(frozen=True, kw_only=True)
class StreamPlan:
    """A network on one design.

    Parameters
    ----------
    network : Network
    program : StreamProgram
    capacity : Capacity
        The largest batch.
    hardware : StreamHardware
    layout : Layout
    """

    network: Network
    program: StreamProgram
    capacity: Capacity
    hardware: StreamHardware
    layout: Layout


def capacity_of(limits: Limits, graphs: int) -> Capacity:
    """Room for so many graphs of mean size, and for the largest one."""
    def room(largest: int, mean: float) -> int:
        return max(1, largest, math.ceil(graphs * mean))

    return Capacity(nodes=room(limits.nodes, limits.mean_nodes), graphs=graphs,
                    edges=room(limits.edges, limits.mean_edges), features=room(limits.entries, limits.mean_entries))


def stream_plans(network: Network, sample: Sample, graphs: int, wanted: Mapping[str, int]) -> Iterator[StreamPlan]:
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
    program = _lower(network, limits)
    seen: set[StreamHardware] = set()
    while graphs:
        capacity = capacity_of(limits, graphs)
        for hardware in candidates(program, capacity, wanted):
            if hardware not in seen:
                seen.add(hardware)
                yield _plan(network, program, capacity, hardware)
        if not seen:  # says what is wrong with the wish
            yield _plan(network, program, capacity, choose(program, capacity, wanted))
        graphs //= 2


def plan_as_built(network: Network, limits: Limits, capacity: Capacity, hardware: Mapping[str, int]) -> StreamPlan:
    """A network on a design as it is; new weights of the same model, or another model that fits it.

    Raises
    ------
    CapacityError
        Naming the parameter of the design that is too small.
    """
    return _plan(network, _lower(network, limits), capacity, StreamHardware(**hardware))


def deal(graphs: Sequence[Batch], plan: StreamPlan, size: int | None = None) -> list[Batch]:
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


def sample_batches(sample: Sample, plan: StreamPlan, size: int | None = None) -> list[Batch]:
    """The sample's graphs, dealt."""
    return deal(single(sample.batch), plan, size)


def _lower(network: Network, limits: Limits) -> StreamProgram:
    return lower(network, max_degree=max(1, limits.degree), max_members=max(1, limits.nodes),
                 max_features=max(1, limits.features))


def _plan(network: Network, program: StreamProgram, capacity: Capacity, hardware: StreamHardware) -> StreamPlan:
    layout = place(program, hardware, nodes=capacity.nodes, graphs=capacity.graphs)
    return StreamPlan(network=network, program=program, capacity=capacity, hardware=hardware, layout=layout)
