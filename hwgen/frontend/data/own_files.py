"""Files of plain tensors that users write themselves: weights of an FP32 model, and graphs. Loading runs no code.

Weights: ``torch.save(model.state_dict(), "net.pt")``.

Graphs: ``torch.save`` of a list of dictionaries, one for each graph::

    x            integers from 0, at most 8 bits [n, f]
    edge_index   int64 [2, e]
    y            int64 [1], or [n] where nodes are classified; may be left out, as may masks bool [n]
    input_scale  float, the real value of 1; the same for all; default 1
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ...errors import HwgenError
from ..copying import unwrapped

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["load_graph_file", "load_weights", "save_graph_file"]

#: What wrappers of PyTorch put before the names of weights.
WRAPPED = ("module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod.")
KEYS = ("x", "edge_index", "y", "train_mask", "val_mask", "test_mask", "input_scale")


def load_weights(model: nn.Module, path: Path) -> None:
    """Give a module the weights of a file, all of them.

    Raises
    ------
    HwgenError
        Not a dictionary of tensors, or one of another module.
    """
    fix = "torch.save(model.state_dict(), path) writes one"
    content, model = _load(path, fix), unwrapped(model)
    if not isinstance(content, dict) or not all(isinstance(each, Tensor) for each in content.values()):
        inner = [key for key, each in content.items() if isinstance(each, dict)] if isinstance(content, dict) else []
        raise HwgenError("not a dictionary of tensors", str(path), fix if not inner else
                         f"save the weights alone: torch.save(torch.load(path)[{inner[0]!r}], other_path)")
    for key, tensor in content.items():
        if not isinstance(key, str):
            raise HwgenError(f"key {key!r} is not the name of a weight", str(path), fix)
        if tensor.is_complex():
            raise HwgenError(f"{key} is complex", str(path), "use real weights: hardware has no complex numbers")
    known = model.state_dict()
    for prefix in WRAPPED:  # saved from a wrapper
        inside = {key.removeprefix(prefix): each for key, each in content.items() if key.startswith(prefix)}
        if inside and inside.keys() <= known.keys():
            content = inside
    try:
        model.load_state_dict(content)
    except RuntimeError as error:
        first = next(line.strip() for line in str(error).splitlines()[1:])
        raise HwgenError(f"weights of another module: {first}", str(path),
                         "name the module, with the arguments, that the weights were saved from") from error


def save_graph_file(graphs: Iterable[Data], path: Path | str) -> None:
    """Write graphs as a list of dictionaries, as :func:`load_graph_file` reads them."""
    content = []
    for graph in graphs:
        found = {key: getattr(graph, key, None) for key in KEYS}
        content.append({key: value for key, value in found.items() if value is not None})
    torch.save(content, path)


def load_graph_file(path: Path) -> list[Data]:
    """Read graphs.

    Raises
    ------
    HwgenError
        Not a list of dictionaries, none, or one that lacks ``x`` or ``edge_index`` or has other shapes.
    """
    from torch_geometric.data import Data

    fix = "hwgen.frontend.data.own_files.save_graph_file(graphs, path) writes one"
    content = _load(path, fix)
    if not isinstance(content, list) or not content or not all(isinstance(each, dict) for each in content):
        raise HwgenError("not a list of graphs", str(path), fix)
    graphs = []
    for index, each in enumerate(content):
        for key, rank in (("x", 2), ("edge_index", 2)):
            value = each.get(key)
            if not isinstance(value, Tensor) or value.ndim != rank:
                raise HwgenError(f"{key} is not a matrix", f"{path}: graph {index}", fix)
        if each["edge_index"].shape[0] != 2 or each["edge_index"].is_floating_point():
            raise HwgenError(f"edge_index of {each['edge_index'].dtype} {tuple(each['edge_index'].shape)}",
                             f"{path}: graph {index}", "give int64 [2, e], sources above destinations")
        graphs.append(Data(**{key: each[key] for key in KEYS if key in each}))
    return graphs


def _load(path: Path, fix: str) -> Any:
    try:
        with path.open("rb"):
            pass
        if not zipfile.is_zipfile(path):
            raise HwgenError("not a file of plain tensors", str(path), fix)
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise HwgenError(f"cannot read it: {error.strerror}", str(path), "name an existing file") from error
    except (pickle.UnpicklingError, RuntimeError, ValueError, KeyError, IndexError, EOFError) as error:
        raise HwgenError("not a file of plain tensors", str(path),
                         f"loading a pickle would run code that it holds; {fix}") from error
