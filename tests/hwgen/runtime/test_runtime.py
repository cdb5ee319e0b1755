"""The host's runtime: reference and a stand-in for the board give the same logits; what users hand over is checked."""

import json
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest
from board_stand_in import BankedMachine, ListsMachine, StandIn, is_model
from designs import graph_run
from models import random_graph_data, random_graph_model
from network_models import gin_network, node_gcn_network
from networks import random_batch
from runtime_folders import build_folder

from hwgen.driver import Device
from hwgen.errors import CapacityError, HwgenError
from hwgen.flow.built import load_design
from hwgen.flow.config import Config
from hwgen.network.sample import single
from hwgen.runtime import Accelerator
from hwgen.runtime.backends import Board, Reference
from hwgen.targets import find_target
from hwgen.targets.lists.execute import run as execute
from rtl_templates.shell.status import Error


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder, network = tmp_path_factory.mktemp("built"), gin_network(1)
    batch = random_batch(3, network, graphs=7, nodes=6, hub=9)
    return network, batch, build_folder(folder, network, batch, units=2), folder


def board(design, folder, machine=ListsMachine):
    ports = StandIn(design.hardware, machine, json.loads((folder / "design.json").read_text()))
    return Board(Device(ports, folder), design), ports


def as_data(network, graph):
    """A graph as PyG's Data has it, but for the class."""
    return SimpleNamespace(x=graph.features.toarray() * network.input.unit, edge_index=graph.edges)


def test_board_and_reference_agree(built):
    _, batch, plan, folder = built
    accelerator = Accelerator(folder)
    wanted = accelerator.run(batch, batch_size=2)
    assert wanted.shape == (7, 3)
    accelerator.backend, _ = board(plan, folder)
    for size in (None, 1, 3):
        assert np.array_equal(accelerator.run(batch, batch_size=size), wanted)


def test_what_users_hand_over(built):
    network, batch, _, folder = built
    accelerator = Accelerator(folder)
    wanted = accelerator.run(batch)
    graphs = [as_data(network, graph) for graph in single(batch)]
    loader = (SimpleNamespace(x=batch.features.toarray() * network.input.unit, edge_index=batch.edges,
                              batch=batch.graph, num_graphs=batch.graphs) for _ in range(2))
    assert np.array_equal(accelerator.run(graphs), wanted)
    assert np.array_equal(accelerator.run(graphs[0]), wanted[:1])
    assert np.array_equal(accelerator.run(loader), np.concatenate([wanted, wanted]))
    assert accelerator.run([]).shape == (0, 3)


def test_results_by_node(tmp_path):
    network = node_gcn_network(2)
    batch = random_batch(9, network, graphs=1, nodes=30, hub=9)
    plan = build_folder(tmp_path, network, batch, units=2)
    accelerator = Accelerator(tmp_path)
    wanted = accelerator.run(batch)
    assert wanted.shape == (batch.num_nodes, 4)
    accelerator.backend, _ = board(plan, tmp_path)
    assert np.array_equal(accelerator.run(batch), wanted)


@pytest.mark.parametrize(("change", "words"), [
    (lambda data: setattr(data, "x", data.x + 0.3), "is not one of 0"),
    (lambda data: setattr(data, "x", data.x[:, 1:]), "the model takes 7 features"),
    (lambda data: setattr(data, "edge_index", data.edge_index + 10_000), "names node"),
    (lambda data: setattr(data, "edge_index", data.edge_index[:1]), r"not \(2, e\)"),
    (lambda data: delattr(data, "edge_index"), "is no graph"),
])
def test_malformed_graphs(built, change, words):
    network, batch, _, folder = built
    data = as_data(network, max(single(batch), key=lambda graph: graph.edges.shape[1]))
    change(data)
    with pytest.raises(HwgenError, match=words):
        Accelerator(folder).run(data)


def test_a_graph_beyond_the_design(built):
    network, _, _, folder = built
    large = random_batch(5, network, graphs=1, nodes=400, hub=3)
    with pytest.raises(CapacityError, match="nodes"):
        Accelerator(folder).run(large)


def test_windows_of_a_graph_beyond_the_design(tmp_path):
    network = node_gcn_network(3)
    batch = random_batch(3, network, graphs=1, nodes=20, hub=9)
    plan, folder = build_folder(tmp_path, network, batch, units=2), tmp_path
    large = random_batch(6, network, graphs=1, nodes=300, hub=9)
    accelerator = Accelerator(folder)
    wanted = accelerator.run_windows(large)
    assert np.array_equal(accelerator.run(large), wanted)
    resident = accelerator.run(batch)
    accelerator.backend, _ = board(plan, folder)
    assert np.array_equal(accelerator.run_windows(large), wanted)
    assert np.array_equal(accelerator.run(batch), resident)  # the model is back in place


def test_windows_keep_the_numbers_of_the_build(tmp_path):
    """Graphs within the build's limits: windows change nothing but the memories that are needed."""
    network = node_gcn_network(3)
    batch = random_batch(9, network, graphs=1, nodes=60, hub=9)
    build_folder(tmp_path, network, batch, units=2)
    accelerator = Accelerator(tmp_path)
    assert np.array_equal(accelerator.run_windows(batch), accelerator.run(batch))


def loads(ports):
    """What a stand-in is given to load from now on: whether each is a model."""
    done, load = [], ports._load

    def _load():
        done.append(is_model(ports.memory[0x1_0000_0000]))
        load()

    ports._load = _load
    return done


def test_a_build_by_windows_runs_any_graph(tmp_path):
    network = node_gcn_network(3)
    batch = random_batch(9, network, graphs=1, nodes=60, hub=9)
    plan = build_folder(tmp_path, network, batch, windows=True, units=2, lanes=16, requant_lanes=4, buffer_depth=128,
                        list_depth=24, descriptor_depth=8, result_depth=24, acc_bits=14)
    accelerator = Accelerator(tmp_path)
    wanted = accelerator.run(batch)
    trace = execute(plan.program, batch)
    assert np.array_equal(wanted, trace.results * plan.program.passes[-1].out.scale)
    accelerator.backend, ports = board(plan, tmp_path)
    done = loads(ports)
    assert np.array_equal(accelerator.run(batch), wanted)
    assert len(done) > 2 * len(plan.program.passes)
    assert not any(done)  # the model is there already
    assert accelerator.run([]).shape == (0, 4)

    hub = random_batch(9, network, graphs=1, nodes=60, hub=9)
    hub.edges[1, :40] = 0
    del done[:]
    longer = accelerator.run(hub)
    assert (done[0], sum(done)) == (True, 1)  # longer lists take another model
    assert np.array_equal(longer, Accelerator(tmp_path).run(hub))
    del done[:]
    assert np.array_equal(accelerator.run(batch), wanted)
    assert (done[0], sum(done)) == (True, 1)


def test_unknown_backend_and_no_bitstream(built):
    *_, folder = built
    with pytest.raises(HwgenError, match="unknown backend 'fpga'"):
        Accelerator(folder, backend="fpga")
    with pytest.raises(HwgenError, match="no bitstream"):
        Accelerator(folder, backend="pynq")


@pytest.mark.parametrize("error", list(Error)[1:])
@pytest.mark.parametrize("done", [False, True])
def test_the_board_says_what_is_wrong_and_loads_everything_again(built, error, done):
    """Every error is named at once, beside a done bit too; the next run begins with the model."""
    _, batch, plan, folder = built
    backend, ports = board(plan, folder)
    graph = single(batch)[0]
    wanted = backend.run(plan, plan.session(graph))
    ports.fail, ports.done = error, done
    started = time.monotonic()
    with pytest.raises(HwgenError, match=f"load failed: {error.name}: {re.escape(error.meaning)}"):
        backend.run(plan, plan.session(graph))
    assert time.monotonic() - started < 5
    ports.fail, begun = 0, loads(ports)
    assert np.array_equal(backend.run(plan, plan.session(graph)), wanted)
    assert begun == [True, False]


def test_the_board_of_another_design_is_refused(built):
    *_, plan, folder = built
    other = StandIn(plan.hardware, ListsMachine, json.loads((folder / "design.json").read_text()))
    other.fixed["ID"] = 1
    with pytest.raises(HwgenError, match="ID reads 0x00000001"):
        Device(other, folder)


def test_the_design_of_a_build_is_the_one_that_was_built(built):
    *_, design, folder = built
    again = load_design(folder)
    assert again.layout.tensors[0].address == design.layout.tensors[0].address
    assert again.hardware == design.hardware
    assert again.capacities == design.capacities


def test_a_graph_at_once_on_every_backend(tmp_path):
    """A design that takes one graph: the host packs each, and packs every other graph that fits."""
    model = random_graph_model(1, nodes=30, features=12, hidden=4)
    network, sample = model.parts
    design = build_folder(tmp_path, network, sample.batch, "banked", groups=1, servers=4)
    accelerator = Accelerator(tmp_path)
    assert isinstance(accelerator.backend, Reference)
    wanted = accelerator.run(sample)
    run = graph_run(design, sample.batch)
    assert np.array_equal(wanted, run.trace.logits * run.program.passes[-1].out.scale)
    assert (wanted.argmax(axis=1) == sample.logits.argmax(axis=1)).mean() > 0.9
    other = random_graph_data(7, nodes=20, features=12, trained=30, degree=1.5)
    both = accelerator.run([sample, other])
    assert both.shape == (50, 4)
    accelerator.backend, _ = board(design, tmp_path, BankedMachine)
    assert np.array_equal(accelerator.run(sample), wanted)
    assert np.array_equal(accelerator.run([sample, other]), both)
    with pytest.raises(CapacityError, match="this design runs whole graphs only: build one with --windows"):
        accelerator.run_windows(sample)
    with pytest.raises(CapacityError, match="max_nodes"):
        accelerator.run(random_graph_data(7, nodes=600, features=12, trained=30))
    assert find_target("banked").design(network, Config(
        board="ultra96", target="banked", runs="graph", hardware=design.hardware.to_dict(), capacity=design.capacity,
        limits=sample.limits)).capacities == design.capacities


def test_a_graph_too_large_runs_by_windows_among_others(tmp_path):
    network = node_gcn_network(3)
    batch = random_batch(3, network, graphs=1, nodes=20, hub=9)
    build_folder(tmp_path, network, batch, units=2)
    accelerator = Accelerator(tmp_path)
    large = random_batch(6, network, graphs=1, nodes=300, hub=9)
    every = [accelerator.run(batch), accelerator.run_windows(large), accelerator.run(batch)]
    assert np.array_equal(accelerator.run([batch, large, batch]), np.concatenate(every))


def test_a_graph_that_no_window_holds_does_not_lose_the_others(tmp_path):
    """Its results are NaN, and its number and the option are said."""
    network = gin_network(3, features=7)
    batch = random_batch(3, network, graphs=4, nodes=5, hub=4)
    build_folder(tmp_path, network, batch)
    accelerator = Accelerator(tmp_path)
    large, alone = random_batch(6, network, graphs=1, nodes=400, hub=300), accelerator.run(batch)
    with pytest.warns(UserWarning, match=r"graph 4 needs max_nodes .* NaN; build with --max-nodes \d+ .*--max-degree"):
        some = accelerator.run([batch, large, batch])
    assert np.isnan(some[4]).all()
    np.testing.assert_array_equal(np.delete(some, 4, axis=0), np.concatenate([alone, alone]))
    with pytest.raises(CapacityError, match="graph 0 needs max_nodes"):
        accelerator.run(large)
