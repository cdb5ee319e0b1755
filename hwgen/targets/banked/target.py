"""The banked target: rows in banks, read on a schedule that the host computes; one graph at once."""

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
from ..design import Hardware as AnyHardware
from ..target import Candidate
from .accepts import chain_of
from .area import guess_resources
from .candidates import SPACE, candidates
from .design import Design
from .execute import run
from .hardware import Hardware
from .network_to_program import lower
from .space import Space

__all__ = ["TARGET", "BankedTarget"]


class BankedTarget:
    """As :class:`hwgen.targets.target.Target`."""

    name = "banked"
    parameters = tuple(field.name for field in fields(Hardware))
    space: Mapping[str, tuple[int, ...]] = SPACE
    parts: Mapping[str, tuple[str, ...]] = {
        "group": (), "server": ("row_valid", "row_bank", "row_address", "row_data", "act_valid", "act_data")}

    def accepts(self, network: Network, sample: Sample) -> HwgenError | None:
        if sample.batch.graphs != 1 or not sample.batch.num_nodes:
            return HwgenError(f"a sample of {sample.batch.graphs} graphs and {sample.batch.num_nodes} nodes",
                              f"network {network.name}", "banked designs run one graph with nodes: use --target lists")
        try:
            lower(network, sample.batch)
        except HwgenError as reason:
            return reason
        return None

    def integer_results(self, network: Network, sample: Sample) -> Floats:
        program = lower(network, sample.batch)
        return np.asarray(run(program).logits * program.passes[-1].out.scale)

    def candidates(self, network: Network, sample: Sample, wishes: Wishes,
                   fits: Callable[[AnyHardware], bool]) -> Iterator[Candidate]:
        return iter(()) if wishes.windows else candidates(self, network, sample, wishes)

    def explored(self, network: Network, sample: Sample, wishes: Wishes) -> Space:
        return Space(self, network, sample, wishes)

    def area(self, hardware: AnyHardware, family: str = "xcup") -> Resources:
        return guess_resources(Hardware(**hardware.to_dict()), family)

    def design(self, network: Network, config: Config, pairs: Ints = NO_PAIRS) -> Design:
        weight = chain_of(network).layers[0].weight
        dictionary = Dictionary.of_pairs(weight, pairs) if network.input_bits == 1 else None
        return Design(network=network, hardware=Hardware(**config.hardware), capacity=config.capacity,
                      dictionary=dictionary)

    def emit(self, hardware: AnyHardware, *, primitives: Primitives = TWINS) -> tuple[str, dict[str, Any]]:
        from .verilog import emit

        return emit(Hardware(**hardware.to_dict()), primitives)


TARGET = BankedTarget()
