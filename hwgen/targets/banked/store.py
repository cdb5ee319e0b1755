"""Quantized graphs in a folder: ``graph.npz`` and ``graph.json``, readable without torch; graphs from users."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import files
from ...errors import HwgenError
from .chain import GraphData, QuantGraph, QuantLayer, RowQuantizer

__all__ = ["FORMAT_VERSION", "load_graph", "load_graph_data", "save_graph", "save_graph_data"]

FORMAT_VERSION = 1
STEM = "graph"

Arrays = Mapping[str, NDArray[Any]]


def save_graph(graph: QuantGraph, folder: Path) -> None:
    """Write a quantized graph; the folder is made if it is missing.

    Raises
    ------
    HwgenError
        If the folder cannot be written.
    """
    arrays = _data_arrays(graph.sample)
    layers = []
    for index, layer in enumerate(graph.layers):
        layers.append({"path": layer.path, "weight_bits": layer.weight_bits, "message_bits": layer.message_bits,
                       "bias": layer.bias is not None, "row": layer.row is not None})
        stem = f"layers.{index}"
        arrays[f"{stem}.weight"] = layer.weight
        arrays[f"{stem}.weight_step"] = layer.weight_step
        arrays[f"{stem}.message_step"] = layer.message_step
        if layer.bias is not None:
            arrays[f"{stem}.bias"] = layer.bias
        if layer.row is not None:
            arrays[f"{stem}.row_step"], arrays[f"{stem}.row_bits"] = layer.row.step, layer.row.bits
    facts = {"format": "hwgen quantized graph", "version": FORMAT_VERSION, "name": graph.name,
             "input_bits": graph.input_bits, "input_scale": graph.input_scale,
             "trained_nodes": graph.trained_nodes, "layers": layers}
    files.write_folder(folder, STEM, facts, arrays)


def load_graph(folder: Path) -> QuantGraph:
    """Read what :func:`save_graph` wrote, and verify it.

    Raises
    ------
    HwgenError
        If a file is missing, truncated, of another version, or holds a graph that does not verify.
    """
    facts, arrays = files.read_folder(folder, STEM, "quantized graph", FORMAT_VERSION)
    with files.malformed(str(folder / f"{STEM}.json")):
        layers = tuple(_layer(arrays, index, layer) for index, layer in enumerate(facts["layers"]))
        graph = QuantGraph(name=str(facts["name"]), input_bits=int(facts["input_bits"]),
                           input_scale=float(facts["input_scale"]), layers=layers,
                           sample=_data(arrays, str(folder / f"{STEM}.npz")), trained_nodes=int(facts["trained_nodes"]))
    graph.verify()
    return graph


def save_graph_data(data: GraphData, path: Path) -> None:
    """Write one graph as :func:`load_graph_data` reads it.

    Raises
    ------
    HwgenError
        If the file cannot be written.
    """
    files.write_npz(path, _data_arrays(data))


def load_graph_data(path: Path) -> GraphData:
    """Read a user's graph to run on a built design.

    Parameters
    ----------
    path : Path
        An ``.npz`` with ``edges`` int [2, e]; the input codes as ``features`` int [n, f], or in CSR form as
        ``features.indptr``, ``features.indices``, ``features.data`` and ``features.shape``; and where it differs
        from 0..n-1, ``node`` int [n], the trained node whose steps and bit widths each node takes. ``labels``,
        ``test_mask`` and ``logits`` are optional.

    Raises
    ------
    HwgenError
        If the file is missing, is not such an archive, holds pickled objects, or arrays that do not fit together.
    """
    return _data(files.read_npz(path), str(path))


def _data_arrays(data: GraphData) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {"edges": data.edges, "node": data.node, **files.feature_arrays(data.features)}
    for key, value in (("labels", data.labels), ("test_mask", data.test_mask), ("logits", data.logits)):
        if value is not None:
            arrays[key] = value
    return arrays


def _data(arrays: Arrays, where: str) -> GraphData:
    edges = files.read_edges(arrays, where)
    features = files.read_features(arrays, where)
    nodes = features.shape[0]
    node = files.read_integers(arrays, "node", where) if "node" in arrays else np.arange(nodes, dtype=np.int64)
    optional = {key: arrays.get(key) for key in ("labels", "test_mask", "logits")}
    for key, value in {"node": node, **optional}.items():
        if value is not None and (value.shape[:1] != (nodes,) or value.ndim != (2 if key == "logits" else 1)):
            raise HwgenError(f"{key} has shape {value.shape} for {nodes} nodes", where,
                             f"store one entry of {key} per row of features")
    labels, mask, logits = optional["labels"], optional["test_mask"], optional["logits"]
    return GraphData(
        features=features, edges=edges, node=node,
        labels=None if labels is None else labels.astype(np.int64),
        test_mask=None if mask is None else mask.astype(np.bool_),
        logits=None if logits is None else logits.astype(np.float64),
    )


def _layer(arrays: Arrays, index: int, facts: Mapping[str, Any]) -> QuantLayer:
    def take(key: str) -> NDArray[Any]:
        return arrays[f"layers.{index}.{key}"]

    row = RowQuantizer(step=take("row_step"), bits=take("row_bits")) if facts["row"] else None
    return QuantLayer(
        path=str(facts["path"]), weight=take("weight"), weight_bits=int(facts["weight_bits"]),
        weight_step=take("weight_step"), message_bits=int(facts["message_bits"]), message_step=take("message_step"),
        bias=take("bias") if facts["bias"] else None, row=row,
    )
