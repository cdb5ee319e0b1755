"""The target of edge lists: rows in a buffer, read along lists that the host packs; batches of graphs, or windows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from rtl_templates.cells.primitives import TWINS, Primitives

from ...errors import HwgenError
from ...flow.config import Config
from ...flow.resources import Resources
from ...flow.wishes import Wishes
from ...network.dictionary import NO_PAIRS, Dictionary
from ...network.network import Network
from ...network.sample import Sample
from ..arrays import Floats, Ints
from ..design import Design
from ..design import Hardware as AnyHardware
from ..target import Candidate
from .area import guess_resources
from .candidates import SPACE, candidates
from .choose import Capacity
from .dense import with_rows
from .design import place_batches, place_windows, program_for
from .execute import run
from .feature_rows import told_in
from .hardware import Hardware
from .space import Space

__all__ = ["TARGET", "ListsTarget"]


class ListsTarget:
    """As :class:`hwgen.targets.target.Target`."""

    name = "lists"
    parameters = tuple(field.name for field in fields(Hardware))
    space: Mapping[str, tuple[int, ...]] = SPACE
    parts: Mapping[str, tuple[str, ...]] = {"unit": ()}

    def accepts(self, network: Network, sample: Sample) -> HwgenError | None:
        if not sample.batch.graphs or not sample.batch.num_nodes:
            return HwgenError("the sample has no graphs", f"network {network.name}",
                              "save the model with the graphs that it is for")
        try:
            program_for(network, sample.limits)
        except HwgenError as reason:
            return reason
        return None

    def integer_results(self, network: Network, sample: Sample) -> Floats:
        program = program_for(network, sample.limits)
        return np.asarray(run(program, sample.batch).results * program.scale)

    def candidates(self, network: Network, sample: Sample, wishes: Wishes,
                   fits: Callable[[AnyHardware], bool]) -> Iterator[Candidate]:
        return candidates(self, network, sample, wishes, fits)

    def explored(self, network: Network, sample: Sample, wishes: Wishes) -> Space:
        return Space(self, network, sample, wishes)

    def area(self, hardware: AnyHardware, family: str = "xcup") -> Resources:
        return guess_resources(Hardware(**hardware.to_dict()), family)

    def design(self, network: Network, config: Config, pairs: Ints = NO_PAIRS) -> Design:
        program, hardware = program_for(network, config.limits), Hardware(**config.hardware)
        weight = program.feature_rows
        program = told_in(program, None if weight is None else Dictionary.of_pairs(weight, pairs))
        if config.runs == "window":
            return place_windows(network, program, hardware)
        room = Capacity.from_dict(config.capacity)
        if not room.features and (rows := with_rows(program)) is not None:
            program = rows
        return place_batches(network, program, hardware, room)

    def emit(self, hardware: AnyHardware, *, primitives: Primitives = TWINS) -> tuple[str, dict[str, Any]]:
        from .verilog import emit

        return emit(Hardware(**hardware.to_dict()), primitives)


TARGET = ListsTarget()
