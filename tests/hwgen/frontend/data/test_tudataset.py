"""Reading TUDataset's files, and unions of their graphs."""

from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import HwgenError
from hwgen.frontend.data.tudataset import degree_bucket, load_tudataset


def write(folder: Path, name: str, *, labels: bool) -> None:
    """A triangle, a path of four nodes, and two nodes without an edge."""
    raw = folder / name / "raw"
    raw.mkdir(parents=True)
    edges = [(1, 2), (2, 3), (3, 1), (4, 5), (5, 6), (6, 7)]
    both = [f"{a}, {b}" for a, b in edges] + [f"{b}, {a}" for a, b in edges]
    (raw / f"{name}_A.txt").write_text("\n".join(both) + "\n")
    (raw / f"{name}_graph_indicator.txt").write_text("\n".join("111222233") + "\n")
    (raw / f"{name}_graph_labels.txt").write_text("1\n-1\n1\n")
    if labels:
        (raw / f"{name}_node_labels.txt").write_text("\n".join("012012010"[:9]) + "\n")


def test_reads_labels_and_degrees(tmp_path: Path) -> None:
    write(tmp_path, "MUTAG", labels=True)
    write(tmp_path, "IMDB-BINARY", labels=False)
    known = sorted(path.name for path in (tmp_path / "MUTAG").rglob("*"))
    mutag, imdb = load_tudataset("MUTAG", tmp_path), load_tudataset("IMDB-BINARY", tmp_path)
    assert sorted(path.name for path in (tmp_path / "MUTAG").rglob("*")) == known  # the user's folder stays
    assert mutag.features.toarray().argmax(1).tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 0]
    assert imdb.features.toarray().argmax(1).tolist() == [2, 2, 2, 1, 2, 2, 1, 0, 0]
    assert (mutag.features.sum(axis=1) == 1).all()
    assert mutag.labels.tolist() == [1, 0, 1]
    assert mutag.classes == 2
    assert len(mutag) == 3


def test_coordinates_are_features_before_labels(tmp_path: Path) -> None:
    write(tmp_path, "COX2", labels=True)
    raw = tmp_path / "COX2" / "raw"
    (raw / "COX2_node_attributes.txt").write_text("\n".join(f"{n}.5, -{n}, 0" for n in range(9)) + "\n")
    found = load_tudataset("COX2", tmp_path)
    assert found.features.toarray()[4].tolist() == [4.5, -4, 0, 0, 1, 0]
    assert found[1].x[0].tolist() == [3.5, -3, 0, 1, 0, 0]


def test_union_takes_graphs_in_order(tmp_path: Path) -> None:
    write(tmp_path, "MUTAG", labels=True)
    graphs = load_tudataset("MUTAG", tmp_path)
    union = graphs.union([2, 1, 0, 1])
    assert union.graph.tolist() == [0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]
    assert union.features.toarray().argmax(1).tolist() == [1, 0, 0, 1, 2, 0, 0, 1, 2, 0, 1, 2, 0]
    path = {(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)}
    triangle = {(0, 1), (1, 0), (1, 2), (2, 1), (2, 0), (0, 2)}
    want = {(a + start, b + start) for start, part in ((2, path), (6, triangle), (9, path)) for a, b in part}
    assert {tuple(map(int, pair)) for pair in union.edges.T} == want
    assert union.edges.shape[1] == len(want)
    one = graphs[1]
    assert one.x.shape == (4, 3)
    assert {tuple(map(int, pair)) for pair in one.edge_index.T} == path
    assert graphs.union([]).num_nodes == 0


def test_degree_buckets_grow() -> None:
    degree = np.arange(4000)
    bucket = degree_bucket(degree)
    assert (bucket[:9] == degree[:9]).all()
    assert (np.diff(bucket) >= 0).all()
    assert (np.diff(bucket) <= 1).all()
    assert bucket[-1] == 9 + int(4 * np.log2(3999 / 9))


def test_missing_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("torch_geometric.datasets.TUDataset.download", refuse)
    with pytest.raises(HwgenError, match="MUTAG is not there and cannot be downloaded"):
        load_tudataset("MUTAG", tmp_path)
