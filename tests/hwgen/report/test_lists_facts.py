"""Facts of networks and of batches, recomputed the slow way."""


import pytest
from network_samples import sample_of
from networks import gin_network

import boards
from hwgen.flow.resources import Component, Resources, Usage
from hwgen.network.bits import bits_of_model
from hwgen.report.finn import finn_files
from hwgen.report.html import render
from hwgen.report.lists_facts import batch_cycles, lists_facts, lists_performance, lists_verification
from hwgen.report.model_facts import model_facts
from hwgen.targets.lists.design import batch_designs

STAGES = ("gather", "pre", "combine", "post", "write")


def steps(*cycles: int) -> list[dict[str, object]]:
    return [{"name": f"pass {index}", "cycles": count, "waited": dict.fromkeys(STAGES, 0.1),
             "utilisation": {stage: 0.1 * place + 0.5 * (count > 100) for place, stage in enumerate(STAGES)}}
            for index, count in enumerate(cycles)]


def hand_made() -> dict[str, object]:
    """Facts of two batches, of 300 and 700 cycles."""
    network = gin_network(0, hidden=8)
    sample = sample_of(network, 1)
    plan = next(batch_designs(network, sample, 4, {"units": 1}))
    sizes = {"nodes": 10, "edges": 20, "store_beats": 4}
    batches = [{**sizes, "graphs": 3, "load_beats": 96, "total": 300, "passes": steps(100, 200)},
               {**sizes, "graphs": 2, "load_beats": 196, "total": 700, "passes": steps(400, 300)}]
    resources = Resources(components=(Component(name="unit", count=2, one=Usage(lut=100, dsp=2)),))
    cycles = batch_cycles(batches, {"learned": 1000, "uniform 8 bit": 1500})
    board = boards.load("ultra96")
    return lists_facts(model=model_facts(network, sample.batch, bits_of_model(network, sample.batch)).to_dict(),
                        board=board, hardware=plan.hardware.to_dict(),
                        capacities={f"max_{name}": 1 for name in ("graphs", "nodes", "edges", "features", "degree",
                                                                  "graph_nodes", "nonzeros")},
                        cycles=cycles, performance=lists_performance(cycles["batches"], board), resources=resources)


def test_batches_add_up() -> None:
    facts = hand_made()
    cycles, speed = facts["cycles"], facts["performance"]
    assert (cycles["total"], cycles["graphs"], cycles["per_graph"]) == (1000, 5, 200)
    assert [step["cycles"] for step in cycles["passes"]] == [500, 500]
    assert cycles["passes"][0]["utilisation"]["pre"] == pytest.approx((100 * 0.1 + 400 * 0.6) / 500)
    assert cycles["batches"][1]["pass_cycles"] == [400, 300]
    assert speed["latency_us"] == 700 / 250
    assert speed["graphs_per_s"] == 250e6 * 5 / 1000
    assert speed["graphs_per_s_with_transfers"] == 250e6 * 5 / 1300
    assert facts["resources"]["total"]["dsp"] == 4
    files = finn_files(facts)
    assert files["estimate_layer_cycles.json"] == {"pass 0": 400, "pass 1": 300}
    network = files["estimate_network_performance.json"]
    assert (network["critical_path_cycles"], network["max_cycles"], network["max_cycles_node_name"]) == (
        700, 400, "pass 0")
    assert "rtlsim_performance.json" not in files


def test_verification_of_batches() -> None:
    done = {"load_cycles": 5, "store_cycles": 2, "rows_compared": 8, "codes_compared": 64, "pass_cycles": [100, 200],
            "counters": {"GATHER_RUN": 7, "PASS": 1}}
    batches = {"0000": {**done, "cycles": 300}, "0001": {**done, "cycles": 310}}
    right = lists_verification(batches, {"0000": 300, "0001": 310}, 5, "the sample", None)
    assert right["bit_exact"]
    assert (right["cycles"], right["codes_compared"], right["pass_cycles"]) == (610, 128, [200, 400])
    assert right["counters"] == {"GATHER_RUN": 14}
    slow = lists_verification(batches, {"0000": 300, "0001": 309}, 5, "the sample", None)
    assert not slow["bit_exact"]
    assert [batch["difference"] for batch in slow["batches"]] == [0, -1]
    assert not lists_verification(batches, {"0000": 300, "0001": 310}, 5, "the sample", {"kind": "code"})["bit_exact"]
    facts = {**hand_made(), "verification": right}
    assert finn_files(facts)["rtlsim_performance.json"]["latency_cycles"] == 310
    assert finn_files(facts)["rtlsim_performance.json"]["throughput[images/s]"] == 250e6 * 5 / 610


def test_the_page_names_every_batch_and_layer() -> None:
    facts = hand_made()
    page = render(facts)
    assert page.count("<svg") == 4 + len(facts["model"]["bits_by_degree"])
    assert "<td>700</td><td>350</td><td>196</td>" in page
    assert "graphs of 1 nodes" in page
    for name in facts["model"]["bits_by_degree"]:
        assert f"Bit widths by in-degree: {name}" in page
    facts["cycles"]["batches"] *= 20
    assert "8 more" in render(facts)
