"""Files of plain tensors that users write themselves: weights of an FP32 model, and graphs. Loading runs no code.

Weights: ``torch.save(model.state_dict(), "net.pt")``. Graphs: :func:`save_graphs`, or docs/usage.md, "Files of graphs".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import HwgenError
from ...files import write_npz
from ...network.reader import read_graphs
from ...network.reader.files import fields_of, load_tensors
from ..copying import unwrapped

__all__ = ["load_weights", "save_graphs"]

#: What wrappers of PyTorch put before the names of weights.
WRAPPED = ("module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod.")


def load_weights(model: nn.Module, path: Path) -> None:
    """Give a module the weights of a file, all of them.

    Raises
    ------
    HwgenError
        Not a dictionary of tensors, or one of another module.
    """
    fix = "torch.save(model.state_dict(), path) writes one"
    content, model = load_tensors(path, fix), unwrapped(model)
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


def save_graphs(graphs: Any, path: Path | str) -> None:
    """Write a file of graphs that every verb reads: ``.npz``, or ``.pt``, by its name.

    Parameters
    ----------
    graphs : any
        Whatever holds graphs (:func:`hwgen.network.reader.read_graphs`).
    path : Path or str

    Raises
    ------
    HwgenError
        What the reader refuses, another name, or a path that cannot be written.
    """
    found, where = read_graphs(graphs, "graphs"), Path(path)
    found.check_rows(found.domain, "graphs")
    if where.suffix == ".npz":
        write_npz(where, fields_of(found))
    elif where.suffix == ".pt":
        try:
            torch.save({name: torch.from_numpy(value) for name, value in fields_of(found).items()}, where)
        except (OSError, RuntimeError) as error:
            raise HwgenError(f"cannot write: {error}", str(where), "choose an output you may write") from error
    else:
        raise HwgenError(f"a name ending in {where.suffix or 'nothing'}", str(where), "end it in .npz or .pt")
