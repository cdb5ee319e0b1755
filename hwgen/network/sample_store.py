"""Samples in one ``.npz``: a batch as :mod:`.network_store` has it, labels, mask, logits and limits."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import files
from ..errors import HwgenError
from .sample import Limits, Sample
from .store import batch_arrays, batch_of

__all__ = ["load_sample", "sample_arrays", "sample_of", "save_sample"]

Arrays = dict[str, NDArray[Any]]

#: Kinds of NumPy's types that each array may have.
KINDS = {"labels": "iu", "mask": "b", "logits": "f"}


def save_sample(sample: Sample, path: Path) -> None:
    """Write a sample.

    Raises
    ------
    HwgenError
        If the file cannot be written.
    """
    files.write_npz(path, sample_arrays(sample))


def load_sample(path: Path, input_bits: int) -> Sample:
    """Read what :func:`save_sample` wrote, or a batch of a user's own (:func:`hwgen.network.store.load_batch`).

    Parameters
    ----------
    path : Path
    input_bits : int
        Of the model; limits that the file lacks are those of its graphs.

    Raises
    ------
    HwgenError
        If the file is missing, is not such an archive, or holds arrays that do not fit together.
    """
    return sample_of(files.read_npz(path), str(path), input_bits)


def sample_arrays(sample: Sample) -> Arrays:
    """A sample as arrays by name."""
    arrays = batch_arrays(sample.batch)
    for key, value in (("labels", sample.labels), ("mask", sample.mask), ("logits", sample.logits)):
        if value is not None:
            arrays[key] = value
    arrays["limits"] = np.array(list(asdict(sample.limits).values()), dtype=np.float64)
    return arrays


def sample_of(arrays: Mapping[str, NDArray[Any]], where: str, input_bits: int) -> Sample:
    """Inverse of :func:`sample_arrays`; ``where`` is for errors."""
    batch = batch_of(arrays, where)
    optional = {key: arrays.get(key) for key in ("labels", "mask", "logits")}
    for key, value in optional.items():
        if value is not None and len(value) not in (batch.num_nodes, batch.graphs):
            raise HwgenError(f"{len(value)} {key} for {batch.graphs} graphs of {batch.num_nodes} nodes", where,
                             f"store one entry of {key} for each graph, or for each node")
        if value is not None and value.dtype.kind not in KINDS[key]:
            raise HwgenError(f"{key} holds {value.dtype} values", where, "store labels as integers, a mask as booleans "
                             "and logits as real numbers")
    logits = optional["logits"]
    if logits is not None and not np.isfinite(logits).all():
        raise HwgenError(f"logits holds {logits[~np.isfinite(logits)][0]}", where, "look for a diverged training")
    found = arrays.get("limits")
    if found is None or found.shape != (len(fields(Limits)),):
        limits = Limits.of(batch, input_bits)
    else:
        nodes, edges, entries, degree, features = map(int, found[:5])
        mean_nodes, mean_edges, mean_entries = map(float, found[5:])
        limits = Limits(nodes=nodes, edges=edges, entries=entries, degree=degree, features=features,
                        mean_nodes=mean_nodes, mean_edges=mean_edges, mean_entries=mean_entries)
    return Sample(batch=batch, limits=limits, **optional)
