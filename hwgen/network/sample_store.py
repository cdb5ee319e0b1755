"""Samples in one ``.npz``: of a checkpoint, of a build, of a run. docs/formats.md has the keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import files
from .batch import Batch
from .network import Network
from .reader import read_graphs
from .reader.codes import sample_for
from .sample import Sample

__all__ = ["batch_arrays", "load_sample", "sample_arrays", "sample_of", "save_sample"]


def save_sample(sample: Sample, path: Path) -> None:
    """Write a sample.

    Raises
    ------
    HwgenError
        If the file cannot be written.
    """
    files.write_npz(path, sample_arrays(sample))


def load_sample(path: Path, network: Network) -> Sample:
    """Read what :func:`save_sample` wrote, or a user's own file of graphs, as a network takes them.

    Parameters
    ----------
    path : Path
        A ``.npz`` or ``.pt`` file (:func:`hwgen.network.reader.read_graphs`).
    network : Network
        Limits that the file lacks are those of its graphs.

    Raises
    ------
    HwgenError
        As :func:`~hwgen.network.reader.read_graphs`; graphs that do not fit the network.
    """
    return sample_for(network, read_graphs(path), str(path))


def batch_arrays(batch: Batch) -> dict[str, NDArray[Any]]:
    """Graphs as arrays by name."""
    weight = {} if batch.weight is None else {"edge_weight": batch.weight}
    return {**files.feature_arrays(batch.features), "edges": batch.edges, "graph": batch.graph,
            "graphs": np.array([batch.graphs], dtype=np.int64), "node": batch.node, **weight}


def sample_arrays(sample: Sample) -> dict[str, NDArray[Any]]:
    """A sample as arrays by name."""
    known = {"labels": sample.labels, "mask": sample.mask, "logits": sample.logits, "fp32": sample.fp32,
             "integer": sample.integer, "accuracy_by_width": sample.accuracy_by_width}
    return {**batch_arrays(sample.batch), **{key: value for key, value in known.items() if value is not None},
            "limits": sample.limits.to_array()}


def sample_of(arrays: Mapping[str, Any], where: str, network: Network) -> Sample:
    """Inverse of :func:`sample_arrays`, of arrays or tensors; ``where`` is for errors."""
    return sample_for(network, read_graphs(arrays, f"{where}: sample"), where)
