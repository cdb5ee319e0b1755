"""Citation graphs of Planetoid (Yang et al., ICML 2016), through PyG's own class, on the public split."""

from __future__ import annotations

from pathlib import Path

from torch_geometric.data import Data

from .raw_files import read_raw

__all__ = ["PLANETOID", "load_planetoid"]

PLANETOID = ("Cora", "CiteSeer")


def load_planetoid(name: str, root: Path | str | None = None) -> Data:
    """Load a citation graph; features are 0 or 1, not normalised.

    Parameters
    ----------
    name : str
        One of PLANETOID.
    root : Path or None
        Folder of raw files, ``$HWGEN_DATA`` if None (:func:`.raw_files.read_raw`).

    Raises
    ------
    HwgenError
        Files neither found nor downloaded.
    """
    dataset, _ = read_raw("Planetoid", name, f"ind.{name.lower()}.graph", root)
    data: Data = dataset[0]
    data.name, data.input_scale, data.classes = name, 1.0, int(data.y.max()) + 1
    return data
