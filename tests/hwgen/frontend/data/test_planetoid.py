"""Planetoid's files come from HWGEN_DATA and stay untouched."""

import os
import shutil
from pathlib import Path

import pytest
import torch_geometric.datasets
from scipy.sparse import csr_array

from hwgen.errors import HwgenError
from hwgen.frontend import load_data
from hwgen.frontend.quantize.input import input_of

SHAPES = {"Cora": (2708, 1433, 10556, 7), "CiteSeer": (3327, 3703, 9104, 6)}


@pytest.fixture
def raw() -> Path:
    root = Path(os.environ.get("HWGEN_DATA", "/nowhere"))
    for folder in (root, root / "Planetoid"):
        if (folder / "Cora" / "raw" / "ind.cora.graph").is_file():
            return folder
    pytest.skip("set HWGEN_DATA to a folder that holds Planetoid's Cora/raw and CiteSeer/raw")


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
def test_planetoid_is_raw_and_whole(raw: Path, name: str) -> None:
    data = load_data(name.lower(), raw)
    nodes, features, edges, classes = SHAPES[name]
    assert (tuple(data.x.shape), data.edge_index.shape[1], data.classes) == ((nodes, features), edges, classes)
    assert set(data.x.unique().tolist()) == {0.0, 1.0}
    counts = [int(mask.sum()) for mask in (data.train_mask, data.val_mask, data.test_mask)]
    assert counts == [20 * classes, 500, 1000]
    assert (data.edge_index[0] != data.edge_index[1]).all()
    assert input_of(csr_array(data.x.numpy()), 1.0).bits == 1


def test_a_read_only_root_is_enough_and_stays_as_it_is(raw: Path, tmp_path: Path) -> None:
    root = tmp_path / "data" / "Planetoid" / "Cora" / "raw"
    shutil.copytree(raw / "Cora" / "raw", root)
    before = sorted((tmp_path / "data").rglob("*"))
    for folder in (root, *root.parents[:3]):
        folder.chmod(0o555)
    try:
        assert load_data("Cora", tmp_path / "data").num_nodes == 2708
        assert sorted((tmp_path / "data").rglob("*")) == before
    finally:
        for folder in (root, *root.parents[:3]):
            folder.chmod(0o755)


def test_the_environment_names_the_root(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HWGEN_DATA", str(raw))
    assert load_data("Cora").num_nodes == 2708


def test_missing_files_are_downloaded_by_pyg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(root: str, name: str) -> None:
        asked.append((root, name))
        raise OSError("no network")

    monkeypatch.setattr(torch_geometric.datasets, "Planetoid", refuse)
    message = (r"^Cora is not there and cannot be downloaded \(no network\)\n  at .*\n"
               r"  put the Planetoid files in .*Cora/raw, or name their folder with HWGEN_DATA$")
    with pytest.raises(HwgenError, match=message):
        load_data("Cora", tmp_path)
    assert asked == [(str(tmp_path / "Planetoid"), "Cora")]
    monkeypatch.delenv("HWGEN_DATA", raising=False)
    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path / "cache"))
    with pytest.raises(HwgenError):
        load_data("CiteSeer")
    assert asked[-1] == (str(tmp_path / "cache" / "datasets" / "Planetoid"), "CiteSeer")
