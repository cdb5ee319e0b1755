"""Graphs in one ``.npz``: of a checkpoint, of a build, of a run, and a user's own. docs/formats.md has the keys."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import files
from ..errors import HwgenError
from .batch import Batch
from .sample import Limits, Sample

__all__ = ["batch_arrays", "load_sample", "sample_arrays", "sample_of", "save_sample"]

Arrays = Mapping[str, NDArray[Any]]

#: What may be known of rows of results: kinds of its numbers, and dimensions.
_KNOWN = {"labels": ("biuf", (1, 2)), "mask": ("b", (1,)), "logits": ("f", (2,)), "fp32": ("f", (2,)),
          "integer": ("f", (2,))}
_CSR = tuple(f"features.{part}" for part in ("indptr", "indices", "data", "shape"))
_KEYS = ("edges", "features", *_CSR, "graph", "graphs", "node", *_KNOWN, "limits")


def save_sample(sample: Sample, path: Path) -> None:
    """Write a sample.

    Raises
    ------
    HwgenError
        If the file cannot be written.
    """
    files.write_npz(path, sample_arrays(sample))


def load_sample(path: Path, input_bits: int) -> Sample:
    """Read what :func:`save_sample` wrote, or a file of a user's own.

    Parameters
    ----------
    path : Path
        An ``.npz`` with ``edges`` int [2, e], sources above destinations; the input codes as ``features`` int [n, f],
        or in CSR form as ``features.indptr``, ``features.indices``, ``features.data`` and ``features.shape``; for more
        than one graph ``graph`` int [n], ascending, the graph of each node, and where graphs at the end have no nodes,
        ``graphs``, their number; for quantizers per node, ``node`` int [n], the number of each among the trained ones
        where that is not its own. Optional, with an entry for each row of results: ``labels`` (NaN: none), ``mask``,
        ``fp32`` and ``logits``, the results of the FP32 and of the quantized model.
    input_bits : int
        Of the model; limits that the file lacks are those of its graphs.

    Raises
    ------
    HwgenError
        If the file is missing, is not such an archive, holds pickled objects, arrays of other names, or arrays that do
        not fit together.
    """
    return sample_of(files.read_npz(path), str(path), input_bits)


def batch_arrays(batch: Batch) -> dict[str, NDArray[Any]]:
    """Graphs as arrays by name."""
    return {**files.feature_arrays(batch.features), "edges": batch.edges, "graph": batch.graph,
            "graphs": np.array([batch.graphs], dtype=np.int64), "node": batch.node}


def sample_arrays(sample: Sample) -> dict[str, NDArray[Any]]:
    """A sample as arrays by name."""
    arrays = batch_arrays(sample.batch)
    for key in _KNOWN:
        value = getattr(sample, key)
        if value is not None:
            arrays[key] = value
    arrays["limits"] = np.array(list(asdict(sample.limits).values()), dtype=np.float64)
    return arrays


def sample_of(arrays: Arrays, where: str, input_bits: int) -> Sample:
    """Inverse of :func:`sample_arrays`; ``where`` is for errors."""
    unknown = sorted(set(arrays) - set(_KEYS))
    if unknown:
        raise HwgenError(f"array {unknown[0]} has no meaning", where, f"store only {', '.join(_KEYS)}")
    batch = _batch_of(arrays, where)
    known = {key: arrays.get(key) for key in _KNOWN}
    for key, value in known.items():
        if value is None:
            continue
        kinds, dimensions = _KNOWN[key]
        if value.ndim not in dimensions:
            raise HwgenError(f"{key} has shape {value.shape}", where,
                             f"store {key} with {' or '.join(map(str, dimensions))} dimensions")
        if len(value) not in (batch.num_nodes, batch.graphs):
            raise HwgenError(f"{len(value)} {key} for {batch.graphs} graphs of {batch.num_nodes} nodes", where,
                             f"store one entry of {key} for each graph, or for each node")
        if value.dtype.kind not in kinds:
            raise HwgenError(f"{key} holds {value.dtype} values", where, "store labels as numbers, a mask as booleans "
                             "and logits as real numbers")
        if key != "labels" and not np.isfinite(value).all():
            raise HwgenError(f"{key} holds {value[~np.isfinite(value)][0]}", where, "look for a diverged training")
    return Sample(batch=batch, limits=_limits_of(arrays.get("limits"), batch, input_bits), **known)


def _limits_of(found: NDArray[Any] | None, batch: Batch, input_bits: int) -> Limits:
    if found is None or found.shape != (len(fields(Limits)),):
        return Limits.of(batch, input_bits)
    nodes, edges, entries, degree, features = map(int, found[:5])
    mean_nodes, mean_edges, mean_entries = map(float, found[5:])
    return Limits(nodes=nodes, edges=edges, entries=entries, degree=degree, features=features, mean_nodes=mean_nodes,
                  mean_edges=mean_edges, mean_entries=mean_entries)


def _batch_of(arrays: Arrays, where: str) -> Batch:
    """The graphs.

    Raises
    ------
    HwgenError
        If an array is missing, or they do not fit together.
    """
    features = files.read_features(arrays, where)
    nodes = int(features.shape[0])
    edges = files.read_edges(arrays, where)
    absent = {"graph": np.zeros(nodes, dtype=np.int64), "node": np.arange(nodes, dtype=np.int64)}
    rows = {key: files.read_integers(arrays, key, where) if key in arrays else value for key, value in absent.items()}
    for key, value in rows.items():
        if value.shape != (nodes,):
            raise HwgenError(f"{key} has shape {value.shape} for {nodes} nodes", where,
                             f"store one entry of {key} per row of features")
        if value.size and value.min() < 0:
            raise HwgenError(f"{key} names {int(value.min())}", where, "number from 0 on")
    graph = rows["graph"]
    last = int(graph.max(initial=-1))
    graphs = files.read_integers(arrays, "graphs", where) if "graphs" in arrays else np.array(max(1, last + 1))
    if graphs.size != 1 or graphs.item() <= last:
        raise HwgenError(f"graphs is {graphs.tolist()}, and the last node belongs to graph {last}", where,
                         "store the number of graphs")
    if (np.diff(graph) < 0).any():
        raise HwgenError("the nodes of a graph do not follow one another", where, "store nodes graph by graph")
    if edges.size and (edges.min() < 0 or edges.max() >= nodes):
        worst = int(edges.min()) if edges.min() < 0 else int(edges.max())
        raise HwgenError(f"an edge names node {worst} of {nodes}", where, "number nodes within the batch, from 0 on")
    if (graph[edges[0]] != graph[edges[1]]).any():
        at = int(np.flatnonzero(graph[edges[0]] != graph[edges[1]])[0])
        raise HwgenError(f"edge {at} joins nodes {int(edges[0, at])} and {int(edges[1, at])} of two graphs", where,
                         "number nodes within the batch, from 0 on")
    return Batch(features=features, edges=edges, graph=graph, graphs=graphs.item(), node=rows["node"])
