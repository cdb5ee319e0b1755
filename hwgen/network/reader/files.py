"""Files of graphs, ``.npz`` or ``.pt``: the same fields (:data:`.fields.FIELDS`), and in ``.pt`` a list of records."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import files
from ...errors import HwgenError, ToolError
from .graphs import Graphs

__all__ = ["fields_of", "load_tensors", "read_records"]

WRITE = "hwgen.save_graphs(graphs, path) writes one"


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
    content = load_tensors(path, WRITE)
    records = [content] if isinstance(content, Mapping) else content
    if not isinstance(records, list) or not records or not all(isinstance(each, Mapping) for each in records):
        raise HwgenError("not a list of graphs", str(path), WRITE)
    return records


def fields_of(graphs: Graphs) -> dict[str, NDArray[Any]]:
    """Graphs as arrays that :func:`read_records` gives again; of nodes that are not asked for, masks leave out all."""
    masks = {name: graphs.counted(name, graphs.domain) for name in graphs.masks or ("test_mask",)}
    known = {"node": graphs.node, "labels": graphs.labels, "limits": graphs.limits,
             "input_scale": None if graphs.scale is None else np.array(graphs.scale), **masks, **graphs.results,
             **graphs.weights}
    return {**files.feature_arrays(graphs.features), "edges": graphs.edges, "graph": graphs.graph,
            "graphs": np.array(graphs.graphs), **{name: value for name, value in known.items() if value is not None}}


def load_tensors(path: Path, fix: str) -> Any:
    """The content of a file of plain tensors; loading it runs no code.

    Raises
    ------
    HwgenError
        No such file, or one of something else.
    ToolError
        Torch is missing.
    """
    try:
        torch = import_module("torch")  # a host that runs builds need not have it
    except ImportError:
        raise ToolError("torch is missing, and a .pt file needs it", str(path),
                        "write the graphs as .npz where torch is: hwgen.save_graphs(graphs, 'graphs.npz')") from None
    files.check_archive(path, "not a file of plain tensors", fix)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a pickle that is cut or made up raises anything
        raise HwgenError("not a file of plain tensors", str(path),
                         f"loading a pickle would run code that it holds; {fix}") from error
