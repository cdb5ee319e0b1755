"""What the command line does to a model, as two functions."""

import hashlib
from pathlib import Path
from typing import Any

import sim

from .errors import HwgenError
from .flow.board import load_board
from .network.batch import Batch
from .network.network import Network
from .network.sample import Limits, Sample, single
from .network.sample_store import load_sample
from .network.store import load_network
from .runtime.graphs import graphs_of
from .targets.banked import pipeline
from .targets.banked.accepts import accepts
from .targets.lists import pipeline as lists_pipeline
from .targets.lists.config import MODEL

__all__ = ["build", "verify"]


def build(model: Path | str | tuple[Network, Sample], board: str = "ultra96",
          out: Path | str | None = None, *, windows: bool | None = None, **hardware: int) -> Path:
    """Build the hardware for a model, as ``hwgen build --no-verify`` does.

    Parameters
    ----------
    model : path or (Network, Sample)
        A checkpoint, or what :func:`hwgen.load` read.
    board : str
        Name of a board, or path of a TOML file.
    out : path or None
        The build folder; None: ``build/MODEL-BOARD``.
    windows : bool or None
        Of the graph level: whether graphs run by windows; None: where no design that holds them whole fits the board.
    **hardware : int
        Hardware parameters not to be chosen, such as ``groups=2`` (:class:`hwgen.targets.banked.hardware.Hardware`),
        or of the graph level ``units=2`` (:class:`hwgen.targets.lists.hardware.Hardware`) and ``graphs``, those of a
        batch.
        A chain of GCN layers goes to the graph level where ``windows``, ``units`` or ``graphs`` is given.

    Returns
    -------
    Path
        The build folder.

    Raises
    ------
    HwgenError
        A model, board or parameter that cannot be built, or an output that cannot be written.
    """
    target = load_board(board)
    source = ""
    if isinstance(model, tuple):
        found, name = model, model[0].name
    else:
        from .frontend.checkpoint import load

        found, name = load(model), Path(model).stem
        source = hashlib.sha256(Path(model).read_bytes()).hexdigest()
    folder = Path(out) if out is not None else Path("build") / f"{name}-{target.name}"
    if accepts(*found) is None and windows is None and not {"units", "graphs"} & set(hardware):
        pipeline.build(*found, target, folder, hardware=hardware, source=source)
    else:
        lists_pipeline.build(*found, target, folder, graphs=hardware.pop("graphs", None), windows=windows,
                              hardware=hardware, source=source)
    return folder


def verify(folder: Path | str, graph: Any = None, *, stalls: int | None = None, trace: str | None = None,
           batch_size: int | None = None) -> sim.Result:
    """Cosimulate a build and compare every code of every pass, as ``hwgen verify --whole`` does.

    Parameters
    ----------
    folder : path
        A build folder.
    graph : path, Batch, Sample, PyG's Data, a list or loader of them, or None
        Other graphs to pack for the design and to run (:func:`hwgen.runtime.graphs.graphs_of`); a path is of an
        ``.npz``. None: the sample.
    stalls : int or None
        Seed of random back-pressure on every AXI channel.
    trace : "vcd", "fst" or None
        Write a waveform.
    batch_size : int or None
        Most graphs in a batch; of a network and with ``graph`` only. None: as many as fit.

    Returns
    -------
    sim.Result
        ``ok``; ``mismatch``, the first difference; and of every one of ``batches`` ``cycles`` and ``logits``, the
        hardware's results.

    Raises
    ------
    HwgenError
        Not a build, a graph that exceeds the design, or a missing tool.
    """
    build = Path(folder)
    stream = lists_pipeline.is_lists(build)
    if batch_size is not None and (not stream or graph is None):
        raise HwgenError(f"batch_size is {batch_size}", "batch_size",
                         "leave it out, or name the graphs to pack for a network")
    if stream:
        runs = None
        if graph is None and lists_pipeline.is_windowed(build):
            runs = lists_pipeline.pack_sample(build)
        elif graph is not None:
            name = Path(graph).stem if isinstance(graph, str | Path) else "graphs"
            runs = lists_pipeline.pack(build, _graphs(build, graph), name, size=batch_size)
        return lists_pipeline.verify(build, batches=runs, stalls=stalls, trace=trace)
    run = None
    if graph is not None:
        (batch,) = _graphs(build, graph)
        network = load_network(build / MODEL)
        only = Sample(batch=batch, labels=None, mask=None, logits=None, limits=Limits.of(batch, network.input_bits))
        run = pipeline.pack(build, only, Path(graph).stem if isinstance(graph, str | Path) else "graph")
    return pipeline.verify(build, batches=run, stalls=stalls, trace=trace)


def _graphs(build: Path, given: Any) -> list[Batch]:
    network = load_network(build / MODEL)
    if isinstance(given, str | Path):
        return single(load_sample(Path(given), network.input_bits).batch)
    return graphs_of(given, features=network.features, input_bits=network.input_bits,
                     input_scale=network.input_scale)
