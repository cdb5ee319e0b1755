"""Files of graphs: ``.npz`` archives and ``.pt`` files hold the same fields, in one record or one for each graph."""

import pickle
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ... import files
from ...errors import HwgenError, ToolError

__all__ = ["read_records"]

WRITE = "hwgen.save_graphs(graphs, 'graphs.npz') writes one"


def read_records(path: Path) -> Sequence[Mapping[str, Any]]:
    """The records of a file, not yet checked.

    Raises
    ------
    HwgenError
        No such file, another kind of file, or one that unpacks to far more than it seems.
    ToolError
        A ``.pt`` file where torch is missing.
    """
    if path.suffix == ".npz":
        return [files.read_npz(path)]
    if path.suffix != ".pt":
        raise HwgenError("not a file of graphs", str(path), f"name a .npz or .pt file: {WRITE}")
    content = _load(path)
    records = [content] if isinstance(content, Mapping) else content
    if not isinstance(records, list) or not records or not all(isinstance(each, Mapping) for each in records):
        raise HwgenError("not a list of graphs", str(path), WRITE)
    return records


def _load(path: Path) -> Any:
    try:
        torch = import_module("torch")  # a host that runs builds need not have it
    except ImportError:
        raise ToolError("torch is missing, and a .pt file needs it", str(path),
                        "write the graphs as .npz where torch is: hwgen.save_graphs(graphs, 'graphs.npz')") from None
    files.check_archive(path, "not a file of plain tensors", WRITE)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, KeyError, IndexError, EOFError, TypeError,
            AttributeError) as error:
        raise HwgenError("not a file of plain tensors", str(path),
                         f"loading a pickle would run code that it holds; {WRITE}") from error
