"""The host's view of a build: graphs in, logits out."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..driver import Device, open_pynq, open_serial
from ..driver.validate import BITSTREAM
from ..errors import CapacityError, HwgenError
from ..flow.bitstream.facts import read_facts
from ..flow.built import load_design
from ..flow.misfit import misfit
from ..network.batch import Batch
from ..network.heads import Head
from ..network.reader import read_graphs
from ..network.reader.codes import batch_for
from ..network.sample import single
from ..targets.design import Design
from .backends import Backend, Board, Reference, Simulation

__all__ = ["Accelerator"]

Name = Literal["reference", "simulation", "pynq", "serial"]
#: Whether a batch runs by windows, or whole where it fits.
Way = Literal["window", "either"]


class Accelerator:
    """A build, ready to run graphs.

    ::

        accelerator = hwgen.Accelerator("build/gin-ultra96", backend="simulation")
        logits = accelerator.run(loader)

    All backends compute the same integers: ``reference`` in NumPy, ``simulation`` in Verilator from the build's RTL
    (and compares every code on the way), ``pynq`` on the board, ``serial`` on a board at the end of a serial line that
    runs the build's own bitstream (docs/serial.md).

    Parameters
    ----------
    build : path
        Folder that ``hwgen build`` wrote.
    backend : "reference", "simulation", "pynq" or "serial"
    bitstream : path or None
        Of backend pynq; None: ``BUILD/vivado/accelerator.bit``.
    port : str or None
        Of backend serial, such as ``/dev/ttyUSB0``.
    baud : int or None
        Of backend serial; None: that of ``BUILD/bitstream``.

    Raises
    ------
    HwgenError
        Not a build, or an unknown backend; no bitstream, no such port, nobody answers there, or another design does.
    ToolError
        The backend's tools are missing: this is no PYNQ board, or pyserial is missing.
    """

    def __init__(self, build: Path | str, backend: Name = "reference", *, bitstream: Path | str | None = None,
                 port: str | None = None, baud: int | None = None) -> None:
        self.build = Path(build)
        self.design: Design = load_design(self.build)
        self.backend = self._backend(backend, bitstream, port, baud)

    def _backend(self, name: str, bitstream: Path | str | None, port: str | None, baud: int | None) -> Backend:
        if name == "reference":
            return Reference()
        if name == "simulation":
            return Simulation(self.build)
        if name == "pynq":
            path = self.build / BITSTREAM if bitstream is None else Path(bitstream)
            return Board(Device(open_pynq(path), self.build), self.design)
        if name == "serial":
            if port is None:
                raise HwgenError("backend serial needs a port", "port", "name it, such as port='/dev/ttyUSB0'")
            rate = read_facts(self.build).baud if baud is None else baud
            return Board(Device(open_serial(port, rate), self.build), self.design)
        raise HwgenError(f"unknown backend {name!r}", "backend", "use reference, simulation, pynq or serial")

    @property
    def head(self) -> Head:
        """What the user's forward does with the results that :meth:`run` gives: nothing, or its softmax or sigmoid.

        ``torch.sigmoid(torch.from_numpy(accelerator.run(graphs)))`` is what a forward that ends in a sigmoid returns.
        """
        return self.design.network.head

    def run(self, graphs: object, *, batch_size: int | None = None) -> NDArray[np.float64]:
        """Logits of every graph, in the order given; where results are by node, of every node, in the order given.

        A build whose graphs run by windows takes graphs of any size: :meth:`run_windows`. So does another build of the
        same target: a graph that exceeds it runs by windows, the others as always. Where not even a window holds one,
        its results are NaN, and a warning names its number and the option that a build would take it with.

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
            Integer results times their scale: equal numbers from every backend, before the softmax or sigmoid that
            the user's forward may end with (:attr:`head`).

        Raises
        ------
        HwgenError
            Not a graph of the model's features, or no batch size.
        CapacityError
            All graphs exceed the design, by windows too; says which capacity, and by how much.
        """
        if batch_size is not None and batch_size < 1:
            raise HwgenError(f"batch_size is {batch_size}", "batch_size", "use 1 or more, or leave it out")
        return self._run(graphs, "window" if self.design.runs == "window" else "either",
                         lambda single: self.design.deal(single, batch_size))

    def run_windows(self, graph: object) -> NDArray[np.float64]:
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
        return self._run(graph, "window", list)

    def _run(self, given: object, way: Way, deal: Callable[[list[Batch]], list[Batch]]) -> NDArray[np.float64]:
        """Read graphs, deal them into batches, and run these one after another."""
        network = self.design.network
        graphs = read_graphs(given, "graphs", least=0)
        if not graphs.graphs:
            return np.zeros((0, network.values[-1].width))
        done = _Done()
        for batch in deal(single(batch_for(network, graphs, "graphs"))):
            self._batch(batch, way, done)
        done.tell()
        results = np.concatenate(done.rows)
        return results if graphs.asked is None or network.values[-1].domain == "graphs" else results[graphs.asked]

    def _batch(self, batch: Batch, way: Way, done: "_Done") -> None:
        """Run a batch whole, or by windows where it exceeds the design; graph by graph where one of several does."""
        try:
            design = self.design.by_windows(batch) if way == "window" else self.design
            session = design.session(batch)
        except CapacityError as error:
            if batch.graphs > 1:
                for graph in single(batch):
                    self._batch(graph, way, done)
            elif way == "either":
                self._batch(batch, "window", done)
            else:
                last = self.design.network.values[-1]
                lost = batch.num_nodes if last.domain == "nodes" else 1
                done.refused.append(misfit(self.design, batch, done.graphs, error))
                done.add(np.full((lost, last.width), np.nan), batch)
            return
        done.add(self.backend.run(design, session) * session.scale, batch)


class _Done:
    """What was run, in order."""

    def __init__(self) -> None:
        self.rows: list[NDArray[np.float64]] = []
        self.refused: list[CapacityError] = []
        self.graphs = 0

    def add(self, rows: NDArray[np.float64], batch: Batch) -> None:
        """Results of a batch."""
        self.rows.append(rows)
        self.graphs += batch.graphs

    def tell(self) -> None:
        """Say which graphs have no results."""
        if len(self.refused) == self.graphs:
            raise self.refused[0]
        for error in self.refused:
            warnings.warn(f"{error.what}; its results are NaN; {error.fix}", stacklevel=4)
