"""Facts of networks and of batches, recomputed the slow way."""

import json

import numpy as np
import pytest
from network_samples import sample_of
from networks import gin_network, random_network, residual_gcn_network, sage_network

import boards
from hwgen.flow.resources import Component, Resources, Usage
from hwgen.network.network import Network
from hwgen.report.finn import finn_files
from hwgen.report.html import render
from hwgen.report.lists_facts import batch_cycles, lists_facts, lists_performance, lists_verification
from hwgen.report.lists_names import roles
from hwgen.report.network_facts import network_facts
from hwgen.targets.lists.bits import bits_of_model, bits_of_traces
from hwgen.targets.lists.design import batch_designs, program_for
from hwgen.targets.lists.execute import run

NETWORKS = [gin_network(0, hidden=8), sage_network(1, hidden=8), residual_gcn_network(2, hidden=8, knowledge="cat"),
            *(random_network(seed) for seed in (1, 3, 5))]
STAGES = ("gather", "pre", "combine", "post", "write")


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_average_bits_in_both_conventions(network: Network) -> None:
    sample = sample_of(network, 1)
    bits = bits_of_model(network, sample.batch)
    facts = network_facts(network, sample.batch, bits)
    rows, codes = [], []
    for value in network.values[:-1]:
        read_by_weights = any(term.source == value.name and term.weight is not None
                              for other in network.values for term in other.terms)
        for width in bits[value.name].tolist():
            if value.quantizer.granularity != "per_channel" or read_by_weights:
                rows.append(width)
            codes += [width] * value.width
    assert facts["average_bits"]["hidden_maps"] == pytest.approx(np.mean(rows) if rows else 0, rel=1e-12)
    assert facts["average_bits"]["all_activations"] == pytest.approx(np.mean(codes), rel=1e-12)
    assert list(roles(network).values()).count("row") == len({value["name"] for value in facts["values"]
                                                             if value["role"] == "row"})
    for name, table in facts["bits_by_degree"].items():
        assert np.sum(table) == sample.batch.num_nodes
        assert np.sum(table, axis=0).tolist() == np.bincount(bits[name], minlength=9).tolist()
    json.dumps(facts, allow_nan=False)


@pytest.mark.parametrize("network", NETWORKS[:4], ids=lambda network: network.name)
def test_hardware_chooses_the_models_bits(network: Network) -> None:
    sample = sample_of(network, 2)
    program = program_for(network, sample.limits)
    wanted = bits_of_model(network, sample.batch)
    found = bits_of_traces(network, program, [run(program, sample.batch)])
    assert found.keys() == wanted.keys()
    same = sum(int((found[name] == wanted[name]).sum()) for name in wanted)
    assert same >= 0.98 * sum(each.size for each in wanted.values())  # a row between two entries may go to either


def test_sizes_and_operations() -> None:
    network = gin_network(0, features=6, hidden=8, layers=1, classes=3)
    sample = sample_of(network, 1)
    batch = sample.batch
    facts = network_facts(network, batch, bits_of_model(network, batch))
    weights, biases = 6 * 8 + 8 * 8 + 8 * 8 + 8 * 3, 8 + 8 + 8 + 3
    assert facts["bytes"]["fp32"] == 4 * (weights + biases + 6)  # 1 + ε of six channels
    assert facts["bytes"]["weights"] == weights / 2  # of 4 bits; the input's identity is no weight
    assert facts["compression"]["weights"] == 8
    tables = sum(value.quantizer.step.size for value in network.values
                 if value.quantizer is not None and value.quantizer.granularity == "nearest")
    assert facts["bytes"]["node_parameters"] == tables * (32 + 32 + 4) / 8
    operations = facts["operations"]
    assert operations["v0"] == {"op_mac": 0, "op_add": 0}
    assert operations["v1"] == {"op_mac": 0, "op_add": 6 * batch.edges.shape[1]}
    assert operations["v2"] == {"op_mac": batch.num_nodes * 48, "op_add": 0, "param_weight_INT4": 48}
    assert operations["v4"]["op_add"] == 8 * batch.num_nodes


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
    return lists_facts(model=network_facts(network, sample.batch, bits_of_model(network, sample.batch)),
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
