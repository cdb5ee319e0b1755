"""Files of graphs: both kinds hold the same, and what is no such file is one short error, soon."""

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from hwgen.errors import HwgenError
from hwgen.frontend import load_data, save_graphs
from hwgen.network.reader import read_graphs


def graphs() -> list[Data]:
    """Two graphs with everything that a file may hold."""
    return [Data(x=torch.arange(4.0 * n).reshape(n, 4), edge_index=torch.tensor([[0, 1], [1, 0]]), input_scale=0.25,
                 y=torch.tensor([0.5] * (n - 1) + [float("nan")]), test_mask=torch.arange(n) > 0, node=torch.arange(n),
                 edge_weight=torch.tensor([0.5, n])) for n in (2, 3)]


def plain(graphs: Any) -> dict[str, Any]:
    found = dict(vars(graphs))
    return {**found, "features": found["features"].toarray().tolist()}


@pytest.mark.parametrize("suffix", ["npz", "pt"])
def test_both_kinds_of_files_hold_the_same(tmp_path: Path, suffix: str) -> None:
    want = read_graphs(graphs())
    save_graphs(graphs(), tmp_path / f"g.{suffix}")
    have = read_graphs(tmp_path / f"g.{suffix}")
    np.testing.assert_equal(plain(have), plain(want))
    again = load_data(tmp_path / f"g.{suffix}")
    assert [each.num_nodes for each in again] == [2, 3]
    assert torch.equal(again[1].x, graphs()[1].x)
    save_graphs(graphs()[0], tmp_path / f"one.{suffix}")
    one = load_data(tmp_path / f"one.{suffix}")
    assert isinstance(one, Data)
    assert one.input_scale == 0.25
    assert torch.equal(one.test_mask, graphs()[0].test_mask)


def test_a_list_of_dictionaries_serves_too(tmp_path: Path) -> None:
    torch.save([each.to_dict() for each in graphs()], tmp_path / "g.pt")
    np.testing.assert_equal(plain(read_graphs(tmp_path / "g.pt")), plain(read_graphs(graphs())))
    torch.save([{"x": torch.ones(2, 2), "edge_index": torch.zeros(2, 1)}], tmp_path / "h.pt")
    with pytest.raises(HwgenError, match=r"^float64 values, not integers\n  at .*h.pt: edge_index\n"):
        read_graphs(tmp_path / "h.pt")
    torch.save([graphs()[0].to_dict(), {"x": torch.ones(2, 2)}], tmp_path / "i.pt")
    with pytest.raises(HwgenError, match=r"^no edges\n  at .*i.pt: graph 1: edge_index\n"):
        read_graphs(tmp_path / "i.pt")


def test_what_is_no_file_of_graphs(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    torch.save({"format": 1}, tmp_path / "other.pt")
    torch.save([], tmp_path / "empty.pt")
    (tmp_path / "text.pt").write_text("graphs")
    (tmp_path / "text.npz").write_text("graphs")
    np.save(tmp_path / "array.npy", np.eye(3))
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    np.savez(tmp_path / "object.npz", edges=np.array([{}]))
    os.mkfifo(tmp_path / "pipe.npz")
    for name, message in {
        "module.pt": "plain tensors", "other.pt": "'format' has no meaning", "empty.pt": "not a list of graphs",
        "text.pt": "plain tensors", "text.npz": "plain arrays", "array.npz": "plain arrays",
        "object.npz": "plain arrays", "pipe.npz": "cannot|not a", "none.npz": "No such file",
        "none.pt": "No such file", "graphs.csv": "not a file of graphs",
    }.items():
        with pytest.raises(HwgenError, match=message) as error:
            read_graphs(tmp_path / name)
        assert name in error.value.where
        assert len(str(error.value)) < 1000
    for name in ("g.txt", "none/g.pt"):
        with pytest.raises(HwgenError):
            save_graphs(graphs(), tmp_path / name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["g.npz", "g.pt"])
def test_what_unpacks_to_far_more_is_refused_unread(tmp_path: Path, name: str) -> None:
    np.savez_compressed(tmp_path / "g.npz", features=np.eye(3), edges=np.zeros((2, 6_000_000), np.int64))
    large = torch.zeros(2, 6_000_000, dtype=torch.long)
    torch.save({"x": torch.ones(3, 3), "edge_index": large}, tmp_path / "whole.pt")
    with zipfile.ZipFile(tmp_path / "whole.pt") as whole, zipfile.ZipFile(
            tmp_path / "g.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for each in whole.namelist():
            packed.writestr(each, whole.read(each))
    with pytest.raises(HwgenError, match=r"^[\d,]+ bytes that unpack to 96,\d+,\d+\n  at .*\n  write it without compr"):
        read_graphs(tmp_path / name)
