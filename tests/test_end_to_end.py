"""Random models on random graphs, from network to Verilator: every code, every cycle, every counter equal."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from designs import design_of, graph_run
from models import random_graph_data, random_graph_model

import sim
from hwgen.errors import HwgenError
from hwgen.flow.folder import to_json, write_files
from hwgen.network.granularity import Granularity
from hwgen.targets.banked.schedule.schedule import schedule
from hwgen.targets.banked.verilog import emit

pytestmark = pytest.mark.verilator

NODES, FEATURES = 44, 20

#: One design for both: it is compiled once.
PROMPTED = {"groups": 1, "servers": 4, "digit": 4, "requant_lanes": 4, "acc_bits": 9, "feature_depth": 128, "pages": 4,
            "mac_columns": 8, "lane_sets": 1}

#: Hardware parameters and model of each design that is built.
DESIGNS = {
    "bit serial, 1 group": ({"groups": 1, "servers": 4, "digit": 1, "requant_lanes": 2, "lane_sets": 1}, {"hidden": 8}),
    "digit 2, 2 groups": ({"groups": 2, "servers": 8, "digit": 2, "requant_lanes": 2, "planes": 2, "lane_sets": 1},
                          {"hidden": 6, "classes": 3, "layers": 3}),
    "8-bit codes, digit 4": ({"groups": 1, "servers": 8, "digit": 4, "requant_lanes": 4, "lane_sets": 1},
                             {"hidden": 5, "classes": 7, "message_bits": 6}),
    "dense input": ({"groups": 2, "servers": 4, "digit": 4, "requant_lanes": 4, "planes": 2},
                    {"hidden": 8, "input_bits": 3, "bias": False}),
    "rows by degree": ({"groups": 1, "servers": 4, "digit": 2, "requant_lanes": 4, "lane_sets": 1},
                       {"hidden": 8, "by": Granularity.PER_DEGREE}),
    "3 groups, two sets of 8 lanes": (
        {"groups": 3, "servers": 4, "digit": 4, "requant_lanes": 8, "lane_sets": 2},
        {"hidden": 8, "weight_bits": 3}),
    "a prompt of sparse input": (PROMPTED, {"hidden": 8, "prompt": True}),
    "a prompt of dense input": (PROMPTED, {"hidden": 8, "input_bits": 3, "prompt": True}),
    "messages with zero points": ({"groups": 2, "servers": 4, "digit": 4, "requant_lanes": 2, "lane_sets": 1},
                                  {"hidden": 8, "layers": 3, "classes": 5, "zero_points": True}),
    "8-bit messages with zero points, dense input": (
        {"groups": 1, "servers": 4, "digit": 4, "requant_lanes": 4},
        {"hidden": 6, "classes": 5, "layers": 4, "message_bits": 8, "input_bits": 3, "zero_points": True}),
    "sums of 20 bits": ({"groups": 1, "servers": 4, "digit": 2, "requant_lanes": 8, "lane_sets": 1},
                        {"hidden": 24, "min_bits": 8, "weight_bits": 8, "message_bits": 8, "one_step": True}),
}


#: The first one compiles fastest.
QUICK, *MORE = DESIGNS


def rows_by(model, granularity):
    """The same model, its first nodes' rows as a table by degree."""
    values = tuple(value if value.quantizer is None or value.quantizer.granularity is not Granularity.PER_NODE else
                   replace(value, quantizer=replace(value.quantizer, granularity=granularity,
                                                    step=value.quantizer.step[:9], bits=value.quantizer.bits[:9]))
                   for value in model.network.values)
    network, batch = replace(model.network, values=values, trained_nodes=0), model.sample.batch
    return network, replace(model.sample, batch=replace(batch, node=np.zeros_like(batch.node)))


@pytest.fixture(scope="module", params=[QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)],
                ids=lambda name: name.replace(" ", "-"))
def built(request, tmp_path_factory):
    """A build folder, its design, and the run of its graph."""
    return build_of(request.param, tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The same of the first design: for what concerns the harness, not the design."""
    return build_of(QUICK, tmp_path_factory.mktemp("build"))


def build_of(name, folder):
    hardware, model = DESIGNS[name]
    seed = list(DESIGNS).index(name)
    by = model.get("by")
    made = random_graph_model(seed, nodes=NODES, features=FEATURES, **{key: model[key] for key in model if key != "by"})
    network, sample = made.parts if by is None else rows_by(made, by)
    design = design_of("banked", network, sample, **hardware)
    run = graph_run(design, sample.batch)
    if seed % 2:  # as a build schedules its own graph; that of a session is quick
        run = replace(run, schedule=schedule(run.program, run.hardware))
    verilog, facts = emit(design.hardware)
    write_files(folder, {"design.v": verilog, "design.json": to_json(facts)})
    write_files(folder / "images", design.model_files())
    write_files(folder / "batches" / "0000", run.files)
    return folder, design, run


def check(result, run):
    """Nothing differs: codes, results, cycles of every pass, counters."""
    assert result.ok, str(result)
    (result,), trace = result.batches.values(), run.trace
    rows = [run.program.rows_of(index) for index in range(len(run.program.passes))]  # others are zero, or of no use
    assert result.rows_compared >= sum(each.sum() for each in rows)
    assert rows[-1].all()
    assert result.codes_compared == sum(done.rows[own].size for done, own in zip(trace.passes, rows, strict=True))
    assert np.array_equal(result.logits, trace.logits)
    assert result.cycles == run.cycles["total"]
    assert sum(result.pass_cycles) == result.cycles
    assert [entry["cycles"] for entry in run.cycles["passes"]] == list(result.pass_cycles)
    for name, value in run.cycles["counters"].items():
        assert result.counters[name.upper()] == value, name


def test_sample_graph(built):
    folder, _, run = built
    check(sim.run(folder), run)


@pytest.mark.parametrize("seed", [2, 3, 24])
def test_back_pressure(quick, seed):
    """Writes whose data comes first, whose address comes first, and any."""
    stalled(quick, seed)


@pytest.mark.slow
def test_back_pressure_on_every_design(built):
    _, _, run = built
    stalled(built, 2 + len(run.program.passes))


def stalled(built, seed):
    """A run on a bus that stalls."""
    folder, _, run = built
    result = sim.run(folder, options=sim.SimOptions(stalls=seed))
    check(result, run)
    counters = result.batches["0000"].counters
    assert counters["LOAD_WAIT_IN"] > counters["LOAD_RUN"] // 4  # the bus did stall
    assert counters["STORE_WAIT_OUT"] > counters["STORE_RUN"] // 4


@pytest.mark.slow
def test_another_graph_on_the_same_design(built, tmp_path):
    folder, design, run = built
    seed = 8 + len(run.program.passes)
    fitting = None
    for nodes, degree in itertools.product((NODES - 4, NODES // 2, 8), (2.5, 1.0)):
        data = random_graph_data(seed, nodes=nodes, features=FEATURES, trained=design.network.trained_nodes or 1,
                                 input_bits=design.network.input_bits, degree=degree)
        try:
            fitting = graph_run(design, data.batch)
            break
        except HwgenError:  # over a capacity that this design states: try a smaller graph
            continue
    assert fitting is not None
    write_files(tmp_path, fitting.files)
    result = sim.run(folder, [tmp_path], sim.SimOptions(stalls=seed))
    assert result.compile_s == 0
    check(result, fitting)


@pytest.mark.parametrize("wrong", ["cycles", "SERVER_RUN", *(pytest.param(name, marks=pytest.mark.slow) for name in (
    "pass_cycles", "GATHER_RUN", "GATHER_IDLE", "GATHER_WAIT_OUT", "SERVER_IDLE", "SERVER_WAIT_IN"))])
def test_cycles_and_counters_are_compared(quick, tmp_path, wrong):
    """Every one of them: an estimate that is off by one is a difference."""
    folder, _, run = quick
    write_files(tmp_path, run.files)
    layout = json.loads((tmp_path / "layout.json").read_text())
    assert set(layout["counters"]) == {f"{stage}_{what}" for stage, what in (
        ("GATHER", "RUN"), ("GATHER", "IDLE"), ("GATHER", "WAIT_OUT"), ("SERVER", "RUN"), ("SERVER", "IDLE"),
        ("SERVER", "WAIT_IN"))}
    if wrong == "pass_cycles":
        layout[wrong][-1] += 1
    else:
        part = layout if wrong == "cycles" else layout["counters"]
        part[wrong] += 1
    (tmp_path / "layout.json").write_text(json.dumps(layout))
    found = sim.run(folder, [tmp_path]).mismatch
    assert found.kind == "counter"
    assert found.detail.startswith(wrong.upper() + " is ")


def test_wrong_golden_code_is_named(quick, tmp_path):
    """The harness can fail on the real accelerator too."""
    folder, _, run = quick
    write_files(tmp_path, run.files)
    index = len(run.program.passes) - 1
    arrays = dict(np.load(tmp_path / "golden.npz"))
    at = np.flatnonzero(arrays[f"p{index}_chunk"] == 0)[7]
    arrays[f"p{index}_data"][at, 2] ^= 1
    np.savez(tmp_path / "golden.npz", **arrays)
    wrong = sim.run(folder, [tmp_path]).mismatch
    assert (wrong.kind, wrong.pass_name) == ("code", run.program.passes[index].name)
    assert (wrong.node, wrong.channel) == (int(arrays[f"p{index}_row"][at]), 1)
    assert abs(wrong.expected - wrong.got) == 1
