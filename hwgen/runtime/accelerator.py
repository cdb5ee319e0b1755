"""The host's view of a build: graphs in, logits out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import HwgenError
from ..ir.sample import Limits
from ..ir.stream import Batch
from ..lower.stream import lower
from ..lower.stream.batch import union
from ..lower.stream.windows import plan_windows
from ..stream.pipeline import load_plan
from ..stream.planning import StreamPlan, deal
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
        self.plan: StreamPlan = load_plan(self.build)
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

        Parameters
        ----------
        graphs : PyG Data or Batch, a list or DataLoader of them, or hwgen's own Batch
            See :func:`hwgen.runtime.graphs.graphs_of`.
        batch_size : int or None
            Most graphs in a batch of the hardware; None: as many as it takes.

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
        network = self.plan.network
        single = graphs_of(graphs, features=network.features, input_bits=network.input_bits,
                           input_scale=network.input_scale)
        scale = self.plan.program.passes[-1].out.scale
        assert scale is not None  # results do not depend on the row
        if not single:
            return np.zeros((0, len(scale)))
        return np.concatenate(self.run_batches(deal(single, self.plan, batch_size))) * scale

    def run_windows(self, graph: Any) -> NDArray[np.float64]:
        """Logits of graphs larger than the design: pass by pass, window of rows by window (docs/windows.md).

        Ranges are proved for the longest list of these graphs, so fixed-point constants, and with them the last bits of
        a logit, may differ from those of :meth:`run`; every backend still gives equal numbers.

        Parameters
        ----------
        graph : as in :meth:`run`
            All of them are one batch.

        Raises
        ------
        CapacityError
            A row alone, such as a hub with its list, exceeds the design.
        """
        network = self.plan.network
        batch = union(graphs_of(graph, features=network.features, input_bits=network.input_bits,
                                input_scale=network.input_scale))
        limits = Limits.of(batch, network.input_bits)
        program = lower(network, max_degree=max(1, limits.degree), max_members=max(1, limits.nodes),
                        max_features=max(1, limits.features))
        scale = program.passes[-1].out.scale
        assert scale is not None
        return self.backend.run_windows(plan_windows(program, self.plan.hardware), batch) * scale

    def run_batches(self, batches: Sequence[Batch]) -> list[NDArray[np.int64]]:
        """Integer results of batches that the design takes: int64 [rows, classes] each."""
        return self.backend.run(batches)
