"""Files of hwgen that were cut, changed or made up, and what reading them must come to.

A case follows from the campaign's seed and its number. A reader refuses it in three parts, or takes it: then it must be
what was written, unless the change is one that a user could have meant (a value of the same kind).
"""

import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from designs import counted_as
from models import random_graph_model
from network_samples import sample_of
from networks import gin_network

import boards
import sim
from hwgen.errors import HwgenError
from hwgen.flow import resources, yosys
from hwgen.flow.build import build
from hwgen.flow.built import load_design, read_sample
from hwgen.flow.choose_runs import choose_runs
from hwgen.flow.config import wishes_of
from hwgen.flow.wishes import Wishes
from hwgen.frontend.checkpoint import load, save_network
from hwgen.network.sample_store import load_sample, save_sample
from hwgen.report.files import read_report
from hwgen.seals import is_whole, seal_folder

__all__ = ["KINDS", "Case", "Place", "case", "judge", "make_place"]

#: What is read, and how often it is drawn.
KINDS = ("checkpoint", "checkpoint", "graphs.npz", "graphs.pt", "config", "board", "build", "build", "report", "cache")

ODD: tuple[Any, ...] = (
    None, True, {}, [], "", "x", -1, 0, 0.5, 2**31, 2**62, 2**64, 10**29, -(2**63) - 1, 1e308, -1e-300, [[]], {"a": {}},
    "\x1b[31m", "[/bold]", "$\\frac$", "a\u202eb", "../../x", "x" * 5000, ["x"] * 3, [None], 10**4000, "\ud800")
RAW = ("NaN", "Infinity", "9" * 5000, "[" * 3000 + "]" * 3000, "[" * 100_000, '{"a":' * 50_000, "1e999", "-",
       '"\\u0000"')


@dataclass(frozen=True)
class Place:
    """Where a campaign works: good files in ``good``, and a folder for what is tried."""

    good: Path
    scratch: Path


@dataclass(frozen=True)
class Case:
    """One changed file.

    Parameters
    ----------
    kind, what : str
        What is read; how it was changed.
    path : Path
        What the reader is given.
    meant : bool
        Whether a user could have meant it: then it may be taken, and be something else.
    """

    kind: str
    what: str
    path: Path
    meant: bool


def make_place(folder: Path) -> Place:
    """Write the good files; Verilog is emitted, Yosys counts nothing."""
    good = folder / "good"
    if not (good / "done").exists():
        shutil.rmtree(good, ignore_errors=True)
        good.mkdir(parents=True)
        network = gin_network(0, features=5, hidden=8, layers=1)
        sample = sample_of(network, 1, graphs=4, nodes=6)
        chain, one = random_graph_model(0, nodes=24, features=12, hidden=4, classes=3).parts
        save_network(network, sample, good / "graph.pt")
        save_network(chain, one, good / "node.pt")
        save_sample(sample, good / "graphs.npz")
        torch.save([{"x": torch.randint(0, 2, (5, 5)).float(), "edge_index": torch.randint(0, 5, (2, 9)),
                     "y": torch.tensor([index])} for index in range(3)], good / "graphs.pt")
        (good / "board.toml").write_text((files("boards") / "ultra96.toml").read_text())
        counted = counted_as(unit={"lut": 6000}, group={"lut": 6000}, server={"lut": 600})
        with patch.object(resources, "estimate", counted):
            build(network, sample, boards.load("ultra96"), good / "build-graph",
                  Wishes(hardware={"units": 1, "lanes": 8}, graphs=2))
            build(chain, one, boards.load("ultra96"), good / "build-node",
                  Wishes(hardware={"groups": 1, "servers": 4}))
        shutil.copy(good / "build-graph" / "config.json", good / "config.json")
        (good / "folder").mkdir()
        (good / "folder" / "executable").write_bytes(random.Random(0).randbytes(5000))
        seal_folder(good / "folder")
        (good / "done").touch()
    (folder / "scratch").mkdir(exist_ok=True)
    return Place(good=good, scratch=folder / "scratch")


def case(place: Place, seed: int, number: int) -> Case:
    """Draw and write a case."""
    draw = random.Random(f"{seed}/{number}")
    kind = KINDS[number % len(KINDS)]
    shutil.rmtree(place.scratch, ignore_errors=True)
    place.scratch.mkdir()
    if kind == "checkpoint":
        return _binary(place, draw, kind, draw.choice(["graph.pt", "node.pt"]), _change_checkpoint)
    if kind == "graphs.npz":
        return _binary(place, draw, kind, "graphs.npz", _change_npz)
    if kind == "graphs.pt":
        return _binary(place, draw, kind, "graphs.pt", _change_graphs)
    if kind in ("config", "board"):
        name = "config.json" if kind == "config" else "board.toml"
        content = (place.good / name).read_bytes()
        path = place.scratch / name
        if kind == "config" and draw.random() < 0.6:
            what, text = _change_json(draw, json.loads(content))
            path.write_text(text, errors="surrogatepass")
            return Case(kind, what, path, meant=True)
        if kind == "board" and draw.random() < 0.6:
            what, text = _change_toml(draw, content.decode())
            path.write_text(text, errors="surrogatepass")
            return Case(kind, what, path, meant=True)
        what, content = _change_bytes(draw, content)
        path.write_bytes(content)
        return Case(kind, what, path, meant=True)
    if kind == "cache":
        return _cache(place, draw)
    return _build(place, draw, kind)


def judge(place: Place, given: Case) -> str:
    """Read a case: ``refused``, ``same`` or ``other``.

    Raises
    ------
    AssertionError
        Something else was taken, or refused poorly. Whatever else a reader raises is a fault too.
    """
    try:
        same = READERS[given.kind](place, given.path)
    except HwgenError as refusal:
        sizes = [len(part) for part in (refusal.what, refusal.where, refusal.fix)]
        if min(sizes) == 0 or max(sizes) > 5000:
            raise AssertionError(f"a poor refusal, {sizes} characters: {refusal!r:.300}") from refusal
        return "refused"
    assert same or given.meant, "taken, although it is not what was written"
    return "same" if same or given.kind in ("build", "report") else "other"  # of a build only the same is meant


def _binary(place: Place, draw: random.Random, kind: str, name: str,
            change: Callable[[random.Random, Path, Path], str]) -> Case:
    good, path = place.good / name, place.scratch / name
    if draw.random() < 0.5:
        return Case(kind, f"{name}: {change(draw, good, path)}", path, meant=True)
    if draw.random() < 0.4:
        what, content = _change_members(draw, good)
        path.write_bytes(content)
        return Case(kind, f"{name}: {what}", path, meant=True)
    what, content = _change_bytes(draw, good.read_bytes())
    path.write_bytes(content)
    return Case(kind, f"{name}: {what}", path, meant=False)


def _change_bytes(draw: random.Random, content: bytes) -> tuple[str, bytes]:
    """Bytes of any file, damaged."""
    at = draw.randrange(max(1, len(content)))
    size = draw.choice([1, 2, 16, 200, 4000])
    how = draw.choice(["flip", "cut", "zeros", "noise", "insert", "repeat", "swap", "append", "empty"])
    if how == "flip":
        changed = bytearray(content)
        for _ in range(draw.choice([1, 1, 3, 30])):
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        return how, bytes(changed)
    if how in ("zeros", "noise"):
        part = bytes(size) if how == "zeros" else draw.randbytes(size)
        return f"{how} {size}", content[:at] + part + content[at + size:]
    if how == "swap":
        other = draw.randrange(max(1, len(content)))
        low, high = sorted((at, other))
        return how, content[:low] + content[high:high + size] + content[low + size:high] + content[low:low + size] + (
            content[high + size:])
    return how, {"cut": content[:at], "insert": content[:at] + draw.randbytes(size) + content[at:],
                 "repeat": content[:at] * 2 + content[at:], "append": content + draw.randbytes(size), "empty": b""}[how]


def _change_members(draw: random.Random, path: Path) -> tuple[str, bytes]:
    """The members of an archive, changed with right checksums."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = draw.choice(list(members))
    what, content = _change_bytes(draw, members[name])
    how = draw.choice(["change", "change", "change", "drop", "rename", "bomb"])
    if how == "drop":
        del members[name]
    elif how == "rename":
        members[draw.choice(["../x", "/etc/x", name + "x", "x" * 300])] = members.pop(name)
    elif how == "bomb":
        members[name] += bytes(draw.choice([1 << 20, 80 << 20]))
    else:
        members[name] = content
    packing = zipfile.ZIP_DEFLATED if how == "bomb" or draw.random() < 0.2 else zipfile.ZIP_STORED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for each, value in members.items():
            archive.writestr(each, value)
    return f"{how} {name} {what if how == 'change' else ''}", buffer.getvalue()


def _inner(draw: random.Random, content: Any) -> tuple[Any, Any, str]:
    """A container somewhere in plain data, one of its keys, and the path to it."""
    holder, trail = content, ""
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return holder, None, trail
        key = draw.choice(keys)
        trail += f".{key}"
        if not isinstance(holder[key], dict | list) or not holder[key] or draw.random() < 0.2:
            return holder, key, trail
        holder = holder[key]


def _change_json(draw: random.Random, content: Any) -> tuple[str, str]:
    holder, key, trail = _inner(draw, content)
    how = draw.choice(["odd", "odd", "odd", "near", "raw", "drop", "add"])
    if key is None or how == "add":
        target = holder if isinstance(holder, dict) else content
        target[draw.choice(["more", "", "\x00", "x" * 300, "limits"])] = draw.choice(ODD)
        return f"add at {trail}", _dump(content)
    if how == "drop":
        del holder[key]
    elif how == "near":
        value = holder[key]
        holder[key] = value + draw.choice([1, -1, 0.5]) if isinstance(value, int | float) else draw.choice(ODD)
    elif how == "raw":
        holder[key] = "RAW"
        return f"raw at {trail}", _dump(content).replace('"RAW"', draw.choice(RAW))
    else:
        holder[key] = draw.choice(ODD)
    return f"{how} at {trail}", _dump(content)


def _dump(content: Any) -> str:
    return json.dumps(content, skipkeys=True)


def _change_toml(draw: random.Random, text: str) -> tuple[str, str]:
    lines = [line for line in text.splitlines() if line]
    at = draw.randrange(len(lines))
    value = draw.choice(["0", "-1", "9" * 400, "9" * 5000, "inf", "nan", "''", "'\\u202e'", "[]", "{}", "true", "1e400",
                         "'../x'", "[" * 3000, "1979-05-27", "'[/bold]'", '"\\u001b"', "0.5", "1"])
    how = draw.choice(["value", "value", "value", "drop", "add", "twice", "dots"])
    if how == "value":
        lines[at] = f"{lines[at].split('=')[0]}= {value}"
    elif how == "drop":
        del lines[at]
    elif how == "twice":
        lines.insert(at, lines[at])
    else:
        lines.insert(at, f"{'more' if how == 'add' else 'a' + '.a' * draw.choice([5, 2000, 7000])} = {value}")
    return f"{how} line {at}: {value[:20]}", "\n".join(lines)


def _odd_tensor(draw: random.Random, tensor: torch.Tensor) -> Any:
    numbers = tensor.clone()
    flat = numbers.view(-1) if numbers.is_contiguous() else numbers.reshape(-1)
    choices: list[Callable[[], Any]] = [
        lambda: tensor.double(), lambda: tensor.to(torch.float16), lambda: tensor.to(torch.complex64),
        lambda: torch.empty(tensor.shape, device="meta"), lambda: torch.ones(1).expand(2**33),
        lambda: tensor.double().requires_grad_(), lambda: tensor[..., :0], lambda: tensor.reshape(-1, 1),
        lambda: torch.zeros(0), lambda: tensor.flatten().repeat(3), lambda: tensor.tolist(), lambda: None,
        lambda: torch.full_like(tensor, draw.choice([-1, 0, 1, 3, 100])), lambda: tensor.bool(),
        lambda: torch.ones(3, 3).to_sparse(), lambda: torch.zeros(1 << 20, dtype=tensor.dtype)]
    if flat.numel():
        value = draw.choice([-1, 0, 1, 2, 9, 255, 2**31, 2**62] if not tensor.is_floating_point() else
                            [float("nan"), float("inf"), -1.0, 0.0, 1e-300, 1e300, 0.5])
        if tensor.dtype != torch.bool and abs(value) < 2**62:
            flat[draw.randrange(flat.numel())] = value
        choices += [lambda: flat.reshape(tensor.shape)] * 8
    return draw.choice(choices)()


def _change_checkpoint(draw: random.Random, good: Path, path: Path) -> str:
    content = torch.load(good, weights_only=True)
    how = draw.choice(["tensor", "tensor", "facts", "facts", "top"])
    if how == "facts":
        what, content["facts"] = _change_json(draw, json.loads(content["facts"]))
    elif how == "top":
        key = draw.choice([*content, "more"])
        value = draw.choice(ODD)
        what, content[key] = key, 0 if isinstance(value, str) and "\ud800" in value else value
    else:
        part = draw.choice(["network", "sample"])
        key = draw.choice(list(content[part]))
        what, content[part][key] = key, _odd_tensor(draw, content[part][key])
        if draw.random() < 0.1:
            content[part][draw.choice(["more", "values.0.bias"])] = content[part].pop(key)
    try:
        torch.save(content, path)
    except (RuntimeError, OverflowError, UnicodeError):  # what torch itself cannot write
        path.write_bytes(b"")
    return f"{how} {what}"


def _change_graphs(draw: random.Random, good: Path, path: Path) -> str:
    content = torch.load(good, weights_only=True)
    at = draw.randrange(len(content))
    key = draw.choice([*content[at], "batch", "test_mask", "input_scale", "more"])
    old = content[at].get(key, content[at]["y"])
    content[at][key] = _odd_tensor(draw, old) if draw.random() < 0.8 else draw.choice(ODD[:-1])
    try:
        torch.save(content if draw.random() < 0.95 else draw.choice([{}, [], 3, content[0], [content]]), path)
    except (RuntimeError, OverflowError):
        path.write_bytes(b"")
    return f"graph {at}, {key}"


def _change_npz(draw: random.Random, good: Path, path: Path) -> str:
    with np.load(good) as archive:
        arrays: dict[str, Any] = {key: archive[key] for key in archive.files}
    key = draw.choice([*arrays, "more"])
    old = arrays.get(key, np.arange(3))
    tensor = _odd_tensor(draw, torch.from_numpy(old))
    value = tensor.numpy() if type(tensor) is torch.Tensor and not tensor.is_meta and not tensor.requires_grad and (
        tensor.layout is torch.strided and tensor.numel() < 1 << 24) else draw.choice(
        [old.astype("U8"), old.astype("f2"), np.array(2**40), np.array("x"), old[..., :1], np.zeros((2, 0))])
    if draw.random() < 0.1:
        arrays.pop(key, None)
    else:
        arrays[key] = value
    (np.savez if draw.random() < 0.5 else np.savez_compressed)(path, **arrays)
    return key


def _build(place: Place, draw: random.Random, kind: str) -> Case:
    """One file of a build changed, added or gone."""
    folder = place.scratch / "build"
    shutil.copytree(place.good / draw.choice(["build-graph", "build-node"]), folder)
    if kind == "report":
        file = folder / "report" / "report.json"
    else:
        file = draw.choice(sorted(path for path in folder.rglob("*") if path.is_file() and "report" not in path.parts))
    name, before = str(file.relative_to(folder)), file.read_bytes()
    if draw.random() < 0.1 and kind == "build":
        file.unlink()
        return Case(kind, f"{name}: gone", folder, meant=False)
    if file.suffix == ".json" and draw.random() < 0.7:
        what, text = _change_json(draw, json.loads(before))
        content = text.encode(errors="surrogatepass")
        if _parsed(content) == json.loads(before):
            return Case(kind, f"{name}: the same", folder, meant=True)
    else:
        what, content = _change_bytes(draw, before)
    file.write_bytes(content)
    # the manifest and the report are sealed as JSON: other white space is no change
    alike = content == before or (
        name in ("manifest.json", "report/report.json") and _parsed(content) == _parsed(before))
    return Case(kind, f"{name}: {what}", folder, meant=alike)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content


def _cache(place: Place, draw: random.Random) -> Case:
    if draw.random() < 0.5:
        folder = place.scratch / "folder"
        shutil.copytree(place.good / "folder", folder)
        file = draw.choice(sorted(folder.iterdir()))
        what, content = _change_bytes(draw, file.read_bytes())
        same = content == file.read_bytes()
        file.write_bytes(content)
        return Case("cache", f"{file.name}: {what}", folder, meant=same)
    with patch.dict("os.environ", HWGEN_CACHE=str(place.scratch)):
        yosys._keep("key", CELLS)
    file = place.scratch / "yosys" / "key.cells.json"
    what, text = _change_json(draw, json.loads(file.read_text()))
    if draw.random() < 0.4:
        what, content = _change_bytes(draw, file.read_bytes())
        file.write_bytes(content)
    else:
        file.write_text(text, errors="surrogatepass")
    return Case("cache", f"counts: {what}", file, meant=False)


CELLS: Mapping[str, int] = {"LUT6": 700, "FDRE": 123, "RAMB36E2": 4}


def _same(mine: Any, theirs: Any) -> bool:
    """Whether two pieces of plain data and arrays are equal."""
    return _plain(mine) == _plain(theirs)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if hasattr(value, "indptr"):
        return _plain(value.toarray())
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value


def _read_checkpoint(place: Place, path: Path) -> bool:
    network, sample = load(path)
    good, other = load(place.good / path.name)
    return _same((replace(network, name=""), sample), (replace(good, name=""), other))


def _read_graphs(place: Place, path: Path) -> bool:
    network = load(place.good / "graph.pt")[0]
    return _same(load_sample(path, network), load_sample(place.good / path.name, network))


def _read_build(place: Place, folder: Path) -> bool:
    load_design(folder)
    read_sample(folder)
    read_report(folder)
    design, images = sim.folder.Design.load(folder), sim.folder.Images.load_from(folder)
    for run in choose_runs(folder, part=True).folders:
        sim.batch.BatchFolder.load_from(run, design, images)
    return False  # what is changed must be refused


def _read_cache(place: Place, path: Path) -> bool:
    if path.is_dir():
        if not is_whole(path):
            raise HwgenError("not what was sealed", str(path), "made again")
        return (path / "executable").read_bytes() == (place.good / "folder" / "executable").read_bytes()
    with patch.dict("os.environ", HWGEN_CACHE=str(place.scratch)):
        found = yosys._kept("key")
    if found is None:
        raise HwgenError("not what was kept", str(path), "counted anew")
    return dict(found) == dict(CELLS)


READERS: Mapping[str, Callable[[Place, Path], bool]] = {
    "checkpoint": _read_checkpoint, "graphs.npz": _read_graphs, "graphs.pt": _read_graphs,
    "config": lambda place, path: wishes_of(path) == wishes_of(place.good / "config.json"),
    "board": lambda place, path: boards.load(str(path)) == boards.load(str(place.good / "board.toml")),
    "build": _read_build, "report": _read_build, "cache": _read_cache}
