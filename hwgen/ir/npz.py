"""The quantized graph as one ``.npz`` file: what a build folder keeps, so that packing needs no torch."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..errors import HwgenError
from .graph import GraphData, QuantGraph, QuantLayer, RowQuantizer

__all__ = ["from_bytes", "read_graph", "to_bytes", "write_arrays"]

VERSION = 1
Arrays = dict[str, NDArray[Any]]


def to_bytes(graph: QuantGraph) -> bytes:
    """Write a quantized graph; the same graph gives the same bytes."""
    facts: dict[str, Any] = {"version": VERSION, "name": graph.name, "input_bits": graph.input_bits,
                             "input_scale": graph.input_scale, "trained_nodes": graph.trained_nodes, "layers": []}
    arrays = _graph_arrays(graph.sample)
    for index, layer in enumerate(graph.layers):
        facts["layers"].append({"path": layer.path, "weight_bits": layer.weight_bits,
                                "message_bits": layer.message_bits})
        values = {"weight": layer.weight, "weight_step": layer.weight_step, "message_step": layer.message_step,
                  "bias": layer.bias, "row_step": layer.row.step if layer.row else None,
                  "row_bits": layer.row.bits if layer.row else None}
        arrays |= {f"layer{index}.{key}": value for key, value in values.items() if value is not None}
    arrays["facts"] = np.array(json.dumps(facts, sort_keys=True))
    return write_arrays(arrays)


def from_bytes(content: bytes, where: str) -> QuantGraph:
    """Inverse of :func:`to_bytes`.

    Raises
    ------
    HwgenError
        Not such a file, or of another version.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        facts = json.loads(str(arrays["facts"]))
        version = facts["version"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise HwgenError(f"not a quantized graph: {error}", where, "build again") from None
    if version != VERSION:
        raise HwgenError(f"format version {version} is unknown", where, f"use the hwgen that wrote it; this one "
                                                                        f"reads version {VERSION}")
    layers = []
    for index, layer in enumerate(facts["layers"]):
        def part(key: str, index: int = index) -> NDArray[Any] | None:
            return arrays.get(f"layer{index}.{key}")

        step, bits = part("row_step"), part("row_bits")
        layers.append(QuantLayer(
            **layer, weight=arrays[f"layer{index}.weight"], weight_step=arrays[f"layer{index}.weight_step"],
            message_step=arrays[f"layer{index}.message_step"], bias=part("bias"),
            row=RowQuantizer(step=step, bits=bits) if step is not None and bits is not None else None))
    graph = QuantGraph(name=facts["name"], input_bits=facts["input_bits"], input_scale=facts["input_scale"],
                       layers=tuple(layers), sample=_graph(arrays, where), trained_nodes=facts["trained_nodes"])
    graph.verify()
    return graph


def read_graph(path: Path, trained_nodes: int) -> GraphData:
    """Read a user's own graph from an ``.npz`` file.

    ``edges`` [2, e] and ``features`` [n, f] are needed; large features may come as CSR in ``features_data``,
    ``features_indices``, ``features_indptr`` and ``features_shape``. ``node`` [n] says which trained node's steps and
    bit widths each node takes; it may be left out where the graph has the trained nodes. ``labels`` [n],
    ``test_mask`` [n] and ``logits`` [n, c] are optional.

    Raises
    ------
    HwgenError
        Missing or malformed arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except FileNotFoundError:
        raise HwgenError("there is no such file", str(path), "give the path of a graph's .npz file") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise HwgenError(f"not a graph: {error}", str(path), "write it with numpy.savez: edges, features") from None
    if "features" in arrays:
        dense = arrays.pop("features")
        if dense.ndim != 2 or not (np.asarray(dense) == np.rint(dense)).all():
            raise HwgenError(f"features of shape {dense.shape} are not an integer matrix", f"{path}: features",
                             "give integer input codes, one row a node")
        matrix = csr_array(dense.astype(np.int64))
        arrays |= {"features_data": matrix.data, "features_indices": matrix.indices,
                   "features_indptr": matrix.indptr, "features_shape": np.array(matrix.shape)}
    if "features_shape" not in arrays or "edges" not in arrays:
        raise HwgenError(f"the file has {', '.join(sorted(arrays)) or 'no arrays'}", str(path),
                         "give edges and features")
    nodes = int(arrays["features_shape"][0])
    if "node" not in arrays:
        if nodes != trained_nodes:
            raise HwgenError(f"{nodes} nodes, but the model was trained on {trained_nodes}", f"{path}: node",
                             "add an array node: for each node, the trained node whose bit width it takes")
        arrays["node"] = np.arange(nodes)
    if arrays["edges"].ndim != 2 or arrays["edges"].shape[0] != 2:
        raise HwgenError(f"edges have shape {arrays['edges'].shape}", f"{path}: edges",
                         "give sources above destinations: [2, e]")
    return _graph(arrays, str(path))


def _graph_arrays(data: GraphData) -> Arrays:
    arrays: Arrays = {"edges": data.edges, "node": data.node, "features_data": data.features.data,
                      "features_indices": data.features.indices.astype(np.int64),
                      "features_indptr": data.features.indptr.astype(np.int64),
                      "features_shape": np.array(data.features.shape, np.int64)}
    for key in ("labels", "test_mask", "logits"):
        if (value := getattr(data, key)) is not None:
            arrays[key] = value
    return arrays


def _graph(arrays: Arrays, where: str) -> GraphData:
    nodes = int(arrays["features_shape"][0])
    for key in ("node", "labels", "test_mask", "logits"):
        if key in arrays and arrays[key].shape[0] != nodes:
            raise HwgenError(f"{key} has {arrays[key].shape[0]} entries for {nodes} nodes", f"{where}: {key}",
                             "give one a node")
    try:
        features = csr_array((arrays["features_data"].astype(np.int64), arrays["features_indices"],
                              arrays["features_indptr"]), shape=tuple(arrays["features_shape"].tolist()))
        features.check_format()
    except (KeyError, ValueError) as error:
        raise HwgenError(f"features are no CSR matrix: {error}", f"{where}: features", "see docs/usage.md") from None
    labels, mask, logits = (arrays.get(key) for key in ("labels", "test_mask", "logits"))
    return GraphData(features=features, edges=arrays["edges"].astype(np.int64), node=arrays["node"].astype(np.int64),
                     labels=None if labels is None else labels.astype(np.int64),
                     test_mask=None if mask is None else mask.astype(np.bool_),
                     logits=None if logits is None else logits.astype(np.float64))


def write_arrays(arrays: Arrays) -> bytes:
    """``numpy.savez`` with a fixed time stamp and order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in sorted(arrays):
            part = io.BytesIO()
            np.save(part, np.ascontiguousarray(arrays[key]) if arrays[key].ndim else arrays[key])
            archive.writestr(zipfile.ZipInfo(f"{key}.npy", (1980, 1, 1, 0, 0, 0)), part.getvalue(),
                             zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


