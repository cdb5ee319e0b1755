"""Checkpoints: what is saved comes back, and every broken file has its own message."""

import json
import os
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch
from training_graphs import pooled, several, small_data, small_quantized

from hwgen.errors import HwgenError
from hwgen.frontend import GCN, checkpoint_file, load, save
from hwgen.frontend.quantize.prepare import quantize
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.network_to_program import lower

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data, found = small_data(top=15), tmp_path_factory.mktemp("saved") / "model.pt"
    save(small_quantized(data, layers=3), data, found)
    return found


@pytest.fixture
def path(saved: Path, tmp_path: Path) -> Path:
    """A checkpoint to be spoilt."""
    return Path(shutil.copy(saved, tmp_path))


def test_codes_scales_and_graph_come_back(path: Path) -> None:
    data = small_data(top=15)
    model = small_quantized(data, layers=3).eval()
    network, sample = load(path)
    assert (network.name, network.features, network.input_bits, network.input.unit) == ("model", 12, 4, 1 / 15)
    assert network.trained_nodes == 40
    np.testing.assert_array_equal(sample.batch.features.toarray(), data.x)
    np.testing.assert_array_equal(sample.batch.edges, data.edge_index)
    np.testing.assert_array_equal(sample.batch.node, np.arange(40))
    np.testing.assert_array_equal(sample.labels, data.y)
    np.testing.assert_array_equal(sample.mask, data.test_mask)
    np.testing.assert_array_equal(sample.logits, model().detach().double())
    assert model.quantizers is not None
    wanted = model.export("model")
    for mine, theirs in zip(network.values, wanted.values, strict=True):
        assert (mine.name, mine.path, mine.width, mine.activation) == (
            theirs.name, theirs.path, theirs.width, theirs.activation)
        if mine.quantizer is not None and theirs.quantizer is not None:
            np.testing.assert_array_equal(mine.quantizer.step, theirs.quantizer.step)
            np.testing.assert_array_equal(mine.quantizer.bits, theirs.quantizer.bits)
        for term, other in zip(mine.terms, theirs.terms, strict=True):
            if term.weight is not None and other.weight is not None:
                np.testing.assert_array_equal(term.weight.codes, other.weight.codes)
                np.testing.assert_array_equal(term.weight.step, other.weight.step)
    for value, row in zip(wanted.values[1::2], model.rows, strict=False):
        assert value.quantizer is not None
        np.testing.assert_array_equal(value.quantizer.step, row.step[:, 0].detach().double())
        np.testing.assert_array_equal(value.quantizer.bits, row.whole_bits[:, 0])


def test_graphs_travel_with_labels_and_limits(tmp_path: Path) -> None:
    model = quantize(pooled(), scheme="uniform", data=several())
    save(model, several(), tmp_path / "model.pt")
    _, sample = load(tmp_path / "model.pt")
    union = Batch.from_data_list(several())
    with torch.no_grad():
        assert torch.allclose(torch.from_numpy(sample.logits).float(), model.eval()(union))
    assert sample.labels.tolist() == [0, 1, 2, 0]
    assert sample.mask is None
    assert (sample.limits.nodes, sample.limits.degree) == (9, int(torch.bincount(union.edge_index[1]).max()) + 1)


def test_the_integer_program_computes_what_the_model_computes(path: Path) -> None:
    network, sample = load(path)
    assert sample.logits is not None
    predicted = np.argmax(run(lower(network, sample.batch)).logits, axis=1)
    assert (predicted == np.argmax(sample.logits, axis=1)).mean() >= 0.95


def test_the_same_model_gives_the_same_bytes(path: Path) -> None:
    before, data = path.read_bytes(), small_data(top=15)
    save(small_quantized(data, layers=3), data, path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["model.pt"]


def test_labels_and_masks_may_be_absent(tmp_path: Path) -> None:
    data = small_data()
    del data.y, data.train_mask, data.val_mask, data.test_mask
    save(small_quantized(data), data, tmp_path / "model.pt")
    _, sample = load(tmp_path / "model.pt")
    assert sample.labels is None
    assert sample.mask is None


def test_saving_leaves_the_mode_of_the_model(tmp_path: Path) -> None:
    data = small_data()
    model = small_quantized(data)
    save(model, data, tmp_path / "model.pt")
    assert model.training


def refuse(path: Path, message: str) -> None:
    """The error must match as a whole: what, where, fix."""
    with pytest.raises(HwgenError, match="(?s)^" + message.replace("PATH", re.escape(str(path))) + "$"):
        load(path)


def test_missing_file(tmp_path: Path) -> None:
    refuse(tmp_path / "none.pt",
           "cannot be read: No such file or directory\n  at PATH\n  name an existing.*")


PICKLED = ("a pickled Python object, not a checkpoint\n  at PATH\n  loading a pickle runs code that it holds: write "
           "the model with hwgen.save instead")
WRITE = "write one with hwgen train, hwgen quantize or hwgen.save"


@pytest.mark.parametrize(("content", "message"), [
    (b"", "the file is empty\n  at PATH\n  write or copy it again"),
    (b"hello, world", "not a checkpoint\n  at PATH\n  " + WRITE),
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
    refuse(tmp_path / "model.pt", "weights of a PyTorch model, not an hwgen checkpoint\n  at PATH\n  make a "
           "checkpoint: hwgen quantize net.py:Net --weights PATH --data DATA -o model.pt")
    torch.save([1, 2], tmp_path / "model.pt")
    refuse(tmp_path / "model.pt", "a PyTorch file, but not an hwgen checkpoint\n  at PATH\n  " + WRITE)


def test_a_python_file() -> None:
    refuse(Path("net.py:Net"), "a Python file, not a checkpoint\n  at PATH\n  make a checkpoint: "
           "hwgen quantize PATH --data DATA -o model.pt, then name model.pt")


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


def fact(*keys: Any, value: Any) -> Change:
    """The same of the facts, which are JSON."""
    def edit(content: dict[str, Any]) -> None:
        facts = json.loads(content["facts"])
        put(*keys, value=value)(facts)
        content["facts"] = json.dumps(facts)
    return edit


@pytest.mark.parametrize("version", [1, 2, None])
def test_a_file_of_another_format_says_how_to_make_it_again(path: Path, version: int | None) -> None:
    change(path, put("version", value=version))
    refuse(path, f"format version {version}, and only 3 is read\n  at PATH: version\n"
                 f"  make the checkpoint again: {WRITE}")


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(("part", "end", "at", "value", "what"), [
    ("network", "step", 2, NAN, "a step is not positive and finite"), ("network", "step", 1, INF, "a step is not"),
    ("network", "step", 1, 0.0, "a step is not positive and finite"), ("network", "bias", 0, NAN, "bias is not finite"),
    ("network", "bits", 0, 9, "bits span"), ("network", "bits", 0, -1, "bits span"),
    ("network", "codes", (3, 2), 9, "codes exceed"),
    ("sample", "edges", (0, 4), 40, "edge"), ("sample", "logits", (3, 1), NAN, "logits"),
])
def test_numbers_that_are_wrong(path: Path, part: str, end: str, at: Any, value: float, what: str) -> None:
    content = torch.load(path, weights_only=True)
    names = [name for name in content[part] if name.endswith(end)]
    assert names
    for name in names:
        edited = torch.load(path, weights_only=True)
        if edited[part][name].ndim != (len(at) if isinstance(at, tuple) else 1) or (
                not isinstance(at, tuple) and len(edited[part][name]) <= at):
            continue
        change(path, put(part, name, at, value=value))
        with pytest.raises(HwgenError, match=f"(?s){what}.*\n  at .*\n  "):
            load(path)
        change(path, lambda now, part=part, name=name, was=content: now[part].update({name: was[part][name]}))
        load(path)


@pytest.mark.parametrize("edit", [
    put("facts", value="{}"), put("facts", value="no JSON"), put("network", value={}), put("sample", value={}),
    put("network", value=None), fact("values", value=None), fact("input", "bits", value="one"),
])
def test_contents_that_are_missing_or_of_another_kind(path: Path, edit: Change) -> None:
    change(path, edit)
    with pytest.raises(HwgenError, match=r"(?s).+\n  at .*model\.pt.*\n  .+"):
        load(path)


@pytest.mark.parametrize(("edit", "what"), [
    (fact("input", "bits", value=2), "feature code 1. is not one of 0 .. 3"),
    (fact("input", "features", value=0), "features is 0"),
    (put("sample", "node", 2, value=40), r"node 40 was not trained \(40 nodes were\)"),
    (put("sample", "node", 2, value=-1), "node names -1"),
    (put("sample", "labels", value=torch.zeros(3, dtype=torch.int64)), "3 entries for 1 graph of 40 nodes"),
    (put("sample", "mask", value=torch.full((40,), 0.5)), "float64 values, not integers"),
    (put("sample", "features.shape", 1, value=11), "feature|11 features, the network takes 12"),
])
def test_graphs_that_do_not_fit_the_network(path: Path, edit: Change, what: str) -> None:
    change(path, edit)
    with pytest.raises(HwgenError, match=rf"(?s)^[^\n]*({what}).*\n  at .*\n  .+"):
        load(path)


@pytest.mark.parametrize("name", [
    "tensors.0", "tensors.1", "quantizers.weights.0.raw_step", "quantizers.messages.convs/0/message.raw_step",
    "quantizers.rows.convs/0.raw_size", "quantizers.rows.convs/0.raw_bits"])
def test_what_is_not_finite_is_not_saved(path: Path, name: str) -> None:
    data, before = small_data(), path.read_bytes()
    model = small_quantized(data)
    model.get_parameter(name).data.view(-1)[3] = NAN
    with pytest.raises(HwgenError, match=rf"^{name} holds nan\n  at model\n  train again with a lower learning rate"):
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
    data, plain = small_data(), GCN(12, 6, 3)
    given: Any = plain
    with pytest.raises(HwgenError, match=r"^GCN is not quantized\n  at save\n  pass what hwgen.quantize returned"):
        save(given, data, tmp_path / "model.pt")
    for other in (small_data(seed=1), [data, data]):
        with pytest.raises(HwgenError, match=r"^the model belongs to another graph\n  at data\n  save the model with"):
            save(small_quantized(data), other, tmp_path / "model.pt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("make", "what"), [
    (lambda tensor: tensor.double().clone().requires_grad_(), "part of a computation"),
    (lambda tensor: tensor.to(torch.complex64).conj(), "torch.complex64 on cpu"),
    (lambda tensor: torch.empty(tensor.shape, device="meta"), "torch.float32 on meta"),
    (lambda tensor: torch.ones(tensor.shape).to(torch.float8_e4m3fn), "torch.float8_e4m3fn on cpu"),
    (lambda tensor: torch.ones(1, dtype=tensor.dtype).expand(2**33), r"\(8589934592,\), of which the file has 1"),
    (lambda tensor: torch.ones(3, 3).to_sparse(), "torch.sparse_coo"),
    (lambda tensor: torch.nn.Parameter(torch.ones(2)), "a Parameter"),
    (lambda tensor: tensor.tolist(), "a list"),
])
def test_tensors_that_hwgen_does_not_write(path: Path, make: Callable[[torch.Tensor], Any], what: str) -> None:
    name = "values.1.bits"
    for part in ("network", "sample"):
        other = name if part == "network" else "edges"
        kept = torch.load(path, weights_only=True)
        change(path, put(part, other, value=make(kept[part][other])))
        refuse(path, f"entry {other} is [^\n]*{what}[^\n]*\n  at PATH: {part}: {other}\n  {WRITE}")
        torch.save(kept, path)


def rewrite(path: Path, edit: Callable[[str, bytes], bytes], compression: int = zipfile.ZIP_STORED) -> None:
    """Write the archive anew with other members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: edit(name, archive.read(name)) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("size", [0, 1, 2, 20, -1])
def test_a_pickle_that_is_cut(path: Path, size: int) -> None:
    rewrite(path, lambda name, content: content[:size] if name.endswith(".pkl") else content)
    refuse(path, f"({PICKLED}|not a checkpoint\n  at PATH\n  {WRITE})")


def test_what_is_larger_inside_than_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("unpacked"))
    whole = path.read_bytes()
    rewrite(path, lambda name, content: content + bytes(1 << 20), zipfile.ZIP_DEFLATED)
    refuse(path, f"larger inside than the file, .*\n  at PATH\n  {WRITE}")
    path.write_bytes(whole)
    rewrite(path, lambda name, content: content + bytes(9 << 20) if name.endswith(".pkl") else content)
    refuse(path, rf"9,\d+,\d+ bytes in place of names and numbers\n  at PATH\n  {WRITE}")
    path.write_bytes(whole + b"more")
    refuse(path, "the file is truncated or damaged .it does not end where .*\n  at PATH\n  write or copy it again")
    monkeypatch.setattr(checkpoint_file, "MOST_BYTES", 100)
    refuse(path, r"[\d,]+ bytes, and a checkpoint has 100 at most\n  at PATH\n  name an existing.*")


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pt")
    (tmp_path / "endless.pt").symlink_to("/dev/zero")
    (tmp_path / "folder.pt").mkdir()
    for name in ("pipe.pt", "endless.pt", "folder.pt"):
        refuse(tmp_path / name, "not a regular file\n  at PATH\n  name an existing.*")


def test_a_file_name_that_leads_elsewhere_or_cannot_be_printed(tmp_path: Path) -> None:
    data = small_data()
    for name, called in (("a\u202eb.pt", "a_b"), ("..pt", "model_"), ("line\nbreak.pt", "line_break")):
        save(small_quantized(data), data, tmp_path / name)
        assert load(tmp_path / name)[0].name == called
