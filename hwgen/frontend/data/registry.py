"""One table of data sets: what ``--data`` and :func:`hwgen.load_data` take, a name or a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from torch_geometric.data import Data

from ...errors import HwgenError
from .batching import graphs_of
from .graph_set import GraphSet
from .planetoid import PLANETOID, load_planetoid
from .scikit import TABLES, load_table
from .tudataset import TU_DATASETS, load_tudataset

__all__ = ["DATA", "load_data"]


def _table(name: str, root: Path | str | None) -> Data:
    return load_table(name)  # part of scikit-learn: no folder


#: Name -> what reads it, given the folder of raw files. One graph with masks, or a set of graphs.
DATA: Mapping[str, Callable[[Path | str | None], Data | GraphSet]] = {
    **{name: partial(_table, name) for name in TABLES},
    **{name: partial(load_planetoid, name) for name in PLANETOID},
    **{name: partial(load_tudataset, name) for name in TU_DATASETS},
}


def load_data(name: str | Path, root: Path | str | None = None) -> Data | list[Data] | GraphSet:
    """Load a data set.

    Parameters
    ----------
    name : str or Path
        A key of DATA, in any case; or a file of graphs, ``.npz`` or ``.pt`` (:func:`hwgen.save_graphs`).
    root : Path or None
        Folder of raw files; None: ``$HWGEN_DATA``, else a cache folder, to which PyG downloads them.

    Returns
    -------
    Data, GraphSet or list of Data
        One graph: ``x`` float32 [n, f], ``edge_index`` int64 [2, e], ``y`` int64 [n], or float32 [n] where targets are
        real, ``train_mask``, ``val_mask``, ``test_mask`` bool [n]; beside PyG's own keys ``name`` str, ``classes`` int,
        and, where ``x`` holds integer codes, ``input_scale`` float, the real value of code 1. A set of graphs: a
        GraphSet. A file: what it holds, a list if several graphs.

    Raises
    ------
    HwgenError
        A name that is not known; files neither found nor downloaded; a file of something else.
    """
    if str(name).endswith((".npz", ".pt")):
        graphs = graphs_of(Path(name))
        return graphs[0] if len(graphs) == 1 else graphs
    found = {each.lower(): each for each in DATA}.get(str(name).lower())
    if found is None:
        raise HwgenError(f"unknown data set {str(name)!r}", "data",
                         f"use one of {', '.join(DATA)}, or a .npz or .pt file of graphs (docs/usage.md)")
    return DATA[found](root)
