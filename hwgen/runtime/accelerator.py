"""The host's view of a build: graphs in, logits out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import HwgenError
from ..network.batch import Batch
from ..network.sample import Limits
from ..targets.lists.batch import union
from ..targets.lists.design import BatchDesign, WindowDesign, deal
from ..targets.lists.network_to_program import lower
from ..targets.lists.pipeline import load_design
from ..targets.lists.windows.run import plan_windows
from .backends import Backend, Board, Reference, Simulation
from .graphs import graphs_of

__all__ = ["Accelerator"]

Name = Literal["reference", "simulation", "pynq"]


class Accelerator:
    """A build, ready to run graphs.

    ::

        accelerator = hwgen.Accelerator("build/gin-ultra96", backend="simulation")
        logits = accelerator.run(loader)

    All backends compute the same integers: ``reference`` in NumPy, ``simulation`` in Verilator from the build's RTL
    (and compares every code on the way), ``pynq`` on the board.

    Parameters
    ----------
    build : path
        Folder that ``hwgen build`` wrote for a network.
    backend : "reference", "simulation" or "pynq"
    bitstream : path or None
        Of backend pynq; None: ``BUILD/vivado/accelerator.bit``.

    Raises
    ------
    HwgenError
        Not such a build, or an unknown backend.
    ToolError
        The backend's tools are missing.
    """

    def __init__(self, build: Path | str, backend: Name = "reference", *, bitstream: Path | str | None = None) -> None:
        self.build = Path(build)
        self.plan: BatchDesign | WindowDesign = load_design(self.build)
        self.backend = self._backend(backend, bitstream)

    def _backend(self, name: str, bitstream: Path | str | None) -> Backend:
        if name == "reference":
            return Reference(self.plan)
        if name == "simulation":
            return Simulation(self.plan, self.build)
        if name == "pynq":
            return Board.open(self.plan, self.build, bitstream)
        raise HwgenError(f"unknown backend {name!r}", "backend", "use reference, simulation or pynq")

    def run(self, graphs: Any, *, batch_size: int | None = None) -> NDArray[np.float64]:
        """Logits of every graph, in the order given; where results are by node, of every node.

        A build whose graphs run by windows takes all graphs at once, of any size: :meth:`run_windows`.

        Parameters
        ----------
        graphs : PyG Data or Batch, a list or DataLoader of them, or hwgen's own Batch
            See :func:`hwgen.runtime.graphs.graphs_of`.
        batch_size : int or None
            Most graphs in a batch of the hardware; None: as many as it takes. By windows there are no batches.

        Returns
        -------
        float64 [rows, classes]
            Integer results times their scale: equal numbers from every backend.

        Raises
        ------
        HwgenError
            Not a graph of the model's features.
        CapacityError
            A graph exceeds the design; says which capacity, and by how much.
        """
        single = self._graphs(graphs)
        if not single:
            return np.zeros((0, len(self.plan.program.scale)))
        if isinstance(self.plan, BatchDesign):
            return np.concatenate(self.run_batches(deal(single, self.plan, batch_size))) * self.plan.program.scale
        if batch_size is not None:
            raise HwgenError(f"batches of {batch_size} graphs; this build takes all graphs at once, by windows",
                             str(self.build), "leave batch_size out")
        return self.run_windows(single)

    def run_windows(self, graph: Any) -> NDArray[np.float64]:
        """Logits of graphs larger than the design: pass by pass, window of rows by window (docs/windows.md).

        Numbers are those of :meth:`run` as long as no list is longer than the build's limits. For longer lists, ranges
        are proved anew, so that fixed-point constants, and with them the last bits of a logit, may differ; every
        backend still gives equal numbers.

        Parameters
        ----------
        graph : as in :meth:`run`
            All of them are one batch.

        Raises
        ------
        CapacityError
            A row alone, such as a hub with its list, exceeds the design.
        """
        batch, plan = union(self._graphs(graph)), self.plan
        program, limits = plan.program, Limits.of(batch, plan.network.input_bits)
        longest = {"max_degree": max(limits.degree, program.max_degree),
                   "max_members": max(limits.nodes, program.max_members),
                   "max_features": max(limits.features, program.max_features)}
        if any(value > getattr(program, name) for name, value in longest.items()):
            program = lower(plan.network, **longest)
        if isinstance(plan, WindowDesign) and program is plan.program:
            windows = plan.windows
        else:
            windows = plan_windows(program, plan.hardware)
        return self.backend.run_windows(windows, batch) * program.scale

    def run_batches(self, batches: Sequence[Batch]) -> list[NDArray[np.int64]]:
        """Integer results of batches that the design takes: int64 [rows, classes] each."""
        return self.backend.run(batches)

    def _graphs(self, given: Any) -> list[Batch]:
        network = self.plan.network
        return graphs_of(given, features=network.features, input_bits=network.input_bits,
                         input_scale=network.input_scale)
