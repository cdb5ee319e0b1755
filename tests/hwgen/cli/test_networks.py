"""The verbs on checkpoints of networks: build, verify, pack, estimate, report and inspect, of batches of graphs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import facts, run
from designs import graph_run
from models import random_graph_data, random_graph_model
from network_samples import logits, sample_of
from networks import gin_network, random_batch, sage_network
from reseal import reseal

import hwgen
import sim
from hwgen.errors import CapacityError, HwgenError
from hwgen.files import write_npz
from hwgen.flow import resources, verify
from hwgen.flow.built import load_design, read_sample
from hwgen.flow.resources import Component, Resources, Usage
from hwgen.frontend.checkpoint import save_network
from hwgen.network.network import Network
from hwgen.network.sample import Limits, Sample, single
from hwgen.network.sample_store import batch_arrays, save_sample
from hwgen.targets.lists.batch import union
from hwgen.targets.lists.execute import run as execute

DESIGN = ("--units", "1", "--lanes", "8", "--requant-lanes", "1", "--graphs", "3")
OUTSIDE = ("http://", "https://", "<script", "src=")
NAMESPACES = ("http://www.w3.org", "http://creativecommons.org", "http://purl.org", "https://matplotlib.org")




def counted(path: Path, parts: object, family: object) -> Resources:
    """Stands for Yosys, which has tests of its own."""
    assert "module unit" in path.read_text()
    return Resources(components=(Component(name="unit", count=1, one=Usage(lut=6_000, ff=9_000, bram36=9.5, dsp=24)),
                                 Component(name="shell", count=1, one=Usage(lut=2_000, ff=2_000))))


@pytest.fixture(scope="module")
def network() -> Network:
    return gin_network(0, features=5, hidden=8, layers=1)


@pytest.fixture(scope="module")
def sample(network: Network) -> Sample:
    return sample_of(network, 3)


@pytest.fixture(scope="module")
def patched() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "estimate", counted)
        yield


@pytest.fixture(scope="module")
def model(network: Network, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "gin.pt"
    save_network(network, sample, path)
    return path


@pytest.fixture(scope="module")
def built(model: Path, patched: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small design, built but not simulated."""
    out = tmp_path_factory.mktemp("build") / "gin"
    run("build", model, *DESIGN, "--no-verify", "-o", out)
    return out


def test_load_opens_either_version(model: Path, network: Network, sample: Sample) -> None:
    loaded, graphs = hwgen.load(model)
    assert [value.name for value in loaded.values] == [value.name for value in network.values]
    assert np.array_equal(graphs.labels, sample.labels)
    assert graphs.limits == sample.limits


@pytest.mark.slow
def test_build_folder_is_complete(built: Path, sample: Sample) -> None:
    names = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert {"manifest.json", "config.json", "design.v", "design.json", "design_xcup.v", "images/model.bin",
            "images/layout.json", "batches/0000/batch.bin", "batches/0000/layout.json", "batches/0000/golden.npz",
            "model/network.json", "model/network.npz", "model/sample.npz", "report/report.json",
            "report/report.html"} <= names
    assert [path.name for path in built.parent.iterdir()] == ["gin"]
    layouts = [json.loads((folder / "layout.json").read_text())
               for folder in sim.batch_folders(built / "batches")]
    assert sum(layout["graphs"] for layout in layouts) == sample.batch.graphs
    manifest = json.loads((built / "manifest.json").read_text())
    assert manifest["cycles"] == [layout["cycles"] for layout in layouts]
    assert manifest["capacities"]["max_graphs"] == 3
    assert len(manifest["inputs"]["checkpoint_sha256"]) == 64


@pytest.mark.slow
def test_the_plan_of_a_build_packs_the_same_bytes(built: Path) -> None:
    plan = load_design(built)
    for folder, batch in zip(sim.batch_folders(built / "batches"),
                             plan.deal(single(read_sample(built).batch)), strict=True):
        for name, content in graph_run(plan, batch).files.items():
            assert (folder / name).read_bytes() == (content if isinstance(content, bytes) else content.encode()), name


@pytest.mark.slow
def test_config_builds_the_same_and_keeps_time_stamps(built: Path, model: Path, tmp_path: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in built.rglob("*") if path.is_file()}
    run("build", model, "--config", built / "config.json", "--no-verify", "-o", built)
    for path, (stamp, content) in before.items():
        assert path.read_bytes() == content, path
        assert path.stat().st_mtime_ns == stamp, path


@pytest.mark.slow
def test_report_prints_and_is_self_contained(built: Path) -> None:
    text = run("report", built)
    for piece in ("not simulated", "assumed, not a result", "--units 1 --lanes 8 --requant-lanes 1 --graphs 3",
                  "with every load and store"):
        assert piece in text
    found = facts("report", built)
    page = (built / "report" / "report.html").read_text()
    assert page.count("<svg") == 4 + len(found["model"]["bits_by_degree"])
    for name in NAMESPACES:
        page = page.replace(name, "")
    assert not [outside for outside in OUTSIDE if outside in page]
    cycles = found["cycles"]
    assert cycles["total"] == sum(run["cycles"] for run in cycles["runs"])
    assert cycles["total"] == sum(step["cycles"] for step in cycles["passes"]) == cycles["by_bits"]["learned"]
    assert found["performance"]["latency_us"] == max(run["cycles"] for run in cycles["runs"]) / 250


@pytest.mark.slow
def test_finn_names_and_keys(built: Path) -> None:
    report = built / "report"
    speed = json.loads((report / "estimate_network_performance.json").read_text())
    cycles = json.loads((report / "estimate_layer_cycles.json").read_text())
    assert speed["max_cycles"] == cycles[speed["max_cycles_node_name"]] == max(cycles.values())
    assert speed["critical_path_cycles"] == sum(cycles.values())
    operations = json.loads((report / "op_and_param_counts.json").read_text())
    assert operations["v2"]["param_weight_INT4"] == 5 * 8


@pytest.mark.slow
def test_estimate_says_what_build_says(built: Path, model: Path) -> None:
    saved = json.loads((built / "report" / "report.json").read_text())
    estimated = facts("estimate", model, *DESIGN, "--synth")
    assert "batches of up to 3 graphs" in estimated.pop("choice")
    assert estimated.pop("schedule") == "build"
    assert estimated.pop("formulas")["dsp"] == 6  # of one lane; the build's count is a stand-in
    assert saved.pop("sha256")  # of the file alone
    assert estimated == saved


@pytest.mark.slow
def test_inspect(model: Path, built: Path) -> None:
    found = facts("inspect", model)
    assert [value["role"] for value in found["values"]] == [
        "message", "activation", "activation", "message", "activation", "activation", "result"]
    assert found["values"][1]["formula"] == "Σ[edges] v0 + g · v0"
    text = run("inspect", model)
    assert "nearest of" in text
    assert "Σ[members] v3" in text
    assert facts("report", built)["model"]["average_bits"] == pytest.approx(found["average_bits"], rel=0.02)


@pytest.mark.parametrize(("verb", "options", "refused"), [
    ("build", ("--groups", "2"), "--groups"), ("estimate", ("--bank-depth", "64"), "--bank-depth")])
def test_options_of_a_target_that_does_not_run_the_network(model: Path, verb: str, options: tuple[str, ...],
                                                           refused: str) -> None:
    with pytest.raises(HwgenError, match=f"{refused} is an option of target banked, which does not run") as caught:
        run(verb, model, *options)
    assert caught.value.fix == f"leave {refused} out"


@pytest.mark.slow
@pytest.mark.parametrize("option", [("--units", "2"), ("--windows",)])
def test_a_chain_goes_where_its_options_are(option: tuple[str, ...], patched: None, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    from hwgen.frontend import checkpoint

    chain, kept = random_graph_model(0), tmp_path / "cora.pt"
    kept.write_bytes(b"")
    monkeypatch.setattr(checkpoint, "load", lambda path: chain.parts)
    with pytest.raises(HwgenError, match=r"--groups is an option of target banked, .* one of target lists") as caught:
        run("build", kept, *option, "--groups", "2")
    assert caught.value.fix == "leave one of them out"
    found = facts("build", kept, *option, "--no-verify", "-o", tmp_path / "b")
    assert found["target"] == "lists"
    assert (found["cycles"]["kind"] == "window") == (option == ("--windows",))
    config = tmp_path / "b" / "config.json"
    assert facts("estimate", kept, "--config", config)["hardware"] == found["hardware"]
    with pytest.raises(HwgenError, match="--digit is an option of target banked, and the target is lists"):
        run("estimate", kept, "--config", config, "--digit", "2")
    trace = execute(load_design(tmp_path / "b").program, read_sample(tmp_path / "b").batch)
    assert (trace.results.argmax(axis=1) == chain.sample.logits.argmax(axis=1)).mean() > 0.9


@pytest.mark.slow
def test_wrong_parameters_are_refused(model: Path, built: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"hardware": {"groups": 1}}))
    with pytest.raises(HwgenError, match="groups is an option of target banked"):
        run("build", model, "--config", config, "-o", tmp_path / "b")
    with pytest.raises(CapacityError, match="batches of 4 graphs; the design takes 3, 1 too many"):
        run("verify", built, "--batch-size", "4")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(HwgenError, match=r"cannot be read.*\n.*manifest\.json"):
        load_design(tmp_path)
    with pytest.raises(HwgenError, match="cannot be read"):
        run("pack", tmp_path / "none", model)


@pytest.mark.slow
def test_more_graphs_are_packed_for_the_same_design(built: Path, network: Network, tmp_path: Path) -> None:
    graphs = tmp_path / "other.npz"
    write_npz(graphs, batch_arrays(random_batch(8, network, graphs=5, nodes=3, hub=3)))
    found = facts("pack", built, graphs)
    assert Path(found["run"]) == built / "runs" / "other"
    layouts = [json.loads((Path(folder) / "layout.json").read_text()) for folder in found["batches"]]
    assert sum(layout["graphs"] for layout in layouts) == 5
    assert max(layout["graphs"] for layout in layouts) <= 3
    assert not (built / "runs" / "other" / "design.v").exists()
    few, large = random_batch(8, network, graphs=3, nodes=3), random_batch(6, network, graphs=1, nodes=300)
    write_npz(graphs, batch_arrays(union([few, large])))
    with pytest.raises(CapacityError, match=r"^graph 3 needs max_nodes \d+, and the design takes \d+, ") as caught:
        run("pack", built, graphs)
    assert "build with --max-nodes " in caught.value.fix
    write_npz(graphs, batch_arrays(random_batch(8, sage_network(0), graphs=2, nodes=3)))
    with pytest.raises(HwgenError, match="features"):
        run("pack", built, graphs)
    np.savez(graphs, **random_nodes(tmp_path))
    with pytest.raises(HwgenError):
        run("verify", built, "--graph", graphs)


def random_nodes(folder: Path) -> dict[str, Any]:
    """A graph for another kind of model, with features of its own."""
    save_sample(random_graph_data(5, nodes=30, features=24, trained=40), folder / "node.npz")
    with np.load(folder / "node.npz") as arrays:
        return dict(arrays)


@pytest.mark.slow
def test_figures_on_a_users_test_set(built: Path, sample: Sample, tmp_path: Path) -> None:
    """Labels without logits are enough, and labels alone of the build's own graphs."""
    other = union(single(sample.batch)[1:])
    results = execute(load_design(built).program, other).results.argmax(axis=1)
    labels = np.where(np.arange(6) % 3 == 0, (results + 1) % 3, results)
    labels[1] = -1
    write_npz(tmp_path / "test.npz", {**batch_arrays(other), "labels": labels})
    found = facts("report", built, "--test", tmp_path / "test.npz")["figures"]
    assert [each["data"] for each in found] == ["the sample", "test.npz"]
    [integer] = found[1]["models"]
    assert (found[1]["rows"], found[1]["counted"], found[1]["unlabelled"]) == (6, 5, 1)
    assert (integer["model"], integer["score"]["right"], integer["score"]["decided"]) == ("integer", 3, 5)
    assert (integer["to_fp32"], integer["to_quantized"]) == (None, None)

    np.savez(tmp_path / "labels.npz", labels=np.array([0.5, np.nan, 1, 2, 3, 4, 5]))
    found = facts("report", built, "--test", tmp_path / "labels.npz")["figures"]
    assert [each["data"] for each in found] == ["the sample", "test.npz", "labels.npz"]
    assert (found[2]["task"], found[2]["said"]) == ("unknown", "one real label a row beside 3 results")
    assert [each["model"] for each in found[2]["models"]] == ["quantized", "integer"]
    assert all(each["score"] is None for each in found[2]["models"])
    assert facts("report", built)["figures"] == found  # they are kept
    np.savez(tmp_path / "labels.npz", labels=np.zeros(4))
    with pytest.raises(HwgenError, match="4 entries for 7 graphs"):
        run("report", built, "--test", tmp_path / "labels.npz")


@pytest.mark.slow
@pytest.mark.verilator
def test_the_whole_way(model: Path, patched: None, network: Network, sample: Sample, tmp_path: Path,
                       monkeypatch: pytest.MonkeyPatch) -> None:
    build = tmp_path / "gin"
    found = facts("build", model, *DESIGN, "-o", build)
    done = found["verification"]
    assert done["bit_exact"]
    assert done["what"] == f"the sample: 7 graphs in {len(done['runs'])} batches"
    assert done["of"] == len(done["runs"]) == len(found["cycles"]["runs"])
    assert {run["difference"] for run in done["runs"]} == {0}
    assert done["cycles"] == found["cycles"]["total"] == sum(run["cycles"] for run in done["runs"])
    for key in ("load", "store"):
        assert done[f"{key}_cycles"] == found["cycles"][key]
    assert done["pass_cycles"] == [step["cycles"] for step in found["cycles"]["passes"]]
    check_figures(found["figures"][0], sample, build)
    assert json.loads((build / "report" / "report.json").read_text())["verification"] == done

    # in batches of two with stalls, several simulators: another run, the report stays
    monkeypatch.setattr(verify, "AT_ONCE", 1000)
    found = facts("verify", build, "--batch-size", "2", "--stalls", "3")
    assert found["verification"]["bit_exact"]
    assert [json.loads((folder / "layout.json").read_text())["graphs"] for folder in
            sim.batch_folders(build / "runs" / "batches-of-2")] == [2, 2, 2, 1]
    check_figures(found["figures"], sample, build)
    assert json.loads((build / "report" / "report.json").read_text())["verification"] == done

    graphs = single(sample.batch)[:3]
    other = Sample(batch=union(graphs), labels=None, mask=None, logits=logits(network, union(graphs)),
                   limits=Limits.of(union(graphs), 1))
    save_sample(other, tmp_path / "three.npz")
    found = facts("verify", build, "--graph", tmp_path / "three.npz")
    assert found["verification"]["what"].startswith("three.npz: 3 graphs in ")
    assert (found["figures"]["data"], found["figures"]["rows"]) == ("three.npz", 3)
    assert all(each["score"] is None for each in found["figures"]["models"])

    assert sorted(hwgen.verify(build, other.batch, batch_size=1).batches) == ["0000", "0001", "0002"]
    with pytest.raises(HwgenError, match="batch_size is 2"):
        hwgen.verify(build, batch_size=2)

    first = build / "batches" / "0000"
    layout = json.loads((first / "layout.json").read_text())
    (first / "layout.json").write_text(json.dumps(layout | {"cycles": layout["cycles"] + 1, "pass_cycles": None}))
    reseal(build)
    wrong = facts("verify", build, "--sample", code=1)["verification"]
    assert not wrong["bit_exact"]
    assert wrong["what"].startswith("the sample: the first ")
    assert wrong["runs"][0]["difference"] == 1
    assert wrong["mismatch"]["kind"] == "counter"
    (first / "layout.json").write_text(json.dumps(layout))
    with np.load(first / "golden.npz") as arrays:
        changed = dict(arrays)
    changed["p1_data"][4, 2] ^= 1
    np.savez(first / "golden.npz", **changed)
    reseal(build)
    wrong = facts("verify", build, "--whole", code=1)["verification"]["mismatch"]
    assert (wrong["kind"], wrong["domain"], wrong["channel"]) == ("code", "node", 2)
    assert wrong["node"] == changed["p1_row"][4]
    assert wrong["got"] ^ wrong["expected"] == 1


def check_figures(found: dict[str, Any], sample: Sample, build: Path) -> None:
    """Recompute it from the reference, one graph after another."""
    plan = load_design(build)
    results = np.concatenate([execute(plan.program, graph).results for graph in single(sample.batch)])
    ours, theirs = results.argmax(axis=1), sample.logits.argmax(axis=1)
    assert found["of"] == "graphs"
    assert found["rows"] == 7
    models = {each["model"]: each for each in found["models"]}
    assert models["hardware"]["to_quantized"]["same"] == pytest.approx((ours == theirs).mean())
    assert models["hardware"]["score"]["accuracy"] == (ours == sample.labels)[sample.mask].mean()
    assert models["quantized"]["score"]["accuracy"] == (theirs == sample.labels)[sample.mask].mean()
    assert models["integer"] == {**models["hardware"], "model": "integer"}
