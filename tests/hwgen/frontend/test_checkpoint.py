"""Checkpoints: what is saved comes back, and every broken file has its own message."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_graphs import small_data, small_quantized

from hwgen.errors import HwgenError
from hwgen.frontend import GCN, save
from hwgen.frontend import load as load_network
from hwgen.frontend.reading import load
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.network_to_program import lower

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    data = small_data(top=15)
    save(small_quantized(data, layers=3), data, tmp_path / "model.pt")
    return tmp_path / "model.pt"


def test_codes_scales_and_graph_come_back(path: Path) -> None:
    data = small_data(top=15)
    model = small_quantized(data, layers=3).eval()
    graph = load(path)
    assert (graph.name, graph.input_bits, graph.input_scale, graph.trained_nodes) == ("small", 4, 1 / 15, 40)
    np.testing.assert_array_equal(graph.sample.features.toarray(), data.x)
    np.testing.assert_array_equal(graph.sample.edges, data.edge_index)
    np.testing.assert_array_equal(graph.sample.node, np.arange(40))
    np.testing.assert_array_equal(graph.sample.labels, data.y)
    np.testing.assert_array_equal(graph.sample.test_mask, data.test_mask)
    np.testing.assert_array_equal(graph.sample.logits, model().detach().double())
    assert [layer.path for layer in graph.layers] == ["convs.0", "convs.1", "convs.2"]
    for mine, theirs in zip(graph.layers, model.gcn.layers, strict=True):
        assert theirs.weight_quantizer is not None
        used = theirs.used_weight().detach().double().numpy()
        np.testing.assert_allclose(mine.weight * mine.weight_step, used, rtol=1e-6)
        assert (mine.weight_bits, mine.message_bits) == (4, 4)
        np.testing.assert_array_equal(mine.bias, theirs.bias.detach().double())
        assert (mine.row is None) == (theirs.row_quantizer is None)
        if mine.row is not None and theirs.row_quantizer is not None:
            np.testing.assert_array_equal(mine.row.step, theirs.row_quantizer.step[:, 0].detach().double())
            np.testing.assert_array_equal(mine.row.bits, theirs.row_quantizer.whole_bits[:, 0])


def test_the_integer_program_computes_what_the_model_computes(path: Path) -> None:
    network, sample = load_network(path)
    assert sample.logits is not None
    program = lower(network, sample.batch)
    predicted = np.argmax(run(program).logits, axis=1)
    assert (predicted == np.argmax(sample.logits, axis=1)).mean() >= 0.95


def test_the_same_model_gives_the_same_bytes(path: Path) -> None:
    data = small_data(top=15)
    other = path.with_name("another.pt")
    save(small_quantized(data, layers=3), data, other)
    assert other.read_bytes() == path.read_bytes()
    assert {each.name for each in path.parent.iterdir()} == {"model.pt", "another.pt"}


def test_labels_and_masks_may_be_absent(tmp_path: Path) -> None:
    data = small_data()
    del data.y, data.train_mask, data.val_mask, data.test_mask
    save(small_quantized(data), data, tmp_path / "model.pt")
    graph = load(tmp_path / "model.pt")
    assert graph.sample.labels is None
    assert graph.sample.test_mask is None


def refuse(path: Path, message: str) -> None:
    """The error must match as a whole: what, where, fix."""
    with pytest.raises(HwgenError, match="(?s)^" + message.replace("PATH", re.escape(str(path))) + "$"):
        load(path)


def test_missing_file(tmp_path: Path) -> None:
    refuse(tmp_path / "none.pt",
           "cannot read the checkpoint: No such file or directory\n  at PATH\n  name an existing.*")


PICKLED = ("a pickled Python object, not a checkpoint\n  at PATH\n  loading a pickle runs code that it holds: write "
           "the model with hwgen.save instead")


@pytest.mark.parametrize(("content", "message"), [
    (b"", "the file is empty\n  at PATH\n  write or copy it again"),
    (b"hello, world", "not a checkpoint\n  at PATH\n  write one with hwgen train, or with hwgen.save"),
    (pickle.dumps({"format": "hwgen"}), PICKLED),
])
def test_not_a_checkpoint(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "model.pt").write_bytes(content)
    refuse(tmp_path / "model.pt", message)


def test_a_pickled_module(tmp_path: Path) -> None:
    torch.save(GCN(4, 3, 2), tmp_path / "model.pt")
    refuse(tmp_path / "model.pt", PICKLED)


def test_a_state_dict(tmp_path: Path) -> None:
    torch.save(GCN(4, 3, 2).state_dict(), tmp_path / "model.pt")
    refuse(tmp_path / "model.pt", "a PyTorch file, but not an hwgen checkpoint\n  at PATH\n  .*hwgen.save")


@pytest.mark.parametrize("share", [0.05, 0.5, 0.999])
def test_a_truncated_file(path: Path, share: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    refuse(path, "the file is truncated or damaged .*\n  at PATH\n  write or copy it again")


def test_a_damaged_file(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    content[middle] = 255
    path.write_bytes(content)
    refuse(path, "the file is truncated or damaged .*\n  at PATH\n  write or copy it again")


def change(path: Path, edit: Change) -> None:
    content = torch.load(path, weights_only=True)
    edit(content)
    torch.save(content, path)


def put(*keys: Any, value: Any) -> Change:
    """Set ``content[keys[0]][keys[1]]...`` to a value, or one entry of a tensor there."""
    def edit(content: dict[str, Any]) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value
    return edit


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(("edit", "what", "where"), [
    (put("version", value=3), "unknown format version 3", "version"),
    (put("version", value=None), "unknown format version None", "version"),
    (put("layers", 1, "weight", value=torch.full((6, 6), NAN)), "weight holds nan", r"convs\.1\.weight"),
    (put("layers", 0, "weight", value=torch.full((12, 6), INF)), "weight holds inf", r"convs\.0\.weight"),
    (put("layers", 0, "weight", value=torch.full((12, 6), 0.5)), "weight holds torch.float32 values, not integers",
     r"convs\.0\.weight"),
    (put("layers", 0, "weight", 3, 2, value=9), "a weight code exceeds 4 bits", r"convs\.0\.weight"),
    (put("layers", 0, "weight_step", 2, value=NAN), "weight_step holds nan", r"convs\.0\.weight_step"),
    (put("layers", 2, "message_step", 1, value=INF), "message_step holds inf", r"convs\.2\.message_step"),
    (put("layers", 2, "message_step", 1, value=0.0), "scale is 0.0, not positive", r"convs\.2\.message_step"),
    (put("layers", 1, "row", "step", 7, value=-INF), "step holds -inf", r"convs\.1\.row\.step"),
    (put("layers", 0, "bias", 0, value=NAN), "bias holds nan", r"convs\.0\.bias"),
    (put("layers", 0, "row", "bits", 3, value=9), "bit width 9 is out of range", r"convs\.0\.row\.bits"),
    (put("layers", 0, "row", "bits", 3, value=-1), "bit width -1 is out of range", r"convs\.0\.row\.bits"),
    (put("layers", 1, "weight_bits", value=1), "bit width 1 is out of range", r"convs\.1\.weight_bits"),
    (put("layers", 1, "message_bits", value=9), "bit width 9 is out of range", r"convs\.1\.message_bits"),
    (put("layers", 0, "row", value=None), "row quantizer missing", r"convs\.0\.row"),
    (put("layers", 0, "row", value=3), "int is not a row quantizer", r"convs\.0\.row"),
    (put("layers", 0, value="conv"), "str is not a layer", r"layers\[0\]"),
    (put("layers", value=[]), "no layers", "layers"),
    (put("layers", 0, "message_step", value=torch.ones(5)), r"message_step has shape \(5,\), not \(6\)",
     r"convs\.0\.message_step"),
    (put("input", "bits", value=9), "bit width 9 is out of range", r"input\.bits"),
    (put("input", "bits", value=2), "input code 1. does not fit 2 bits", r"graph\.features"),
    (put("input", "scale", value=NAN), "scale is nan", r"input\.scale"),
    (put("input", value={}), "scale is missing", r"input\.scale"),
    (put("name", value=7), "name is int instead of str", "name"),
    (put("graph", "edges", 0, 4, value=40), "edge index 40 is out of range for 40 nodes", r"graph\.edges"),
    (put("graph", "edges", 1, 4, value=-1), "edge index -1 is out of range for 40 nodes", r"graph\.edges"),
    (put("graph", "edges", value=torch.zeros(2, 4)), "edges holds torch.float32 values, not integers", r"graph\.edges"),
    (put("graph", "node", 2, value=40), r"node 40 was not trained \(40 nodes were\)", r"graph\.node"),
    (put("graph", "features", "columns", 2, value=12), "feature index 12 is out of range for 12 features",
     r"graph\.features\.columns"),
    (put("graph", "features", "pointers", 2, value=10**6), "row pointers do not fit the columns",
     r"graph\.features\.pointers"),
    (put("graph", "labels", value=torch.zeros(3, dtype=torch.int64)), r"labels has shape \(3,\), not \(40\)",
     r"graph\.labels"),
    (put("graph", "test_mask", value=torch.zeros(40)), "test_mask holds torch.float32 values, not booleans",
     r"graph\.test_mask"),
    (put("graph", "logits", 3, 1, value=NAN), "logits holds nan", r"graph\.logits"),
])
def test_contents_that_are_wrong(path: Path, edit: Change, what: str, where: str) -> None:
    change(path, edit)
    refuse(path, rf"{what}\n  at PATH: {where}\n  [^\n]+")


@pytest.mark.parametrize(("name", "where"), [
    ("weight", "weight"), ("bias", "bias"), ("weight_quantizer.raw_step", "weight_step"),
    ("message_quantizer.raw_step", "message_step"), ("row_quantizer.raw_step", r"row\.step"),
    ("row_quantizer.raw_bits", r"row\.bits"),
])
def test_what_is_not_finite_is_not_saved(path: Path, name: str, where: str) -> None:
    data, before = small_data(), path.read_bytes()
    model = small_quantized(data)
    model.get_parameter(f"gcn.convs.0.{name}").data.view(-1)[3] = NAN
    with pytest.raises(HwgenError, match=rf"^{where} holds nan\n  at convs\.0\.{where}\n  train again"):
        save(model, data, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_unwritable_path(tmp_path: Path) -> None:
    data = small_data()
    model = small_quantized(data)
    with pytest.raises(HwgenError, match=r"^cannot write the checkpoint: No such file or dir.*\n  at .*\n  name a"):
        save(model, data, tmp_path / "none" / "model.pt")
    (tmp_path / "folder.pt").mkdir()
    with pytest.raises(HwgenError, match=r"^cannot write the checkpoint: Is a directory"):
        save(model, data, tmp_path / "folder.pt")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder.pt"]


def test_only_quantized_models_on_their_own_graph_are_saved(tmp_path: Path) -> None:
    data = small_data()
    with pytest.raises(HwgenError, match=r"^GCN is not quantized"):
        save(GCN(12, 6, 3), data, tmp_path / "model.pt")
    with pytest.raises(HwgenError, match=r"^the model belongs to another graph"):
        save(small_quantized(data), small_data(seed=1), tmp_path / "model.pt")
