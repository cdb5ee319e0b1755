"""Read a checkpoint into the quantized graph, trusting nothing in it."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from ..errors import HwgenError
from .chain import GraphData, QuantGraph, QuantLayer, RowQuantizer

__all__ = ["FORMAT", "NETWORK_VERSION", "SAVE", "VERSION", "graph_from", "load", "open_checkpoint"]

FORMAT, VERSION = "hwgen", 1
NETWORK_VERSION = 2  # of checkpoints that hold a network (network/checkpoint.py)

SAVE = "write one with hwgen train, or with hwgen.save"


def load(path: Path | str) -> QuantGraph:
    """Load and check a checkpoint.

    Raises
    ------
    HwgenError
        Not a checkpoint, a pickled module, a truncated file, another format version, or contents that are missing, of
        the wrong type, not finite or out of range; names the layer and key.
    """
    return graph_from(open_checkpoint(Path(path), VERSION), str(path))


def graph_from(content: dict[str, Any], where: str) -> QuantGraph:
    """Check what :func:`open_checkpoint` found in a file of version 1; ``where`` is for errors."""
    try:
        graph = _graph(content)
        graph.verify()
    except HwgenError as error:
        raise HwgenError(error.what, f"{where}: {error.where}", error.fix) from error
    return graph


def open_checkpoint(path: Path, *versions: int) -> dict[str, Any]:
    """The dictionary in a checkpoint of one of some versions, not yet checked further.

    Raises
    ------
    HwgenError
        Not a checkpoint, a pickled module, a truncated file, or another format version.
    """
    where = str(path)
    try:
        with path.open("rb") as file:
            head = file.read(4)
        whole = zipfile.is_zipfile(path)
    except OSError as error:
        raise HwgenError(f"cannot read the checkpoint: {error.strerror}", where,
                         "name an existing checkpoint file, such as model.pt") from error
    if head[:1] == b"\x80":
        raise _pickled(where)
    if not head:
        raise HwgenError("the file is empty", where, "write or copy it again")
    if head != b"PK\x03\x04":
        raise HwgenError("not a checkpoint", where, SAVE)
    try:
        if not whole:
            raise zipfile.BadZipFile("no directory at its end")
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
        if broken is not None:
            raise zipfile.BadZipFile(f"{broken} is damaged")
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise HwgenError(f"the file is truncated or damaged ({error})", where, "write or copy it again") from error
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _pickled(where) from error
    except (RuntimeError, ValueError, KeyError, EOFError) as error:
        raise HwgenError("not a checkpoint", where, SAVE) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise HwgenError("a PyTorch file, but not an hwgen checkpoint", where, SAVE)
    if content.get("version") not in versions:
        raise HwgenError(f"unknown format version {content.get('version')!r}", f"{where}: version",
                         f"version {' or '.join(map(str, versions))} is read here: use the hwgen that wrote the file, "
                         "or save it again")
    return content


def _pickled(where: str) -> HwgenError:
    return HwgenError("a pickled Python object, not a checkpoint", where,
                      "loading a pickle runs code that it holds: write the model with hwgen.save instead")


def _graph(content: dict[str, Any]) -> QuantGraph:
    given = _get(content, "input", dict, "")
    graph = _get(content, "graph", dict, "")
    layers = [_layer(each, f"layers[{index}]") for index, each in enumerate(_get(content, "layers", list, ""))]
    if not layers:
        raise HwgenError("no layers", "layers", SAVE)
    scale = _get(given, "scale", float, "input")
    if not np.isfinite(scale) or scale <= 0:
        raise HwgenError(f"scale is {scale}", "input.scale", SAVE)
    bits = _get(given, "bits", int, "input")
    if not 1 <= bits <= 8:
        raise HwgenError(f"bit width {bits} is out of range", "input.bits", "use 1 to 8 bits")
    features = _features(_get(graph, "features", dict, "graph"))
    nodes = features.shape[0]
    sample = GraphData(
        features=features, edges=_ints(graph, "edges", "graph", (2, None)),
        node=_ints(graph, "node", "graph", (nodes,)),
        labels=_ints(graph, "labels", "graph", (nodes,)) if graph.get("labels") is not None else None,
        test_mask=_mask(graph, "test_mask", nodes),
        logits=_floats(graph, "logits", "graph", (nodes, layers[-1].weight.shape[1])))
    rows = [layer.row.bits.shape[0] for layer in layers if layer.row is not None]
    return QuantGraph(name=_get(content, "name", str, ""), input_bits=bits, input_scale=scale, layers=tuple(layers),
                      sample=sample, trained_nodes=rows[0] if rows else nodes)


def _layer(given: Any, where: str) -> QuantLayer:
    if not isinstance(given, dict):
        raise HwgenError(f"{type(given).__name__} is not a layer", where, SAVE)
    where = path = _get(given, "path", str, where)
    weight = _ints(given, "weight", where, (None, None))
    shape = (weight.shape[1],)
    row = given.get("row")
    if row is not None and not isinstance(row, dict):
        raise HwgenError(f"{type(row).__name__} is not a row quantizer", f"{where}.row", SAVE)
    return QuantLayer(
        path=path, weight=weight, weight_bits=_get(given, "weight_bits", int, where),
        weight_step=_floats(given, "weight_step", where, shape),
        message_bits=_get(given, "message_bits", int, where),
        message_step=_floats(given, "message_step", where, shape),
        bias=_floats(given, "bias", where, shape) if given.get("bias") is not None else None,
        row=None if row is None else RowQuantizer(step=_floats(row, "step", f"{where}.row", (None,)),
                                                  bits=_ints(row, "bits", f"{where}.row", (None,))))


def _features(given: dict[str, Any]) -> csr_array:
    where = "graph.features"
    pointers, columns = _ints(given, "pointers", where, (None,)), _ints(given, "columns", where, (None,))
    codes, width = _ints(given, "codes", where, columns.shape), _get(given, "width", int, where)
    ordered = len(pointers) > 0 and pointers[0] == 0 and pointers[-1] == len(columns) and (np.diff(pointers) >= 0).all()
    if not ordered:
        raise HwgenError("row pointers do not fit the columns", f"{where}.pointers", SAVE)
    if columns.size and (columns.min() < 0 or columns.max() >= width):
        wrong = columns[(columns < 0) | (columns >= width)][0]
        raise HwgenError(f"feature index {wrong} is out of range for {width} features", f"{where}.columns", SAVE)
    return csr_array((codes, columns, pointers), shape=(len(pointers) - 1, width))


def _get(given: dict[str, Any], key: str, kind: type, where: str) -> Any:
    value = given.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        found = "missing" if key not in given else f"{type(value).__name__} instead of {kind.__name__}"
        raise HwgenError(f"{key} is {found}", f"{where}.{key}".lstrip("."), SAVE)
    return value


def _tensor(given: dict[str, Any], key: str, where: str, shape: tuple[int | None, ...]) -> Tensor:
    value: Tensor = _get(given, key, Tensor, where)
    fits = value.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, value.shape, strict=True))
    if not fits:
        wanted = ", ".join("any" if each is None else str(each) for each in shape)
        raise HwgenError(f"{key} has shape {tuple(value.shape)}, not ({wanted})", f"{where}.{key}", SAVE)
    if value.is_floating_point() and not bool(torch.isfinite(value).all()):
        raise HwgenError(f"{key} holds {float(value[~torch.isfinite(value)][0])}", f"{where}.{key}",
                         "train again with a lower learning rate")
    return value


def _ints(given: dict[str, Any], key: str, where: str, shape: tuple[int | None, ...]) -> NDArray[np.int64]:
    value = _tensor(given, key, where, shape)
    if value.is_floating_point() or value.is_complex() or value.dtype == torch.bool:
        raise HwgenError(f"{key} holds {value.dtype} values, not integers", f"{where}.{key}", SAVE)
    return value.numpy().astype(np.int64)


def _floats(given: dict[str, Any], key: str, where: str, shape: tuple[int | None, ...]) -> NDArray[np.float64]:
    value = _tensor(given, key, where, shape)
    if not value.is_floating_point():
        raise HwgenError(f"{key} holds {value.dtype} values, not real numbers", f"{where}.{key}", SAVE)
    return value.numpy().astype(np.float64)


def _mask(given: dict[str, Any], key: str, nodes: int) -> NDArray[np.bool_] | None:
    if given.get(key) is None:
        return None
    value = _tensor(given, key, "graph", (nodes,))
    if value.dtype != torch.bool:
        raise HwgenError(f"{key} holds {value.dtype} values, not booleans", f"graph.{key}", SAVE)
    return value.numpy()
