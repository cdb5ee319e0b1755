"""Quantized graphs survive a folder, byte for byte; files that are not graphs are refused in three parts."""

import dataclasses
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from models import random_graph_data, random_graph_model

from hwgen.errors import HwgenError
from hwgen.targets.banked.store import load_graph, load_graph_data, save_graph, save_graph_data
from hwgen.targets.banked.text import to_text


@pytest.mark.parametrize("options", [{}, {"bias": False, "layers": 3}, {"input_bits": 4}, {"layers": 1}])
def test_a_graph_comes_back_equal(tmp_path, options):
    graph = random_graph_model(0, **options)
    save_graph(graph, tmp_path / "a")
    again = load_graph(tmp_path / "a")
    assert to_text(again) == to_text(graph)
    save_graph(again, tmp_path / "b")
    for name in ("graph.npz", "graph.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with zipfile.ZipFile(tmp_path / "a" / "graph.npz") as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}


def test_graphs_without_labels_come_back_without(tmp_path):
    graph = random_graph_model(0)
    bare = dataclasses.replace(graph, sample=dataclasses.replace(graph.sample, labels=None, test_mask=None,
                                                                 logits=None))
    save_graph(bare, tmp_path)
    assert load_graph(tmp_path).sample.labels is None
    assert to_text(load_graph(tmp_path)) == to_text(bare)


def test_loading_and_lowering_need_no_torch(tmp_path):
    save_graph(random_graph_model(0), tmp_path)
    code = ("import sys; from pathlib import Path; from hwgen.targets.banked.store import load_graph;"
            "from hwgen.targets.banked.chain_to_program import lower; from hwgen.targets.banked.execute import run;"
            f"run(lower(load_graph(Path({str(tmp_path)!r})))); assert 'torch' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_users_graph_in_both_forms(tmp_path):
    data = random_graph_data(3, nodes=20, features=6, trained=20)
    save_graph_data(data, tmp_path / "csr.npz")
    np.savez(tmp_path / "dense.npz", features=data.features.toarray().astype(np.uint8),
             edges=data.edges.astype(np.int32))
    sparse, dense = load_graph_data(tmp_path / "csr.npz"), load_graph_data(tmp_path / "dense.npz")
    assert (sparse.features != data.features).nnz == 0
    assert (dense.features != data.features).nnz == 0
    assert dense.features.dtype == dense.edges.dtype == np.int64
    assert np.array_equal(sparse.edges, dense.edges)
    assert dense.node.tolist() == list(range(20))
    assert np.array_equal(sparse.labels, data.labels)
    assert dense.labels is None


FEATURES, EDGES = np.eye(3, dtype=np.int64), np.array([[0, 1], [1, 2]])


@pytest.mark.parametrize(("arrays", "message"), [
    ({"features": FEATURES}, r"^array edges is missing"),
    ({"edges": EDGES}, r"^array features\.data is missing"),
    ({"features": FEATURES * 0.5, "edges": EDGES}, r"^features is float64, not integer"),
    ({"features": FEATURES[0], "edges": EDGES}, r"^features has shape \(3,\)"),
    ({"features": FEATURES, "edges": np.ones((3, 2), int)}, r"^edges has shape \(3, 2\), not \(2, e\)"),
    ({"features": FEATURES, "edges": EDGES, "node": np.arange(2)}, r"^node has shape \(2,\) for 3 nodes"),
    ({"features": FEATURES, "edges": EDGES, "labels": np.arange(4)}, r"^labels has shape \(4,\) for 3 nodes"),
    ({"features.data": [1], "features.indices": [7], "features.indptr": [0, 1], "features.shape": [1, 3],
      "edges": EDGES}, r"^features are not a CSR matrix"),
])
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, message):
    path = tmp_path / "graph.npz"
    np.savez(path, **arrays)
    with pytest.raises(HwgenError, match=message) as caught:
        load_graph_data(path)
    assert str(path) in caught.value.where


def test_files_that_are_no_archives_are_refused(tmp_path):
    path = tmp_path / "graph.npz"
    with pytest.raises(HwgenError, match=r"^cannot read: No such file"):
        load_graph_data(path)
    path.write_bytes(b"not an archive")
    with pytest.raises(HwgenError, match=r"^not an \.npz of plain arrays"):
        load_graph_data(path)
    with path.open("wb") as file:
        np.save(file, FEATURES)
    with pytest.raises(HwgenError, match=r"^one array, not an archive"):
        load_graph_data(path)
    np.savez(path, features=FEATURES, edges=EDGES, labels=np.array([{}, {}, {}], dtype=object))
    with pytest.raises(HwgenError, match=r"^not an \.npz of plain arrays"):
        load_graph_data(path)


def test_a_damaged_folder_is_refused(tmp_path):
    with pytest.raises(HwgenError, match=r"^cannot read the quantized graph: No such file"):
        load_graph(tmp_path)
    save_graph(random_graph_model(0), tmp_path)
    archive, facts = tmp_path / "graph.npz", tmp_path / "graph.json"
    whole, text = archive.read_bytes(), facts.read_text()
    for length in (len(whole) // 2, 100, 0):
        archive.write_bytes(whole[:length])
        with pytest.raises(HwgenError, match=r"^not an \.npz|^cannot read"):
            load_graph(tmp_path)
    archive.write_bytes(whole)
    facts.write_text(text[:50])
    with pytest.raises(HwgenError, match=r"^not JSON"):
        load_graph(tmp_path)
    facts.write_text(json.dumps({**json.loads(text), "version": 99}))
    with pytest.raises(HwgenError, match=r"^format version 99, this hwgen reads 1"):
        load_graph(tmp_path)
    facts.write_text(json.dumps({**json.loads(text), "input_bits": "many"}))
    with pytest.raises(HwgenError, match="'many' is missing or malformed"):
        load_graph(tmp_path)
    content = json.loads(text)
    del content["input_bits"]
    facts.write_text(json.dumps(content))
    with pytest.raises(HwgenError, match="'input_bits' is missing"):
        load_graph(tmp_path)


def test_a_stored_graph_is_verified(tmp_path):
    graph = random_graph_model(0)
    edges = graph.sample.edges.copy()
    edges[1, 4] = 40
    save_graph(dataclasses.replace(graph, sample=dataclasses.replace(graph.sample, edges=edges)), tmp_path)
    with pytest.raises(HwgenError, match=r"^edge index 40 is out of range for 40 nodes"):
        load_graph(tmp_path)


def test_an_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HwgenError, match=r"^cannot write"):
        save_graph(random_graph_model(0), tmp_path / "file")
