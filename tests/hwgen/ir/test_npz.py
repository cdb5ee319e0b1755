"""Quantized graphs survive the way through a file; wrong files are refused."""

import re
from pathlib import Path

import numpy as np
import pytest
from models import random_graph_data, random_graph_model

from hwgen.errors import HwgenError
from hwgen.ir.graph import QuantGraph
from hwgen.ir.npz import from_bytes, read_graph, to_bytes


def same(left: object, right: object, where: str = "") -> None:
    """Compare dataclasses, sparse and dense arrays, exactly."""
    if hasattr(left, "__dataclass_fields__"):
        for name in left.__dataclass_fields__:
            same(getattr(left, name), getattr(right, name), f"{where}.{name}")
    elif isinstance(left, tuple):
        assert len(left) == len(right)  # type: ignore[arg-type]
        for index, pair in enumerate(zip(left, right, strict=True)):  # type: ignore[call-overload]
            same(*pair, f"{where}[{index}]")
    elif hasattr(left, "toarray"):
        assert (left.toarray() == right.toarray()).all(), where  # type: ignore[attr-defined]
    elif isinstance(left, np.ndarray):
        assert left.dtype == right.dtype, where  # type: ignore[attr-defined]
        np.testing.assert_array_equal(left, right, err_msg=where)  # type: ignore[arg-type]
    else:
        assert left == right, where


@pytest.mark.parametrize("graph", [random_graph_model(0), random_graph_model(1, layers=3, input_bits=4, bias=False)])
def test_round_trip_is_exact_and_deterministic(graph: QuantGraph) -> None:
    content = to_bytes(graph)
    again = from_bytes(content, "here")
    same(graph, again)
    assert to_bytes(again) == content


def test_what_is_no_quantized_graph_is_refused() -> None:
    good = to_bytes(random_graph_model(0))
    for bad in (b"", b"nonsense", good[: len(good) // 2], good.replace(b"facts", b"fakts")):
        with pytest.raises(HwgenError, match=r"^not a quantized graph"):
            from_bytes(bad, "here")


def test_users_graph_is_read(tmp_path: Path) -> None:
    data = random_graph_data(3, nodes=20, features=24, trained=40)
    path = tmp_path / "graph.npz"
    np.savez(path, edges=data.edges, features=data.features.toarray(), node=data.node, labels=data.labels)
    read = read_graph(path, trained_nodes=40)
    np.testing.assert_array_equal(read.features.toarray(), data.features.toarray())
    np.testing.assert_array_equal(read.edges, data.edges)
    np.testing.assert_array_equal(read.node, data.node)
    assert read.logits is None


@pytest.mark.parametrize(("change", "message"), [
    ({"node": None}, r"^20 nodes, but the model was trained on 40$"),
    ({"edges": None}, r"^the file has "),
    ({"features": None}, r"^the file has "),
    ({"edges": np.zeros((3, 4))}, r"^edges have shape \(3, 4\)$"),
    ({"features": np.full((20, 24), 0.5)}, r"not an integer matrix$"),
    ({"labels": np.zeros(3)}, r"^labels has 3 entries for 20 nodes$"),
])
def test_wrong_graphs_are_refused(tmp_path: Path, change: dict, message: str) -> None:
    data = random_graph_data(3, nodes=20, features=24, trained=40)
    arrays = {"edges": data.edges, "features": data.features.toarray(), "node": data.node} | change
    path = tmp_path / "graph.npz"
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    with pytest.raises(HwgenError) as caught:
        read_graph(path, trained_nodes=40)
    assert re.search(message, caught.value.what)


def test_missing_and_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HwgenError, match=r"^there is no such file"):
        read_graph(tmp_path / "none.npz", 1)
    (tmp_path / "bad.npz").write_bytes(b"PK nonsense")
    with pytest.raises(HwgenError, match=r"^not a graph"):
        read_graph(tmp_path / "bad.npz", 1)
