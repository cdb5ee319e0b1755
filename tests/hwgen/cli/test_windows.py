"""Graphs that exceed every design: build takes windows, verify says which it compared, the runtime runs them."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from cli_runs import facts, run
from designs import counted_as
from network_samples import sample_of
from networks import gin_network, random_batch
from reseal import reseal

import hwgen
from hwgen import api
from hwgen.errors import CapacityError
from hwgen.files import write_npz
from hwgen.flow import resources
from hwgen.flow.built import load_design
from hwgen.flow.packed import pack_batches
from hwgen.frontend.checkpoint import save_network
from hwgen.network.figures import figures_of
from hwgen.network.network import Network
from hwgen.network.sample import Sample
from hwgen.network.sample_store import batch_arrays
from hwgen.targets import find_target
from hwgen.targets.lists.design import WindowDesign
from hwgen.targets.lists.execute import run as execute
from rtl_templates.shell.timing import load_cycles, store_cycles

#: Memories of a few rows; with them no graph of the sample is held whole.
TINY = {"units": 1, "lanes": 8, "requant_lanes": 1, "buffer_depth": 64, "list_depth": 8, "descriptor_depth": 8,
        "result_depth": 16}




@pytest.fixture(scope="module")
def network() -> Network:
    """Searches' entries are read again, and graphs are pooled."""
    return gin_network(0, features=5, hidden=8, layers=1)


@pytest.fixture(scope="module")
def sample(network: Network) -> Sample:
    return sample_of(network, 1, graphs=9, nodes=12)


@pytest.fixture(scope="module")
def counted() -> Iterator[None]:
    """Stands for Yosys, which has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "estimate", counted_as(
            unit={"lut": 6_000, "ff": 9_000, "bram36": 9.5, "dsp": 24}))
        yield


@pytest.fixture(scope="module")
def model(network: Network, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "gin.pt"
    save_network(network, sample, path)
    return path


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(json.dumps({"hardware": TINY}))
    return path


@pytest.fixture(scope="module")
def built(model: Path, config: Path, counted: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built, but not simulated."""
    out = tmp_path_factory.mktemp("build") / "gin"
    text = run("build", model, "--config", config, "--no-verify", "-o", out)
    assert "by windows, no design that holds the graphs whole fits: " in text
    return out


@pytest.mark.slow
def test_build_folder_is_complete(built: Path, sample: Sample) -> None:
    names = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert {"manifest.json", "config.json", "design.v", "design.json", "design_xcup.v", "images/model.bin",
            "images/layout.json", "model/network.json", "model/sample.npz", "report/report.json",
            "report/report.html"} <= names
    plan = load_design(built)
    assert isinstance(plan, WindowDesign)
    assert (built / "images" / "model.bin").read_bytes() == plan.windows.model_words()
    everything = pack_batches(plan, [sample.batch], whole=True)
    runs, chosen = everything.runs, {int(path.name) for path in (built / "batches").iterdir()}
    first_and_last = {place for place in range(len(runs)) for beside in (place - 1, place + 1)
                      if not 0 <= beside < len(runs) or runs[beside].part != runs[place].part}
    assert first_and_last < chosen < set(range(len(runs)))
    for step in range(len(plan.program.passes)):
        entries = {place: each.sizes["entries"] for place, each in enumerate(runs) if each.part == step}
        assert max(entries.values()) in {entries[place] for place in chosen & set(entries)}
    for number in chosen:
        for name, content in everything.files[number].items():
            wanted = content if isinstance(content, bytes) else content.encode()
            assert (built / "batches" / f"{number:04d}" / name).read_bytes() == wanted, name


@pytest.mark.slow
def test_report_has_the_whole(built: Path, sample: Sample) -> None:
    found, plan = facts("report", built), load_design(built)
    windows = pack_batches(plan, [sample.batch]).runs
    cycles, runs, names = found["cycles"], found["cycles"]["runs"], [step.name for step in plan.program.passes]
    assert cycles["kind"] == "window"
    assert len(runs) == len(windows)
    assert [run["cycles"] for run in runs] == [sum(step.cycles for step in each.passes) for each in windows]
    assert cycles["total"] == sum(run["cycles"] for run in runs)
    assert cycles["total"] == cycles["by_bits"]["learned"] < cycles["by_bits"]["uniform 8 bit"]
    assert cycles["load"] == sum(load_cycles(each.load_beats) for each in windows)
    assert cycles["store"] == sum(store_cycles(each.store_beats) for each in windows)
    assert found["performance"]["latency_us_with_transfers"] == (
        cycles["total"] + cycles["load"] + cycles["store"]) / 250
    assert [step["name"] for step in cycles["passes"]] == names
    assert [step["cycles"] for step in cycles["passes"]] == [
        sum(run["cycles"] for run in runs if run["part"] == name) for name in names]
    rows = {"nodes": sample.batch.num_nodes, "graphs": sample.batch.graphs}
    assert [sum(run["sizes"]["rows"] for run in runs if run["part"] == step.name) for step in plan.program.passes] == [
        rows[step.domain] for step in plan.program.passes]
    assert found["capacities"] == {"max_nodes": plan.program.max_members, "max_degree": plan.program.max_degree,
                                   "max_node_nonzeros": plan.program.max_features}
    text, page = run("report", built), (built / "report" / "report.html").read_text()
    assert f"all {len(runs)} windows" in text
    assert f"all {len(runs)} windows</td><td>{len(runs)}</td>" in page
    assert not (built / "report" / "rtlsim_performance.json").exists()


@pytest.fixture
def no_rtl(counted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Designs are chosen without their Verilog."""
    monkeypatch.setattr(find_target("lists"), "emit", lambda hardware, **options: ("", {}), raising=False)


@pytest.mark.slow
def test_estimate_says_what_build_says(built: Path, model: Path, config: Path, no_rtl: None) -> None:
    saved = json.loads((built / "report" / "report.json").read_text())
    assert saved.pop("sha256")  # of the file alone
    for path, why in ((config, "no design that holds the graphs whole fits"), (built / "config.json", "as asked for")):
        found = facts("estimate", model, "--config", path, "--synth")
        assert found.pop("schedule") == "build"
        assert found.pop("formulas")["lut"] > 1000
        assert found.pop("choice").endswith(f"by windows, {why}: {len(saved['cycles']['runs'])} windows")
        assert found == {**saved, "verification": None}


@pytest.mark.slow
def test_windows_can_be_refused_and_forced(model: Path, config: Path, no_rtl: None) -> None:
    with pytest.raises(CapacityError, match="need list_depth 14; the design has 8, 6 too few"):
        run("build", model, "--config", config, "--no-windows")
    found = facts("estimate", model, "--windows", "--lanes", "8")
    windows = len(found["cycles"]["passes"])  # memories hold all rows
    assert found["choice"].endswith(f"with --lanes 8 as asked for; by windows, as asked for: {windows} windows")
    assert len(found["cycles"]["runs"]) == len(found["cycles"]["passes"])
    assert facts("estimate", model, "--units", "1", "--graphs", "1")["cycles"]["kind"] == "batch"


@pytest.mark.slow
def test_batches_of_windows(built: Path, sample: Sample) -> None:
    accelerator = hwgen.Accelerator(built)
    assert np.array_equal(accelerator.run(sample, batch_size=2), accelerator.run(sample))


@pytest.mark.slow
def test_other_graphs_are_packed_whole(built: Path, network: Network, tmp_path: Path) -> None:
    other, path = random_batch(5, network, graphs=4, nodes=9, hub=6), tmp_path / "other.npz"
    write_npz(path, batch_arrays(other))
    found, plan = facts("pack", built, path), load_design(built)
    windows = pack_batches(plan, [other]).runs
    assert [int(Path(folder).name) for folder in found["batches"]] == list(range(len(windows)))
    layouts = [json.loads((Path(folder) / "layout.json").read_text()) for folder in found["batches"]]
    for place, (layout, each) in enumerate(zip(layouts, windows, strict=True)):
        assert {key: layout[key] for key in ("window", "pass", "rows", "entries", "load_beats", "store_beats")} == {
            "window": place, "pass": each.part, **each.sizes, "load_beats": each.load_beats,
            "store_beats": each.store_beats}
    for layout in layouts:
        name = plan.program.passes[layout["pass"]].name
        kept = [f"{name}, with entries"] * plan.windows.passes[layout["pass"]].kept
        assert [step["name"] for step in layout["passes"]] == [name, *kept]
        assert [step["to_result"] for step in layout["passes"]] == [False] * len(kept) + [True]
    for step, name in enumerate(step.domain for step in plan.program.passes):
        rows = [row for folder, layout in zip(found["batches"], layouts, strict=True) if layout["pass"] == step
                for row in np.load(Path(folder) / "golden.npz")["results_row"]]
        assert sorted(rows) == list(range(other.num_nodes if name == "nodes" else other.graphs))


@pytest.mark.slow
def test_verify_from_python_takes_every_window(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "simulate", lambda build, folders, options: folders)
    names = [folder.name for folder in hwgen.verify(built)]
    assert names == [f"{number:04d}" for number in range(len(facts("report", built)["cycles"]["runs"]))]


@pytest.mark.slow
@pytest.mark.verilator
def test_the_whole_way(built: Path, network: Network, sample: Sample, tmp_path: Path,
                       monkeypatch: pytest.MonkeyPatch) -> None:
    found = facts("verify", built)
    done, plan = found["verification"], load_design(built)
    names = sorted(path.name for path in (built / "batches").iterdir())
    chosen = [int(name) for name in names]
    count = len(facts("report", built)["cycles"]["runs"])
    assert done["bit_exact"]
    assert (done["of"], done["chosen"]) == (count, names)
    assert [(run["name"], run["difference"]) for run in done["runs"]] == [(name, 0) for name in names]
    assert done["what"] == f"the sample: {len(chosen)} of {count} windows"
    trace = execute(plan.program, sample.batch)
    known = replace(sample, integer=trace.results * plan.program.passes[-1].out.scale)
    wanted = asdict(figures_of(known, data="the sample", of="graphs"))
    assert found["figures"] == {**wanted, "models": list(wanted["models"])}
    assert [each["model"] for each in found["figures"]["models"]] == ["quantized", "integer"]

    windows = pack_batches(plan, [sample.batch]).runs
    assert done["rows_compared"] == sum(windows[place].sizes["rows"] for place in chosen)
    assert done["codes_compared"] > 8 * done["rows_compared"]
    mine = [windows[place] for place in chosen]
    assert done["cycles"] == sum(step.cycles for each in mine for step in each.passes)
    assert done["load_cycles"] == sum(load_cycles(each.load_beats) for each in mine)
    assert done["store_cycles"] == sum(store_cycles(each.store_beats) for each in mine)

    found_total = sum(step.cycles for each in windows for step in each.passes)
    whole = facts("verify", built, "--whole", "--stalls", "3")["verification"]
    assert whole["bit_exact"]
    assert [int(run["name"]) for run in whole["runs"]] == list(range(count))
    assert whole["what"] == f"the sample: all {count} windows"
    assert whole["cycles"] == found_total == sum(whole["pass_cycles"])

    large = random_batch(8, network, graphs=3, nodes=11, hub=30)  # longer lists: ranges proved anew, another model
    assert np.diff(large.lists("edges").indptr).max() > plan.program.max_degree
    monkeypatch.chdir(built.parent)  # the simulator runs in folders of its own
    simulated = hwgen.Accelerator(built.name, backend="simulation").run(large)
    assert np.array_equal(simulated, hwgen.Accelerator(built).run(large))

    write_npz(tmp_path / "other.npz", batch_arrays(sample.batch))
    other = facts("verify", built, "--graph", tmp_path / "other.npz")
    assert (other["verification"]["of"], other["verification"]["chosen"]) == (count, names)
    assert other["verification"]["what"].startswith("other.npz: ")
    assert [each["model"] for each in other["figures"]["models"]] == ["integer"]

    golden = built / "batches" / f"{chosen[1]:04d}" / "golden.npz"
    with np.load(golden) as arrays:
        changed = dict(arrays)
    kept = golden.read_bytes()
    changed["results"].flat[3] ^= 1
    np.savez(golden, **changed)
    reseal(built)
    wrong = facts("verify", built, code=1)["verification"]
    golden.write_bytes(kept)
    reseal(built)
    assert not wrong["bit_exact"]
    assert (wrong["of"], wrong["chosen"]) == (count, names)
    assert [run["name"] for run in wrong["runs"]] == names[:2]
    assert wrong["mismatch"]["got"] ^ wrong["mismatch"]["expected"] == 1
