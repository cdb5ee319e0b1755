"""Quantized graphs in a folder: ``graph.npz`` and ``graph.json``, readable without torch; and graphs from users.

Arrays are stored without pickling. The same graph gives the same bytes.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..errors import HwgenError
from .graph import GraphData, QuantGraph, QuantLayer, RowQuantizer

__all__ = ["FORMAT_VERSION", "feature_arrays", "load_graph", "load_graph_data", "npz_bytes", "read_facts",
           "read_features", "read_integers", "read_npz", "save_graph", "save_graph_data", "write_file"]

FORMAT_VERSION = 1
ARRAYS, FACTS = "graph.npz", "graph.json"

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
    write_file(folder / ARRAYS, npz_bytes(arrays))
    write_file(folder / FACTS, (json.dumps(facts, indent=2) + "\n").encode())


def load_graph(folder: Path) -> QuantGraph:
    """Read what :func:`save_graph` wrote, and verify it.

    Raises
    ------
    HwgenError
        If a file is missing, truncated, of another version, or holds a graph that does not verify.
    """
    where = str(folder / FACTS)
    facts = read_facts(folder / FACTS, "quantized graph", FORMAT_VERSION)
    arrays = read_npz(folder / ARRAYS)
    try:
        layers = tuple(_layer(arrays, index, layer) for index, layer in enumerate(facts["layers"]))
        graph = QuantGraph(name=str(facts["name"]), input_bits=int(facts["input_bits"]),
                           input_scale=float(facts["input_scale"]), layers=layers,
                           sample=_data(arrays, str(folder / ARRAYS)), trained_nodes=int(facts["trained_nodes"]))
    except (KeyError, TypeError) as error:
        raise HwgenError(f"entry {error} is missing or malformed", where, "build it again") from error
    graph.verify()
    return graph


def save_graph_data(data: GraphData, path: Path) -> None:
    """Write one graph as :func:`load_graph_data` reads it.

    Raises
    ------
    HwgenError
        If the file cannot be written.
    """
    write_file(path, npz_bytes(_data_arrays(data)))


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
    return _data(read_npz(path), str(path))


def _data_arrays(data: GraphData) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {"edges": data.edges, "node": data.node, **feature_arrays(data.features)}
    for key, value in (("labels", data.labels), ("test_mask", data.test_mask), ("logits", data.logits)):
        if value is not None:
            arrays[key] = value
    return arrays


def feature_arrays(matrix: csr_array) -> dict[str, NDArray[Any]]:
    """A feature matrix as :func:`read_features` takes it."""
    features = csr_array(matrix)
    features.sort_indices()
    return {"features.indptr": features.indptr.astype(np.int64),
            "features.indices": features.indices.astype(np.int64), "features.data": features.data,
            "features.shape": np.array(features.shape, dtype=np.int64)}


def _data(arrays: Arrays, where: str) -> GraphData:
    edges = read_integers(arrays, "edges", where)
    if edges.ndim != 2 or edges.shape[0] != 2:
        raise HwgenError(f"edges has shape {edges.shape}, not (2, e)", where,
                         "store source nodes above destination nodes")
    features = read_features(arrays, where)
    nodes = features.shape[0]
    node = read_integers(arrays, "node", where) if "node" in arrays else np.arange(nodes, dtype=np.int64)
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


def read_features(arrays: Arrays, where: str) -> csr_array:
    """Integer features, dense or in CSR form: int64 [n, f]."""
    if "features" in arrays:
        dense = read_integers(arrays, "features", where)
        if dense.ndim != 2:
            raise HwgenError(f"features has shape {dense.shape}, not (nodes, features)", where,
                             "store one row of integer codes per node")
        return csr_array(dense)
    parts = {key: read_integers(arrays, f"features.{key}", where) for key in ("data", "indices", "indptr", "shape")}
    try:
        matrix = csr_array((parts["data"], parts["indices"], parts["indptr"]), shape=tuple(parts["shape"].tolist()))
        matrix.check_format(full_check=True)
        matrix.sum_duplicates()
    except ValueError as error:
        raise HwgenError(f"features are not a CSR matrix: {error}", where,
                         "store indptr, indices, data and shape of scipy.sparse.csr_array") from error
    return matrix


def read_integers(arrays: Arrays, key: str, where: str) -> NDArray[np.int64]:
    """An integer array that must be there."""
    if key not in arrays:
        raise HwgenError(f"array {key} is missing", where, f"store {key}; there are {', '.join(sorted(arrays))}")
    value = arrays[key]
    if value.dtype.kind not in "iub":
        raise HwgenError(f"{key} is {value.dtype}, not integer", where, "store integer codes and indices")
    return value.astype(np.int64)


def _layer(arrays: Arrays, index: int, facts: Mapping[str, Any]) -> QuantLayer:
    def take(key: str) -> NDArray[Any]:
        return arrays[f"layers.{index}.{key}"]

    row = RowQuantizer(step=take("row_step"), bits=take("row_bits")) if facts["row"] else None
    return QuantLayer(
        path=str(facts["path"]), weight=take("weight"), weight_bits=int(facts["weight_bits"]),
        weight_step=take("weight_step"), message_bits=int(facts["message_bits"]), message_step=take("message_step"),
        bias=take("bias") if facts["bias"] else None, row=row,
    )


def npz_bytes(arrays: Arrays) -> bytes:
    """A compressed archive without time stamps; ``np.savez`` stamps the clock."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[key]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()


def read_facts(path: Path, what: str, version: int) -> dict[str, Any]:
    """Read a JSON object of a known version.

    Parameters
    ----------
    what : str
        What the file should hold, for messages.
    """
    where = str(path)
    try:
        facts = json.loads(path.read_text())
    except OSError as error:
        raise HwgenError(f"cannot read the {what}: {error.strerror}", where, "build it again") from error
    except ValueError as error:
        raise HwgenError(f"not JSON: {error}", where, "build it again") from error
    found = facts.get("version") if isinstance(facts, dict) else None
    if found != version:
        raise HwgenError(f"format version {found!r}, this hwgen reads {version}", where,
                         "build it again, or use the hwgen version that wrote it")
    return dict(facts)


def write_file(path: Path, content: bytes) -> None:
    """Write a file, in a folder made for it where it is missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise HwgenError(f"cannot write: {error.strerror}", str(path), "choose an output you may write") from error


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read an archive of plain arrays."""
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise HwgenError("one array, not an archive of them", str(path), "write it with numpy.savez")
            with archive:
                return {key: archive[key] for key in archive.files}
    except OSError as error:
        raise HwgenError(f"cannot read: {error.strerror or error}", str(path), "name an existing .npz file") from error
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise HwgenError(f"not an .npz of plain arrays: {error}", str(path),
                         "write it with numpy.savez, without object arrays") from error
