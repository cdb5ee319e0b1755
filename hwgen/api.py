"""What the command line does to a model, as two functions."""

from pathlib import Path
from typing import Any

import boards
import sim

from .errors import HwgenError
from .flow.build import build as build_design
from .flow.built import load_built_network, load_design
from .flow.pack import pack, pack_sample
from .flow.verify import simulate
from .flow.wishes import Wishes
from .network.network import Network
from .network.reader import read_graphs
from .network.reader.codes import sample_for
from .network.sample import Sample, single
from .seals import file_hash

__all__ = ["build", "verify"]


def build(model: Path | str | tuple[Network, Sample], board: str = "ultra96", out: Path | str | None = None, *,
          target: str | None = None, graphs: int | None = None, windows: bool | None = None, **options: int) -> Path:
    """Build the hardware for a model, as ``hwgen build --no-verify`` does.

    Parameters
    ----------
    model : path or (Network, Sample)
        A checkpoint, or what :func:`hwgen.load` read.
    board : str
        Name of a board, or path of a TOML file.
    out : path or None
        The build folder; None: ``build/MODEL-BOARD``.
    target : str or None
        The kind of hardware; None: the fastest that fits the board.
    graphs : int or None
        Graphs of mean size that a batch has room for.
    windows : bool or None
        Whether graphs run by windows; None: where no design that holds them whole fits the board.
    **options : int
        Whatever else is not to be chosen, by the names of the command line's options: hardware parameters such as
        ``requant_lanes=8``; ``max_nodes``, ``max_edges`` and ``max_degree`` of the largest graph that may come.

    Returns
    -------
    Path
        The build folder.

    Raises
    ------
    HwgenError
        A model, board or parameter that cannot be built, or an output that cannot be written.
    """
    chosen, source = boards.load(board), ""
    if isinstance(model, tuple):
        (network, sample), name = model, model[0].name
    else:
        from .frontend.checkpoint import load

        (network, sample), name = load(model), Path(model).stem
        source = file_hash(Path(model))
    folder = Path(out) if out is not None else Path("build") / f"{name}-{chosen.name}"
    wishes = Wishes.of({"graphs": graphs, "windows": windows, **options}, target=target)
    build_design(network, sample, chosen, folder, wishes, source=source)
    return folder


def verify(folder: Path | str, graph: Any = None, *, stalls: int | None = None, trace: str | None = None,
           batch_size: int | None = None) -> sim.Result:
    """Cosimulate a build and compare every code of every pass, as ``hwgen verify --whole`` does.

    Parameters
    ----------
    folder : path
        A build folder.
    graph : path, Batch, Sample, PyG's Data, a list or loader of them, or None
        Other graphs to pack for the design and to run (:func:`hwgen.network.reader.read_graphs`); a path is of a
        ``.npz`` or ``.pt`` file. None: the sample.
    stalls : int or None
        Seed of random back-pressure on every AXI channel.
    trace : "vcd", "fst" or None
        Write a waveform.
    batch_size : int or None
        Most graphs in a batch, of ``graph`` only. None: as many as fit.

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
    if graph is not None:
        name = Path(graph).stem if isinstance(graph, str | Path) else "graphs"
        sample = sample_for(load_built_network(build), read_graphs(graph, "graph"), name)
        folders = pack(build, single(sample.batch), name, size=batch_size, sample=sample)
    elif batch_size is not None:
        raise HwgenError(f"batch_size is {batch_size}", "batch_size", "leave it out, or name the graphs to pack")
    elif load_design(build).runs == "window":
        folders = pack_sample(build)
    else:
        folders = sim.batch_folders(build / "batches")
    return simulate(build, folders, sim.SimOptions(stalls=stalls, trace=trace))
