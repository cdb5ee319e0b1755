"""A network on banked hardware."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ...errors import CapacityError
from ...flow.config import RunKind
from ...network.batch import Batch
from ...network.dictionary import Dictionary
from ...network.network import Network
from ..run_folder import Files, image_files
from .accepts import chain_of
from .feature_rows import told_in
from .golden import pass_facts
from .hardware import Hardware
from .network_to_program import lower
from .schedule.schedule import QUICK, schedule
from .session import GraphRun, Session
from .sizes import check_capacity

__all__ = ["Design"]


@dataclass(frozen=True, kw_only=True)
class Design:
    """A design that takes one graph at once.

    Parameters
    ----------
    network : Network
    hardware : Hardware
    capacity : mapping
        Of a graph: ``nodes``, ``edges``, ``nonzeros`` and ``degree`` (:func:`hwgen.targets.banked.sizes.capacity`).
    dictionary : Dictionary or None
        In whose rows the first pass of every graph is told; None where no rows are gathered through features.
    scheduled : (Batch, GraphRun) or None
        The sample, which is scheduled already where the schedule has decided the number of slots.
    """

    runs: ClassVar[RunKind] = "graph"

    network: Network
    hardware: Hardware
    capacity: Mapping[str, int]
    dictionary: Dictionary | None = None
    scheduled: tuple[Batch, GraphRun] | None = None

    @property
    def capacities(self) -> dict[str, int]:
        return {f"max_{name}": value for name, value in self.capacity.items()}

    @property
    def passes(self) -> list[str]:
        return [name for name, _ in chain_of(self.network).passes]

    def deal(self, graphs: Sequence[Batch], size: int | None = None) -> list[Batch]:
        """Every graph by itself."""
        return list(graphs)

    def session(self, batch: Batch) -> Session:
        if self.scheduled is not None and self.scheduled[0] is batch:
            return Session(network=self.network, batch=batch, run=self.scheduled[1])
        program = told_in(lower(self.network, batch, self.hardware.sum_bits), self.dictionary, self.hardware)
        check_capacity(program, self.hardware)
        return Session(network=self.network, batch=batch, run=GraphRun(
            program=program, hardware=self.hardware, schedule=schedule(program, self.hardware, QUICK),
            edges=int(batch.edges.shape[1]), dictionary=self.dictionary))

    def by_windows(self, batch: Batch) -> "Design":
        raise CapacityError(f"{batch.num_nodes} nodes by windows", f"network {self.network.name}",
                            "this design runs whole graphs only: build one with --windows")

    def model_files(self) -> Files:
        """``layout.json``: a graph brings everything else along."""
        return image_files(pass_facts(chain_of(self.network).passes, self.hardware))
