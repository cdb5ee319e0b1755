"""The fields of graphs, by the names that PyG and hwgen's files give them, and the one set of checks of all of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...errors import HwgenError
from ..equation import Labelled
from .arrays import array_of, integers_of, matrix_of
from .graphs import Graphs

__all__ = ["FIELDS", "MASKS", "WEIGHTS", "graphs_of_fields", "scale_of", "structure_of"]

Ints = NDArray[np.int64]

MASKS = ("train_mask", "val_mask", "test_mask")
CSR = ("features.indptr", "features.indices", "features.data", "features.shape")
#: Results of rows: of the quantized model in PyTorch, of FP32, of the integer program.
RESULTS = ("logits", "fp32", "integer")
#: What a field is called: by PyG first, then in archives.
NAMES: Mapping[str, tuple[str, ...]] = {
    "x": ("x", "features"), "edge_index": ("edge_index", "edges"), "batch": ("batch", "graph"),
    "graphs": ("num_graphs", "graphs"), "node": ("node", "n_id"), "y": ("y", "labels"),
    "train_mask": ("train_mask",), "val_mask": ("val_mask",), "test_mask": ("test_mask", "mask"),
    **{name: (name,) for name in RESULTS}, "limits": ("limits",), "input_scale": ("input_scale",),
    "accuracy_by_width": ("accuracy_by_width",),
    "seeds": ("batch_size",)}
#: Values of edges.
WEIGHTS = ("edge_weight", "edge_attr")
#: Every name that a field may have.
FIELDS = (*(name for names in NAMES.values() for name in names), *CSR, *WEIGHTS)
#: Most graphs without nodes.
EMPTY = 1 << 16
NUMBERS = "number the nodes within the batch, from 0 on"


class _Fields:
    """Fields by their own names, and places for errors."""

    def __init__(self, given: Mapping[str, Any], prefix: str) -> None:
        self.given, self.prefix = given, prefix
        self.used: dict[str, str] = {}
        for field, names in NAMES.items():
            found = [name for name in names if given.get(name) is not None]
            if len(found) > 1 and field != "graphs":
                raise HwgenError(f"both {found[0]} and {found[1]}", prefix.rstrip(".: "), f"leave out {found[1]}")
            if found:
                self.used[field] = found[0]

    def get(self, field: str) -> Any:
        return self.given.get(self.used.get(field, ""))

    def at(self, field: str) -> str:
        """Where a field is, in the user's words."""
        return self.prefix + self.used.get(field, NAMES[field][0])


def graphs_of_fields(given: Mapping[str, Any], prefix: str) -> Graphs:
    """Check one record of graphs: of one graph, or of a batch of them whose nodes may come in any order.

    Parameters
    ----------
    given : mapping
        By names of :data:`FIELDS`; other names and None do not count.
    prefix : str
        Of a field's place in errors: ``data[3].`` or ``graphs.npz: ``.

    Raises
    ------
    HwgenError
        The first field that is missing, of another kind or shape, or that does not fit the others.
    """
    fields = _Fields(given, prefix)
    features, scale = _features(fields)
    nodes = int(features.shape[0])
    edges, graph, graphs = _structure(fields, nodes)
    node = _numbers(fields, "node", None)
    if node is not None and node.shape != (nodes,):
        raise HwgenError(f"shape {node.shape} for {nodes} nodes", fields.at("node"), "give every node one")
    rows, domains = _rows(fields, nodes, graphs)
    asked = _seeds(fields, nodes)
    if (np.diff(graph) < 0).any():
        order = np.argsort(graph, kind="stable")
        rank = np.empty(nodes, np.int64)
        rank[order] = np.arange(nodes)
        features, edges, graph = csr_array(features[order]), rank[edges], graph[order]
        node = None if node is None else node[order]
        if domains == {"nodes"}:
            rows = {name: value[order] for name, value in rows.items()}
        asked = rank if asked is None else rank[asked]
    return Graphs(features=features, scale=scale, edges=edges, graph=graph, graphs=graphs, node=node,
                  labels=rows.get("y"), results={name: rows[name] for name in RESULTS if name in rows},
                  masks={name: rows[name] for name in MASKS if name in rows}, domains=domains, asked=asked,
                  limits=_limits(fields), accuracy_by_width=_by_width(fields),
                  weights=_weights(given, prefix, int(edges.shape[1])))


def structure_of(nodes: int, edge_index: Any, batch: Any, prefix: str) -> tuple[Ints, Ints, int]:
    """Edges, the graph of each node in the order given, and the number of graphs, checked like those of a record.

    Raises
    ------
    HwgenError
        As :func:`graphs_of_fields`.
    """
    return _structure(_Fields({"edge_index": edge_index, "batch": batch}, prefix), nodes)


def _structure(fields: _Fields, nodes: int) -> tuple[Ints, Ints, int]:
    edges = _numbers(fields, "edge_index", nodes)
    if edges is None:
        raise HwgenError("no edges", fields.at("edge_index"), "give int64 [2, e], sources above destinations")
    if edges.shape == (0,):
        edges = edges.reshape(2, 0)
    if edges.ndim != 2 or edges.shape[0] != 2:
        turn = ": turn it, edge_index.t()" if edges.ndim == 2 and edges.shape[1] == 2 else ""
        raise HwgenError(f"shape {edges.shape}, not (2, e)", fields.at("edge_index"),
                         f"give source nodes above destination nodes{turn}")
    graph, graphs = _membership(fields, nodes)
    apart = graph[edges[0]] != graph[edges[1]]
    if apart.any():
        place = int(np.flatnonzero(apart)[0])
        raise HwgenError(f"edge {place} joins nodes {int(edges[0, place])} and {int(edges[1, place])} of two graphs",
                         fields.at("edge_index"), NUMBERS)
    return edges, graph, graphs


def _features(fields: _Fields) -> tuple[csr_array, float | None]:
    scale = scale_of(fields.get("input_scale"), fields.at("input_scale"))
    if "x" in fields.used:
        if fields.used["x"] == "x" and scale is None:
            scale = 1.0
        return matrix_of(fields.get("x"), fields.at("x")), scale
    missing = [name for name in CSR if fields.given.get(name) is None]
    if missing:
        raise HwgenError("no features", fields.at("x"), "give one row of features a node" if len(missing) == len(CSR)
                         else f"store {missing[0]} too, or features dense")
    pointers, columns, shape, values = (read(fields.given[f"features.{name}"], f"{fields.prefix}features.{name}")
                                        for name, read in (("indptr", integers_of), ("indices", integers_of),
                                                           ("shape", integers_of), ("data", array_of)))
    if shape.shape != (2,) or shape.min() < 0 or pointers.shape != (shape[0] + 1,):
        raise HwgenError(f"{pointers.size} pointers for the shape {shape.tolist()}", fields.prefix + "features.shape",
                         "store nodes and features, and one pointer more than nodes")
    # SciPy looks at pointers only where the last one is not 0, and its C++ trusts them
    if pointers[0] != 0 or (np.diff(pointers) < 0).any() or not pointers[-1] == columns.size == values.size:
        raise HwgenError("features are not a CSR matrix: pointers do not ascend from 0 to the number of entries",
                         fields.prefix + "features.indptr",
                         "store indptr, indices, data and shape of scipy.sparse.csr_array")
    try:
        matrix = csr_array((values, columns, pointers), shape=tuple(shape.tolist()))
        matrix.check_format(full_check=True)
    except ValueError as error:
        raise HwgenError(f"features are not a CSR matrix: {error}", fields.prefix + "features.indptr",
                         "store indptr, indices, data and shape of scipy.sparse.csr_array") from None
    return matrix_of(matrix, fields.prefix + "features.data"), scale


def scale_of(given: object, where: str) -> float | None:
    """The real value of 1, as ``input_scale`` has it; a batch of graphs has one entry for each, all the same."""
    if given is None:
        return None
    found = np.unique(array_of(given, where).astype(np.float64))
    if len(found) != 1 or not np.isfinite(found[0]) or found[0] <= 0:
        raise HwgenError(f"input_scale is {', '.join(map(str, found[:3].tolist())) or 'empty'}", where,
                         "give one positive number for all graphs: the real value of 1")
    return float(found[0])


def _numbers(fields: _Fields, field: str, count: int | None) -> Ints | None:
    """Numbers from 0 to ``count - 1``; None: any."""
    given = fields.get(field)
    if given is None:
        return None
    found = integers_of(given, fields.at(field))
    if found.size and (found.min() < 0 or (count is not None and found.max() >= count)):
        worst = int(found.min()) if found.min() < 0 else int(found.max())
        name = fields.used[field]
        raise HwgenError(f"{name} names {worst}" if count is None else f"{name} names node {worst} of {count}",
                         fields.at(field), NUMBERS)
    return found


def _membership(fields: _Fields, nodes: int) -> tuple[Ints, int]:
    """The graph of each node, and the number of graphs."""
    graph = _numbers(fields, "batch", None)
    if graph is None:
        graph = np.zeros(nodes, np.int64)
    if graph.shape != (nodes,):
        raise HwgenError(f"shape {graph.shape} for {nodes} nodes", fields.at("batch"), "give the graph of every node")
    last = int(graph.max(initial=-1))
    given = fields.get("graphs")
    count = np.array(max(1, last + 1)) if given is None else integers_of(given, fields.at("graphs"))
    if count.size != 1 or not last < count.item() <= nodes + EMPTY:
        raise HwgenError(f"{count.tolist()} graphs, and the last of {nodes} nodes belongs to graph {last}",
                         fields.at("graphs"), "give the number of graphs")
    return graph, int(count.item())


def _rows(fields: _Fields, nodes: int, graphs: int) -> tuple[dict[str, NDArray[Any]], frozenset[Labelled]]:
    """Labels, masks and logits, and what their rows are: nodes, graphs, or either by their number."""
    found: dict[str, NDArray[Any]] = {name: _mask(fields, name, nodes) for name in MASKS if name in fields.used}
    found |= {name: _results(fields, name) for name in RESULTS if name in fields.used}
    if "y" in fields.used:
        found["y"] = _labels(fields)
    sizes: tuple[tuple[Labelled, int], ...] = ("nodes", nodes), ("graphs", graphs)
    domains: frozenset[Labelled] = frozenset({"nodes", "graphs"})
    for name, value in found.items():
        fit = frozenset(domain for domain, size in sizes if size == len(value))
        if not fit & domains:
            there = "1 graph" if graphs == 1 else f"{graphs} graphs"
            raise HwgenError(f"{len(value)} entries for {there} of {nodes} nodes", fields.at(name),
                             "give one for each graph, or one for each node")
        domains = fit & domains
    return found, domains


def _labels(fields: _Fields) -> NDArray[Any]:
    labels = array_of(fields.get("y"), fields.at("y"))
    labels = labels.reshape(1) if labels.ndim == 0 else labels
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim > 2:
        raise HwgenError(f"shape {labels.shape}", fields.at("y"), "give a label, or a row of labels, for each row")
    if labels.dtype.kind != "f":
        return integers_of(labels.astype(np.int64) if labels.dtype.kind == "b" else labels, fields.at("y"))
    if np.isinf(labels).any():
        raise HwgenError(f"labels hold {labels[np.isinf(labels)][0]}", fields.at("y"),
                         "give finite numbers, or NaN where a row has no label")
    return labels


def _results(fields: _Fields, name: str) -> NDArray[np.float64]:
    results = array_of(fields.get(name), fields.at(name))
    if results.ndim != 2 or results.dtype.kind != "f":
        raise HwgenError(f"{results.dtype} of shape {results.shape}", fields.at(name),
                         "give real numbers [rows, classes]")
    if not np.isfinite(results).all():
        raise HwgenError(f"{name} holds {results[~np.isfinite(results)][0]}", fields.at(name),
                         "look for a diverged training")
    return results


def _mask(fields: _Fields, name: str, nodes: int) -> NDArray[np.bool_]:
    """A mask of bool, of 0 and 1, or the numbers of the nodes that it has: bool [rows]."""
    mask = array_of(fields.get(name), fields.at(name))
    mask = mask.reshape(1) if mask.ndim == 0 else mask
    mask = mask[:, 0] if mask.ndim == 2 and mask.shape[1] == 1 else mask
    if mask.ndim != 1:
        raise HwgenError(f"shape {mask.shape}", fields.at(name),
                         f"choose one split of several, such as {fields.used[name]}[:, 0]")
    if mask.dtype.kind == "b":
        return mask
    if np.isin(mask, (0, 1)).all() and (len(mask) == nodes or len(np.unique(mask)) < len(mask)):
        return np.asarray(mask == 1)
    numbers = integers_of(mask, fields.at(name))
    if len(np.unique(numbers)) < len(numbers) or numbers.min(initial=0) < 0 or numbers.max(initial=0) >= nodes:
        raise HwgenError(f"{len(numbers)} numbers that are neither 0 and 1 nor those of some of {nodes} nodes",
                         fields.at(name), "give bool [n], or the numbers of nodes, each once")
    found = np.zeros(nodes, dtype=bool)
    found[numbers] = True
    return found


def _seeds(fields: _Fields, nodes: int) -> Ints | None:
    """The nodes that a neighbour loader's batch is about: its first ones."""
    given = fields.get("seeds")
    if given is None:
        return None
    count = integers_of(given, fields.at("seeds"))
    if count.size != 1 or not 0 < count.item() <= nodes:
        raise HwgenError(f"batch_size is {count.tolist()} for {nodes} nodes", fields.at("seeds"),
                         "give the number of nodes whose results are wanted: they come first")
    return np.arange(count.item())


def _weights(given: Mapping[str, Any], prefix: str, count: int) -> Mapping[str, NDArray[Any]]:
    found = {name: array_of(given[name], prefix + name) for name in WEIGHTS if given.get(name) is not None}
    for name, value in found.items():
        if value.ndim == 0 or len(value) != count:
            raise HwgenError(f"shape {value.shape} for {count} edges", prefix + name, "give every edge one")
    return found


def _limits(fields: _Fields) -> NDArray[np.float64] | None:
    given = fields.get("limits")
    if given is None:
        return None
    limits = array_of(given, fields.at("limits")).astype(np.float64)
    wrong = ~np.isfinite(limits) | (limits < 0) | (limits >= 1 << 53)
    if limits.shape not in ((8,), (11,)) or wrong.any():
        raise HwgenError(f"limits are {limits.tolist()}", fields.at("limits"),
                         "leave limits out: they are then those of the graphs")
    return limits


def _by_width(fields: _Fields) -> NDArray[np.float64] | None:
    given, where = fields.get("accuracy_by_width"), fields.at("accuracy_by_width")
    if given is None:
        return None
    found = array_of(given, where).astype(np.float64)
    good = found.ndim == 2 and found.shape[1:] == (3,)
    if good:
        widths, shares = found[:, 0].tolist(), found[:, 1:]
        good = len({*widths}) == len(widths) and {0} <= {*widths} <= {*range(9)} and bool(
            ((shares >= 0) & (shares <= 1)).all())
    if not good:
        raise HwgenError(f"accuracies by width are {found.tolist()}", where,
                         "give rows of a width, 0 to 8 bits, one of them 0, and two shares; or leave them out")
    return found
