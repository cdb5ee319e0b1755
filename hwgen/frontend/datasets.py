"""Data sets: Planetoid through PyG's own class, and scikit-learn's digits as a k-nearest-neighbour graph."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..cache import cache_folder
from ..errors import HwgenError

if TYPE_CHECKING:
    from torch_geometric.data import Data

__all__ = ["DATASETS", "load_dataset"]

DATASETS = ("digits", "Cora", "CiteSeer")

#: Neighbours of a digit. Validation accuracy of the quantized model, 4 seeds: 3 gives 96.8 %, 5 97.6, 7 97.6, 10 97.9;
#: every neighbour more is an edge more to aggregate.
NEIGHBOURS = 5
#: Labelled digits of each class, as many as Planetoid's public split has, and validation nodes.
TRAIN_PER_CLASS, VALIDATION_PER_CLASS = 20, 50


def load_dataset(name: str, root: Path | str | None = None) -> Data:
    """Load a data set as one graph with integer-valued features.

    Parameters
    ----------
    name : str
        ``digits``, ``Cora`` or ``CiteSeer``, in any case.
    root : Path or None
        Folder that holds ``<Name>/raw`` (or ``Planetoid/<Name>/raw``); it is only read, unless the files are missing
        and PyG downloads them there. Default: ``$HWGEN_DATA``, else a cache folder of hwgen's own.

    Returns
    -------
    Data
        ``x`` float32 [n, f] integer codes, ``edge_index`` int64 [2, e] without self loops, ``y`` int64 [n],
        ``train_mask``, ``val_mask``, ``test_mask`` bool [n]; beside PyG's own keys ``name`` str, ``input_scale``
        float (the real value of code 1) and ``classes`` int.

    Raises
    ------
    HwgenError
        Unknown name, or files neither found nor downloaded.
    """
    known = {each.lower(): each for each in DATASETS}
    if name.lower() not in known:
        raise HwgenError(f"unknown data set {name!r}", "dataset", f"use one of {', '.join(DATASETS)}")
    name = known[name.lower()]
    if name == "digits":
        return _digits()
    from torch_geometric.datasets import Planetoid

    raw = _raw_folder(name, root)
    # PyG writes its processed form beside the raw files: work on a copy, so that the user's folder stays as it is.
    with tempfile.TemporaryDirectory(prefix="hwgen-") as scratch:
        shutil.copytree(raw, Path(scratch, name, "raw"))
        with contextlib.redirect_stderr(io.StringIO()):
            data = Planetoid(scratch, name)[0]
    data.name, data.input_scale, data.classes = name, 1.0, int(data.y.max()) + 1
    return data


def _raw_folder(name: str, root: Path | str | None) -> Path:
    from torch_geometric.datasets import Planetoid

    given = root if root is not None else os.environ.get("HWGEN_DATA")
    home = Path(given) if given is not None else cache_folder() / "datasets"
    for folder in (home / name / "raw", home / "Planetoid" / name / "raw"):
        if (folder / f"ind.{name.lower()}.graph").is_file():
            return folder
    try:
        Planetoid(str(home / "Planetoid"), name)
    except Exception as error:  # whatever the network, the disk or the server may raise: the mend is the same
        mend = f"put the Planetoid files in {home / name / 'raw'}, or name their folder with HWGEN_DATA"
        raise HwgenError(f"{name} is not there and cannot be downloaded ({error})", str(home), mend) from error
    return home / "Planetoid" / name / "raw"


def _digits() -> Data:
    """1797 images of 8 × 8 pixels with values 0..16; an edge where one image is among another's nearest."""
    from sklearn.datasets import load_digits
    from sklearn.neighbors import kneighbors_graph
    from torch_geometric.data import Data

    bunch = load_digits()
    near = kneighbors_graph(bunch.data, NEIGHBOURS).tocsr()
    edges = np.stack(near.maximum(near.T).nonzero()).astype(np.int64)
    labels = bunch.target.astype(np.int64)
    train, validation, test = _stratified(labels)
    return Data(x=torch.from_numpy(bunch.data.astype(np.float32)), edge_index=torch.from_numpy(edges),
                y=torch.from_numpy(labels), train_mask=train, val_mask=validation, test_mask=test,
                name="digits", input_scale=1.0 / 16.0, classes=10)


def _stratified(labels: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
    """Split every class alike; the same split for ever, since it is drawn from a fixed seed."""
    rng = np.random.default_rng(0)
    part = np.full(len(labels), 2)
    for each in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == each))
        part[members[:TRAIN_PER_CLASS]] = 0
        part[members[TRAIN_PER_CLASS : TRAIN_PER_CLASS + VALIDATION_PER_CLASS]] = 1
    train, validation, test = (torch.from_numpy(part == which) for which in range(3))
    return train, validation, test
