"""Designs without a board: the largest that suits a network, and the runs of graphs on it."""

from collections.abc import Mapping
from typing import Any

from hwgen.flow.resources import Component, Resources, Usage
from hwgen.flow.wishes import Wishes
from hwgen.network.batch import Batch
from hwgen.network.network import Network
from hwgen.network.sample import Sample
from hwgen.targets import find_target
from hwgen.targets.design import Design

__all__ = ["counted_as", "design_of", "graph_run"]


def design_of(target: str, network: Network, sample: Sample, *, graphs: int | None = None, windows: bool = False,
              limits: Mapping[str, float] | None = None, **hardware: int) -> Any:
    """The first candidate of a target."""
    wishes = Wishes(hardware=hardware, graphs=graphs, windows=windows, limits=limits or {})
    return next(iter(find_target(target).candidates(network, sample, wishes, lambda area: True))).design()


def graph_run(design: Design, batch: Batch) -> Any:
    """The one run of a graph, or of a batch."""
    (run,) = design.session(batch).next_runs()
    return run


def counted_as(**parts: Mapping[str, float]) -> Any:
    """In place of Yosys: one of each part, which takes so much."""
    found = Resources(components=tuple(Component(name=name, count=1, one=Usage(**one)) for name, one in parts.items()))
    return lambda path, counted, family: found
