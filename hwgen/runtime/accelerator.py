"""The host's view of a build: graphs in, logits out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import HwgenError
from ..flow.built import load_design
from ..network.batch import Batch
from ..network.reader import read_graphs
from ..network.reader.codes import batch_for
from ..network.sample import single
from ..targets.target import Design
from .backends import Backend, Board, Reference, Simulation

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
        Folder that ``hwgen build`` wrote.
    backend : "reference", "simulation" or "pynq"
    bitstream : path or None
        Of backend pynq; None: ``BUILD/vivado/accelerator.bit``.

    Raises
    ------
    HwgenError
        Not a build, or an unknown backend.
    ToolError
        The backend's tools are missing.
    """

    def __init__(self, build: Path | str, backend: Name = "reference", *, bitstream: Path | str | None = None) -> None:
        self.build = Path(build)
        self.design: Design = load_design(self.build)
        self.backend = self._backend(backend, bitstream)

    def _backend(self, name: str, bitstream: Path | str | None) -> Backend:
        if name == "reference":
            return Reference()
        if name == "simulation":
            return Simulation(self.build)
        if name == "pynq":
            return Board.open(self.design, self.build, bitstream)
        raise HwgenError(f"unknown backend {name!r}", "backend", "use reference, simulation or pynq")

    def run(self, graphs: Any, *, batch_size: int | None = None) -> NDArray[np.float64]:
        """Logits of every graph, in the order given; where results are by node, of every node, in the order given.

        A build whose graphs run by windows takes graphs of any size: :meth:`run_windows`.

        Parameters
        ----------
        graphs : path, PyG Data or Batch, a list or loader of them, or hwgen's own Batch
            See :func:`hwgen.network.reader.read_graphs`. Of a neighbour loader's batches, results by node are those of
            their seeds.
        batch_size : int or None
            Most graphs in a batch of the hardware; None: as many as it takes.

        Returns
        -------
        float64 [rows, classes]
            Integer results times their scale: equal numbers from every backend.

        Raises
        ------
        HwgenError
            Not a graph of the model's features, or no batch size.
        CapacityError
            A graph exceeds the design; says which capacity, and by how much.
        """
        if batch_size is not None and batch_size < 1:
            raise HwgenError(f"batch_size is {batch_size}", "batch_size", "use 1 or more, or leave it out")
        return self._run(graphs, self.design.runs == "window", lambda single: self.design.deal(single, batch_size))

    def run_windows(self, graph: Any) -> NDArray[np.float64]:
        """Logits of graphs larger than the design: pass by pass, window of rows by window (docs/windows.md).

        Numbers are those of :meth:`run` as long as no list is longer than the build's limits. For longer lists, ranges
        are proved anew, so that fixed-point constants, and with them the last bits of a logit, may differ; every
        backend still gives equal numbers.

        Parameters
        ----------
        graph : as in :meth:`run`

        Raises
        ------
        CapacityError
            The design's target has no windows, or a row alone, such as a hub with its list, exceeds the design.
        """
        return self._run(graph, True, list)

    def _run(self, given: Any, by_windows: bool, deal: Callable[[list[Batch]], list[Batch]]) -> NDArray[np.float64]:
        """Read graphs, deal them into batches, and run these one after another."""
        network = self.design.network
        graphs = read_graphs(given, "graphs", least=0)
        if not graphs.graphs:
            return np.zeros((0, network.values[-1].width))
        rows = []
        for batch in deal(single(batch_for(network, graphs, "graphs"))):
            design = self.design.by_windows(batch) if by_windows else self.design
            session = design.session(batch)
            rows.append(self.backend.run(design, session) * session.scale)
        results = np.concatenate(rows)
        return results if graphs.asked is None or network.values[-1].domain == "graphs" else results[graphs.asked]
