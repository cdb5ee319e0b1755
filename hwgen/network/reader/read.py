"""Whatever holds graphs -> one record. PyG's classes are known by their attributes: nothing here imports torch."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ...errors import HwgenError
from ...kinds import shown
from ..batch import Batch
from ..sample import Sample
from .fields import FIELDS, graphs_of_fields
from .files import read_records
from .graphs import Graphs, join

__all__ = ["read_graphs"]

GIVE = "give PyG's Data with x and edge_index, a list or loader of them, or a .npz or .pt file of graphs"
#: Lists in lists that are looked into.
DEEPEST = 8


def read_graphs(given: Any, where: str = "data", *, least: int = 1, most: int | None = None) -> Graphs:
    """Read and check graphs, whatever holds them.

    Parameters
    ----------
    given : any
        PyG's Data or Batch; a mapping of their names; hwgen's Batch, Sample, Graphs or GraphSet; a path of a ``.npz``
        or ``.pt`` file; or what gives such one after another: a list, tuple, generator, data set or loader.
        Of PyG's: ``x`` [n, f], real values, or codes where there is an ``input_scale``; ``edge_index`` [2, e]; where
        there are several graphs ``batch`` [n], in any order; ``y``; ``train_mask``, ``val_mask`` and ``test_mask``,
        bool, or 0 and 1, or numbers of nodes; ``node`` or ``n_id`` [n], numbers of the trained nodes; ``batch_size`` of
        a neighbour loader, whose first nodes are those that count.
    where : str
        What users call it, for errors.
    least : int
        How many graphs there must be.
    most : int or None
        Stop after so many graphs.

    Raises
    ------
    HwgenError
        Anything else; too few graphs; the first field that is missing, of another kind or shape, or that does not fit
        the others.
    """
    parts: list[Graphs] = []
    count = 0
    for part in _parts(given, where, 0):
        parts.append(part)
        count += part.graphs
        if most is not None and count >= most:
            break
    if count < least:
        raise HwgenError("no graph", where, GIVE)
    if not count:
        return Graphs(features=csr_array((0, 0), dtype=np.int64), scale=None, edges=np.zeros((2, 0), np.int64),
                      graph=np.zeros(0, np.int64), graphs=0)
    found = join(parts, where)
    return found if most is None else found.part(0, most)


def _parts(given: Any, where: str, depth: int) -> Iterator[Graphs]:
    if isinstance(given, str | Path):
        records = read_records(Path(given))
        for index, record in enumerate(records):
            place = f"{given}" if len(records) == 1 else f"{given}: graph {index}"
            yield graphs_of_fields(_known(record, place), f"{place}: ")
    elif isinstance(given, Graphs):
        yield given
    elif isinstance(given, Sample):
        yield _of_batch(given.batch, labels=given.labels, mask=given.mask, logits=given.logits, fp32=given.fp32,
                        integer=given.integer, limits=given.limits.to_array(),
                        accuracy_by_width=given.accuracy_by_width)
    elif isinstance(given, Batch):
        yield _of_batch(given)
    elif hasattr(given, "as_graphs"):
        yield given.as_graphs()
    elif hasattr(given, "node_types"):
        raise HwgenError(f"a {type(given).__name__} has several kinds of nodes", where, GIVE)
    elif isinstance(given, Mapping):
        yield graphs_of_fields(_known(given, where), f"{where}.")
    elif hasattr(given, "to_dict"):
        yield graphs_of_fields(_of_data(given), f"{where}.")
    elif isinstance(given, Iterable) and not isinstance(given, bytes) and not hasattr(given, "dtype"):
        if depth == DEEPEST:
            raise HwgenError(f"lists in {DEEPEST} lists", where, GIVE)
        for index, each in enumerate(given):
            yield from _parts(each, f"{where}[{index}]", depth + 1)
    elif getattr(given, "edge_index", None) is not None:
        yield graphs_of_fields({name: getattr(given, name, None) for name in FIELDS}, f"{where}.")
    else:
        raise HwgenError(f"a {type(given).__name__} is no graph", where, GIVE)


def _known(record: Mapping[Any, Any], where: str) -> Mapping[str, Any]:
    """A record all of whose names have a meaning."""
    for name in record:
        if name not in FIELDS:
            raise HwgenError(f"{shown(name)} has no meaning", where, f"store only {', '.join(FIELDS)}")
    return record


def _of_data(data: Any) -> Mapping[str, Any]:
    """What PyG's Data or Batch holds; a Batch also knows of graphs without nodes."""
    fields: dict[str, Any] = data.to_dict()
    count = getattr(data, "_num_graphs", None)
    if count is None and fields.get("batch") is not None and fields.get("ptr") is not None:
        count = len(fields["ptr"]) - 1
    return fields if count is None else {**fields, "num_graphs": count}


def _of_batch(batch: Batch, **known: Any) -> Graphs:
    """A batch of hwgen's own, checked as if it were a user's."""
    return graphs_of_fields({"features": batch.features, "edges": batch.edges, "graph": batch.graph,
                             "graphs": batch.graphs, "node": batch.node, "edge_weight": batch.weight,
                             **known}, "batch.")
