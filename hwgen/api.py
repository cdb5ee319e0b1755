"""What the command line does to a model, as two functions."""

import hashlib
from pathlib import Path

import sim

from . import pipeline
from .ir.graph import GraphData, QuantGraph
from .ir.store import load_graph_data
from .targets import load_board

__all__ = ["build", "verify"]


def build(model: Path | str | QuantGraph, board: str = "ultra96", out: Path | str | None = None,
          **hardware: int) -> Path:
    """Build the hardware for a model, as ``hwgen build --no-verify`` does.

    Parameters
    ----------
    model : path or QuantGraph
        A checkpoint, or what :func:`hwgen.load` read.
    board : str
        Name of a board, or path of a TOML file.
    out : path or None
        The build folder; None: ``build/MODEL-BOARD``.
    **hardware : int
        Hardware parameters not to be chosen, such as ``groups=2`` (:class:`hwgen.ir.hardware.Hardware`).

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
    name, source = "", ""
    if isinstance(model, QuantGraph):
        graph, name = model, model.name
    else:
        from .frontend.reading import load

        graph, name = load(model), Path(model).stem
        source = hashlib.sha256(Path(model).read_bytes()).hexdigest()
    folder = Path(out) if out is not None else Path("build") / f"{name}-{target.name}"
    pipeline.build(graph, target, folder, hardware=hardware, source=source)
    return folder


def verify(folder: Path | str, graph: Path | str | GraphData | None = None, *, stalls: int | None = None,
           trace: str | None = None) -> sim.Result:
    """Cosimulate a build and compare every code of every pass, as ``hwgen verify`` does.

    Parameters
    ----------
    folder : path
        A build folder.
    graph : path, GraphData or None
        Another graph to pack for the design and to run; None: the sample graph.
    stalls : int or None
        Seed of random back-pressure on every AXI channel.
    trace : "vcd", "fst" or None
        Write a waveform.

    Returns
    -------
    sim.Result
        ``ok``; ``mismatch``, the first difference; ``cycles``; ``logits``, the hardware's results.

    Raises
    ------
    HwgenError
        Not a build, a graph that exceeds the design, or a missing tool.
    """
    run = None
    if graph is not None:
        data = graph if isinstance(graph, GraphData) else load_graph_data(Path(graph))
        run = pipeline.pack(Path(folder), data, "graph" if isinstance(graph, GraphData) else Path(graph).stem)
    return pipeline.verify(Path(folder), run=run, stalls=stalls, trace=trace)
