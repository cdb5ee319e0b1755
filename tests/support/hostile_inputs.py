"""Files of hwgen that were cut, changed or made up, and what reading them must come to.

A case follows from the campaign's seed and its number. A reader refuses it in three parts, or takes it: then it must be
what was written, unless the change is one that a user could have meant (a value of the same kind).
"""

import json
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from designs import counted_as
from hostile_changes import (
    change_bytes,
    change_checkpoint,
    change_graphs,
    change_json,
    change_members,
    change_npz,
    change_toml,
)
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
from hwgen.flow.manifest import NOT_LISTED
from hwgen.flow.wishes import Wishes
from hwgen.frontend.checkpoint import load, save_network
from hwgen.network.sample_store import load_sample, save_sample
from hwgen.report.files import read_report
from hwgen.seals import is_whole, seal_folder

__all__ = ["KINDS", "Case", "Place", "case", "judge", "make_place"]

#: What is read, and how often it is drawn.
KINDS = ("checkpoint", "checkpoint", "graphs.npz", "graphs.pt", "config", "board", "build", "build", "report", "cache")

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
                  Wishes(hardware={"groups": 1, "servers": 4, "requant_lanes": 2, "lane_sets": 1}))
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
        return _binary(place, draw, kind, draw.choice(["graph.pt", "node.pt"]), change_checkpoint)
    if kind == "graphs.npz":
        return _binary(place, draw, kind, "graphs.npz", change_npz)
    if kind == "graphs.pt":
        return _binary(place, draw, kind, "graphs.pt", change_graphs)
    if kind in ("config", "board"):
        name = "config.json" if kind == "config" else "board.toml"
        content = (place.good / name).read_bytes()
        path = place.scratch / name
        if kind == "config" and draw.random() < 0.6:
            what, text = change_json(draw, json.loads(content))
            path.write_text(text, errors="surrogatepass")
            return Case(kind, what, path, meant=True)
        if kind == "board" and draw.random() < 0.6:
            what, text = change_toml(draw, content.decode())
            path.write_text(text, errors="surrogatepass")
            return Case(kind, what, path, meant=True)
        what, content = change_bytes(draw, content)
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
        what, content = change_members(draw, good)
        path.write_bytes(content)
        return Case(kind, f"{name}: {what}", path, meant=True)
    what, content = change_bytes(draw, good.read_bytes())
    path.write_bytes(content)
    return Case(kind, f"{name}: {what}", path, meant=False)


def _build(place: Place, draw: random.Random, kind: str) -> Case:
    """One file of a build changed, added or gone."""
    folder = place.scratch / "build"
    shutil.copytree(place.good / draw.choice(["build-graph", "build-node"]), folder)
    if kind == "report":
        file = folder / "report" / "report.json"
    else:
        made = (path for path in folder.rglob("*") if path.relative_to(folder).parts[0] not in NOT_LISTED)
        file = draw.choice(sorted(path for path in made if path.is_file()))
    name, before = str(file.relative_to(folder)), file.read_bytes()
    if draw.random() < 0.1 and kind == "build":
        file.unlink()
        return Case(kind, f"{name}: gone", folder, meant=False)
    if file.suffix == ".json" and draw.random() < 0.7:
        what, text = change_json(draw, json.loads(before))
        content = text.encode(errors="surrogatepass")
        if _parsed(content) == json.loads(before):
            return Case(kind, f"{name}: the same", folder, meant=True)
    else:
        what, content = change_bytes(draw, before)
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
        what, content = change_bytes(draw, file.read_bytes())
        same = content == file.read_bytes()
        file.write_bytes(content)
        return Case("cache", f"{file.name}: {what}", folder, meant=same)
    with patch.dict("os.environ", HWGEN_CACHE=str(place.scratch)):
        yosys._keep("key", CELLS)
    file = place.scratch / "yosys" / "key.cells.json"
    what, text = change_json(draw, json.loads(file.read_text()))
    if draw.random() < 0.4:
        what, content = change_bytes(draw, file.read_bytes())
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
