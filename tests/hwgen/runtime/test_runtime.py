"""The host's runtime: reference and a stand-in for the board give the same logits; what users hand over is checked."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from network_models import gin_network, node_gcn_network
from networks import random_batch

from boards import load as load_board
from hwgen.errors import CapacityError, HwgenError
from hwgen.network.sample import Limits, Sample, single
from hwgen.network.store import save_network
from hwgen.runtime import Accelerator
from hwgen.runtime.backends import Board
from hwgen.runtime.device import Device
from hwgen.targets.lists.config import config_of
from hwgen.targets.lists.decode import Machine
from hwgen.targets.lists.design import batch_designs, design_as_built, window_designs
from hwgen.targets.lists.execute import run as execute
from rtl_templates.lists.formats import Target
from rtl_templates.lists.registers import REGISTERS
from rtl_templates.shell import registers


def build_folder(folder, network, batch, windows=None):
    """What the runtime reads of a build folder, without RTL; ``windows``: parameters of a design by windows."""
    limits = Limits.of(batch, network.input_bits)
    sample = Sample(batch=batch, labels=None, mask=None, logits=None, limits=limits)
    if windows is None:
        plan = next(batch_designs(network, sample, 2, {"units": 2}))
    else:
        plan = next(window_designs(network, sample, windows, lambda hardware: True))
    save_network(network, folder / "model")
    (folder / "config.json").write_text(json.dumps(config_of(plan, limits, load_board("ultra96"))))
    (folder / "images").mkdir()
    for name, content in plan.model_files().items():
        (folder / "images" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    fixed = registers.constants(plan.hardware.to_dict(), REGISTERS)
    (folder / "design.json").write_text(json.dumps({
        "registers": [{**entry, **({"value": fixed[entry["name"]]} if entry["name"] in fixed else {})}
                      for entry in registers.to_dict(REGISTERS)],
        "errors": {error.name: error.value for error in registers.Error}}))
    return plan


def is_model(data):
    """Whether a load stream brings channel constants, as models do and batches do not."""
    beats, at, targets = np.frombuffer(data, dtype="<u4").reshape(-1, 4), 0, set()
    while (target := int(beats[at, 0]) & 0xFF) != Target.END:
        targets.add(target)
        at += 1 + int(beats[at, 2])
    return Target.COLUMN in targets


class StandIn:
    """A board: registers and memory around the interpreter of load streams."""

    def __init__(self, plan, design):
        self.plan, self.machine, self.memory, self.values = plan, None, {}, {}
        self.names = {entry["offset"]: entry["name"] for entry in design["registers"]}
        self.fixed = {entry["name"]: entry["value"] for entry in design["registers"] if "value" in entry}
        self.status, self.fail = 0, 0
        self.fields = {field.name: field for field in registers.register("STATUS", REGISTERS).fields}

    def read(self, offset):
        name = self.names[offset]
        return self.status if name == "STATUS" else self.fixed.get(name, self.values.get(name, 0))

    def write(self, offset, value):
        name = self.names[offset]
        self.values[name] = value
        if name != "CONTROL":
            return
        if self.fail:
            self.status = self.fail << self.fields["error"].low
            return
        for bit, command in enumerate(("load", "run", "store")):
            if value >> bit & 1:
                getattr(self, f"_{command}")()
                self.status = 1 << self.fields[f"done_{command}"].low

    def _load(self):
        data = self.memory[self.values["LOAD_BASE_LOW"] | self.values["LOAD_BASE_HIGH"] << 32]
        assert len(data) == 16 * self.values["LOAD_BEATS"]
        if is_model(data):
            self.machine = Machine(self.plan.hardware, data)
        else:
            self.batch = data

    def _run(self):
        assert (self.values["RUN_FIRST"], self.values["RUN_COUNT"]) == (0, 0)
        self.results = self.machine.run(self.batch)[-1].results

    def _store(self):
        words = self.values["STORE_WORDS"]
        data = b"".join(int(self.results.get((unit, word), 0)).to_bytes(16, "little")
                        for unit in range(self.plan.hardware.units) for word in range(words))
        self.memory[self.values["STORE_BASE_LOW"] | self.values["STORE_BASE_HIGH"] << 32] = data

    def send(self, data):
        self.memory[0x1_0000_0000] = data
        return 0x1_0000_0000

    def reserve(self, size):
        return 0x2_0000_0010

    def receive(self, size):
        assert len(self.memory[0x2_0000_0010]) == size
        return self.memory[0x2_0000_0010]


@pytest.fixture
def built(tmp_path):
    network = gin_network(1)
    batch = random_batch(3, network, graphs=7, nodes=6, hub=9)
    return network, batch, build_folder(tmp_path, network, batch), tmp_path


def board(plan, folder):
    design = json.loads((folder / "design.json").read_text())
    ports = StandIn(plan, design)
    return Board(plan, Device(ports, folder), (folder / "images" / "model.bin").read_bytes()), ports


def as_data(network, graph):
    """A graph as PyG's Data has it, but for the class."""
    return SimpleNamespace(x=graph.features.toarray() * network.input_scale, edge_index=graph.edges)


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
    loader = (SimpleNamespace(x=batch.features.toarray() * network.input_scale, edge_index=batch.edges,
                              batch=batch.graph, num_graphs=batch.graphs) for _ in range(2))
    assert np.array_equal(accelerator.run(graphs), wanted)
    assert np.array_equal(accelerator.run(graphs[0]), wanted[:1])
    assert np.array_equal(accelerator.run(loader), np.concatenate([wanted, wanted]))
    assert accelerator.run([]).shape == (0, 3)


def test_results_by_node(tmp_path):
    network = node_gcn_network(2)
    batch = random_batch(9, network, graphs=1, nodes=30, hub=9)
    plan = build_folder(tmp_path, network, batch)
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
    plan, folder = build_folder(tmp_path, network, batch), tmp_path
    large = random_batch(6, network, graphs=1, nodes=300, hub=9)
    accelerator = Accelerator(folder)
    with pytest.raises(CapacityError):
        accelerator.run(large)
    wanted = accelerator.run_windows(large)
    resident = accelerator.run(batch)
    accelerator.backend, _ = board(plan, folder)
    assert np.array_equal(accelerator.run_windows(large), wanted)
    assert np.array_equal(accelerator.run(batch), resident)  # the model is back in place


def test_windows_keep_the_numbers_of_the_build(tmp_path):
    """Graphs within the build's limits: windows change nothing but the memories that are needed."""
    network = node_gcn_network(3)
    batch = random_batch(9, network, graphs=1, nodes=60, hub=9)
    build_folder(tmp_path, network, batch)
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
    plan = build_folder(tmp_path, network, batch, {"units": 2, "lanes": 16, "requant_lanes": 4, "buffer_depth": 128,
                                                   "list_depth": 24, "descriptor_depth": 8, "result_depth": 24,
                                                   "acc_bits": 14})
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
    assert (done[0], done[-1], sum(done)) == (True, True, 2)  # longer lists take another model, for as long
    assert np.array_equal(longer, Accelerator(tmp_path).run(hub))
    assert np.array_equal(accelerator.run(batch), wanted)


def test_unknown_backend_and_no_bitstream(built):
    *_, folder = built
    with pytest.raises(HwgenError, match="unknown backend 'fpga'"):
        Accelerator(folder, backend="fpga")
    with pytest.raises(HwgenError, match="no bitstream"):
        Accelerator(folder, backend="pynq")


def test_the_board_says_what_is_wrong(built):
    _, batch, plan, folder = built
    backend, ports = board(plan, folder)
    ports.fail = registers.Error.WATCHDOG
    with pytest.raises(HwgenError, match="load failed: WATCHDOG"):
        backend.run(single(batch)[:1])
    other = StandIn(plan, json.loads((folder / "design.json").read_text()))
    other.fixed["ID"] = 1
    with pytest.raises(HwgenError, match="ID reads 0x00000001"):
        Device(other, folder)


def test_plan_as_built_is_the_plan(built):
    network, batch, plan, _ = built
    again = design_as_built(network, Limits.of(batch, network.input_bits), plan.capacity, plan.hardware.to_dict())
    assert again.layout.tensors[0].address == plan.layout.tensors[0].address
    assert again.hardware == plan.hardware
