# amaranth: UnusedElaboratable=no
"""Windows of a few rows give the untiled results, bit for bit, by the interpreter of load streams and by the RTL."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from axi_models import Memory, lite_read, lite_write, simulate
from networks import (
    EVERY_KIND,
    capacities,
    gin_network,
    node_gcn_network,
    random_batch,
    random_network,
    residual_gcn_network,
    sage_network,
)
from stream_reader.lists import Machine

from hwgen.errors import CapacityError, HwgenError
from hwgen.targets.lists.cycles import estimate
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.golden import read_rows
from hwgen.targets.lists.hardware import Hardware
from hwgen.targets.lists.network_to_program import lower
from hwgen.targets.lists.windows.cut import Demand, Distinct, cut
from hwgen.targets.lists.windows.layout import plan_windows, window_hardware
from hwgen.targets.lists.windows.run import WindowedRun, near_order
from rtl_templates.lists.accelerator import Accelerator
from rtl_templates.lists.formats import Target
from rtl_templates.lists.registers import REGISTERS
from rtl_templates.shell.registers import register

SMALL = Hardware(units=1, lanes=16, requant_lanes=4, buffer_depth=400, list_depth=24, descriptor_depth=3,
                       result_depth=24, param_depth=10)


def planned(network, batch, wanted=SMALL):
    """A program and its plan on a design whose memories hold a few rows."""
    program = lower(network, **vars(capacities(batch, edges=network.edges)))
    return program, plan_windows(program, window_hardware(program, wanted))


def feed(running, window, stored):
    """What the store unit wrote."""
    running.feed(window, read_rows(window.layout, len(window.rows), stored))


def interpreted(plan, batch, order=None):
    """Results of all windows, and their number of rows."""
    machine, running, rows = Machine(plan.hardware, plan.model_words()), WindowedRun(plan, batch, order=order), []
    while (window := running.next_window()) is not None:
        *kept, done = machine.run(window.stream)
        assert len(kept) == plan.passes[window.index].kept
        assert not done.buffer
        words = [(unit, word) for unit in range(plan.hardware.units) for word in range(window.image.result_words)]
        feed(running, window, b"".join(done.results.get(each, 0).to_bytes(16, "little") for each in words))
        rows.append(len(window.rows))
    return running.results, rows


def accepted(seed, **options):
    """A random network that runs by windows, a batch for it, and a design: the first of some that is not refused."""
    for again in range(20):
        rng = np.random.default_rng([seed, again])
        network = random_network(seed + 1000 * again, max_width=40, **options)
        batch = random_batch(seed, network, graphs=int(rng.integers(1, 4)), nodes=8, hub=12)
        wanted = replace(SMALL, units=(1, 2, 4)[seed % 3], lanes=int(rng.choice([8, 8, 16, 24, 64])),
                         requant_lanes=int(rng.choice([1, 2, 4, 8])))
        try:
            return batch, *planned(network, batch, wanted), rng
        except HwgenError as error:
            if not any(words in error.what for words in ("scales span", "need chunks", "need result_depth")):
                raise
    raise AssertionError("none of twenty networks runs by windows")


@pytest.mark.parametrize("seed", range(8))
def test_random_networks_by_windows(seed):
    batch, program, plan, rng = accepted(seed)
    results, rows = interpreted(plan, batch, rng.permutation(batch.num_nodes))
    np.testing.assert_array_equal(results, run(program, batch).results)
    assert max(rows) <= 24
    assert len(rows) >= len(program.passes)


@pytest.mark.slow
@pytest.mark.parametrize("edge_rows", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_edges_that_weigh_by_windows(seed, edge_rows):
    batch, program, plan, rng = accepted(seed, edge_bits=1 + seed, edge_rows=edge_rows, zero_points=edge_rows, depth=3)
    results, _ = interpreted(plan, batch, rng.permutation(batch.num_nodes))
    np.testing.assert_array_equal(results, run(program, batch).results)


@pytest.mark.parametrize("seed", range(4))
def test_networks_of_every_kind_by_windows(seed):
    batch, program, plan, rng = accepted(seed, edge_bits=1 + seed, depth=2, **EVERY_KIND)
    results, _ = interpreted(plan, batch, rng.permutation(batch.num_nodes))
    np.testing.assert_array_equal(results, run(program, batch).results)


MODELS = {
    "gcn by node": node_gcn_network(1), "gcn by degree": node_gcn_network(1, by="per_degree"),
    "sage mean": sage_network(2), "sage max": sage_network(2, op="max", by="per_node"),
    "gin by degree": gin_network(3, by="per_degree", layers=1), "gin even": gin_network(3, by="per_tensor", layers=1),
    "residual, max": residual_gcn_network(4),
    "residual, cat": residual_gcn_network(4, knowledge="cat", by="per_degree"),
    "gcn by nearest": node_gcn_network(1, by="nearest"), "gin by nearest": gin_network(3, layers=2),
    "residual by nearest": residual_gcn_network(4, by="nearest"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_models_by_windows(name):
    network = MODELS[name]
    batch = random_batch(7, network, graphs=4, nodes=12, hub=30)
    program, plan = planned(network, batch, replace(SMALL, list_depth=40))
    results, rows = interpreted(plan, batch)
    np.testing.assert_array_equal(results, run(program, batch).results)
    assert max(rows) <= 12
    assert len(rows) > 4 * len(program.passes)


@pytest.mark.parametrize("depth", [46, 50, 60])
def test_windows_end_where_the_buffer_does(depth):
    """Rows that a residual sum reads take room beside those that lists name."""
    network = residual_gcn_network(4)
    batch = random_batch(7, network, graphs=4, nodes=12, hub=20)
    roomy = replace(SMALL, list_depth=40, descriptor_depth=60, result_depth=200, param_depth=100)
    program, plan = planned(network, batch, replace(roomy, buffer_depth=depth))
    results, rows = interpreted(plan, batch)
    np.testing.assert_array_equal(results, run(program, batch).results)
    assert len(rows) > len(interpreted(planned(network, batch, roomy)[1], batch)[1])


def test_neighbours_are_cut_into_the_same_windows():
    """Two rings whose nodes alternate come one after the other."""
    ring = np.arange(0, 80, 2)
    edges = np.stack([np.r_[ring, ring + 1], np.r_[np.roll(ring, 1), np.roll(ring, 1) + 1]])
    network = node_gcn_network(0, by="per_degree")
    batch = replace(random_batch(3, network, graphs=8, nodes=12), edges=edges)
    order = near_order(batch)
    place = np.argsort(order)
    assert sorted(order.tolist()) == list(range(batch.num_nodes))
    assert np.abs(place[edges[0]] - place[edges[1]]).max() <= 2
    assert near_order(replace(batch, edges=edges[:, :0])).tolist() == list(range(batch.num_nodes))


def test_entries_come_back_only_where_they_are_read():
    """A GCN's search stays within a pass; GIN's rows go through two linear layers, and are read again."""
    for network, kept in ((node_gcn_network(1, by="nearest"), 0), (gin_network(3, layers=2), 3)):
        batch = random_batch(7, network, graphs=2)
        assert sum(each.kept for each in planned(network, batch)[1].passes) == kept


class Device:
    """What software does with an accelerator: load, run and store."""

    def __init__(self, ctx, dut, memory):
        self.ctx, self.dut, self.memory = ctx, dut, memory

    async def write(self, name, value):
        await lite_write(self.ctx, self.dut.control, register(name, REGISTERS).offset, value)

    async def read(self, name):
        return await lite_read(self.ctx, self.dut.control, register(name, REGISTERS).offset)

    async def command(self, bits, stream=b"", words=1):
        beats = [int.from_bytes(stream[at : at + 16], "little") for at in range(0, len(stream), 16)]
        self.memory.fill(LOAD, beats)
        for name, value in {"LOAD_BASE_LOW": LOAD, "LOAD_BEATS": len(beats), "STORE_BASE_LOW": STORE,
                            "STORE_WORDS": words, "INTERRUPT_ENABLE": 3, "INTERRUPT_STATUS": 3,
                            "CONTROL": bits}.items():
            await self.write(name, value)
        for _ in range(20000):
            if self.ctx.get(self.dut.interrupt):
                return b"".join(self.memory.beats[STORE + 16 * word].to_bytes(16, "little")
                                for word in range(words * len(self.dut.units))) if bits & 4 else b""
            await self.ctx.tick()
        raise AssertionError("no interrupt")


LOAD, STORE = 0x1000_0000, 0x2000_0000


@pytest.mark.slow
@pytest.mark.parametrize(("network", "units"), [
    (gin_network(13, features=4, hidden=6, layers=1, weight_bits=2), 1),
    (node_gcn_network(5, features=9, hidden=8), 2)],
    ids=["gin by nearest", "gcn by node"])
def test_hardware_runs_windows(network, units):
    batch = random_batch(7, network, graphs=3, nodes=9)
    wanted = replace(SMALL, units=units, lanes=8, buffer_depth=64, list_depth=16)
    program, plan = planned(network, batch, wanted)
    trace, running, taken = run(program, batch), WindowedRun(plan, batch), []
    dut, memory = Accelerator(**plan.hardware.to_dict()), Memory()

    async def bench(ctx):
        device = Device(ctx, dut, memory)
        await device.command(0b001, plan.model_words())
        while (window := running.next_window()) is not None:
            feed(running, window, await device.command(0b111, window.stream, window.image.result_words))
            taken.append(window.index)
            bits = [trace.passes[window.index].bits, np.full(len(trace.passes[window.index].bits), 16)]
            counted = estimate(window.layout, window.image, bits[: len(window.layout.passes)])
            assert await device.read("CYCLES") == counted.total

    simulate(dut, bench, background=[memory.reader(dut.read), memory.writer(dut.write)])
    np.testing.assert_array_equal(running.results, trace.results)
    assert len(taken) > len(program.passes)


def test_weight_rows_that_do_not_fit_are_loaded_as_lists_name_them():
    network = node_gcn_network(0, features=120)
    batch = random_batch(3, network, graphs=2, nodes=8, density=0.05)
    program, plan = planned(network, batch, replace(SMALL, buffer_depth=60))
    assert not plan.resident
    results, _ = interpreted(plan, batch)
    np.testing.assert_array_equal(results, run(program, batch).results)
    assert planned(network, batch)[1].resident_words == 120


def loaded(stream):
    """Words that a load stream has for each target."""
    at, found = 0, {}
    while stream[16 * at]:
        count = int.from_bytes(stream[16 * at + 8 : 16 * at + 12], "little")
        found[stream[16 * at]] = found.get(stream[16 * at], 0) + count
        at += 1 + count
    return found


def test_what_stays_is_loaded_once():
    network = node_gcn_network(0)
    batch = random_batch(3, network, graphs=1, nodes=8)
    _, plan = planned(network, batch)
    model, window = loaded(plan.model_words()), loaded(WindowedRun(plan, batch).next_window().stream)
    assert set(model) == {Target.COLUMN, Target.BIAS, Target.TABLE, Target.PARAM, Target.ROWS}
    assert set(window) == {Target.PASS, Target.BEAT, Target.LIST, Target.DESCRIPTOR, Target.PARAM, Target.SETUP}


def test_a_window_loads_every_row_once():
    """GraphSAGE reads the message of a node and those of its neighbours."""
    network = sage_network(2)
    batch = random_batch(7, network, graphs=4, nodes=12, hub=30)
    _, plan = planned(network, batch, replace(SMALL, list_depth=40))
    running, seen = WindowedRun(plan, batch), 0
    while (window := running.next_window()) is not None:
        each = plan.passes[window.index]
        if each.both:
            into = np.isin(batch.edges[1], window.rows)
            rows = set(window.rows.tolist()) | set(batch.edges[0][into].tolist())
            assert loaded(window.stream)[Target.ROWS] == len(rows) * plan.chunks(each.listed[0])
            seen += 1
        feed(running, window, bytes(16 * window.image.result_words))
    assert seen > 4


def test_windows_wait_for_the_pass_before():
    network = node_gcn_network(0)
    batch = random_batch(3, network, graphs=1, nodes=8)
    running = WindowedRun(planned(network, batch)[1], batch)
    for _ in range(-(-batch.num_nodes // 6)):
        assert running.next_window().index == 0
    with pytest.raises(ValueError, match="feed its windows"):
        running.next_window()


def test_all_windows_of_a_pass_at_once():
    network = node_gcn_network(0)
    batch = random_batch(3, network, graphs=2, nodes=12)
    running, one_by_one = (WindowedRun(planned(network, batch)[1], batch) for _ in range(2))
    for index in range(3):
        windows = running.next_pass()
        assert len(windows) > 1
        assert {window.index for window in windows} == {index}
        assert sorted(np.concatenate([window.rows for window in windows]).tolist()) == list(range(batch.num_nodes))
        for window in windows:
            feed(running, window, bytes(16 * window.image.result_words))
            other = one_by_one.next_window()
            assert other.stream == window.stream
            feed(one_by_one, other, bytes(16 * window.image.result_words))
    assert running.next_pass() == []


def test_rows_that_no_memory_holds_are_refused_by_name():
    network = node_gcn_network(0)
    batch = random_batch(3, network, graphs=1, nodes=8)
    hub = np.stack([np.arange(60) % batch.num_nodes, np.zeros(60, dtype=np.int64)])
    batch = replace(batch, edges=np.concatenate([batch.edges, hub], axis=1))
    _, plan = planned(network, batch, replace(SMALL, list_depth=5))
    with pytest.raises(CapacityError, match=r"hardware\.list_depth"):
        interpreted(plan, batch)
    _, plan = planned(network, batch, replace(SMALL, buffer_depth=4))
    with pytest.raises(CapacityError, match=r"hardware\.buffer_depth"):
        interpreted(plan, batch)
    with pytest.raises(CapacityError, match="needs 2 words of list entries; the design has room for 1"):
        cut(np.array([3, 9]), 10, 8, 2, [], "here")
    with pytest.raises(HwgenError, match="no permutation"):
        WindowedRun(plan, batch, order=np.zeros(batch.num_nodes, dtype=np.int64))


def test_distinct_keys_are_counted_and_windows_are_as_long_as_they_can_be():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        count = rng.integers(0, 6, 30)
        keys = rng.integers(0, 12, int(count.sum()))
        found, rows = Distinct(count, keys), np.split(keys, np.cumsum(count)[:-1])
        for begin in range(0, 30, 7):
            wanted = [len(set(np.concatenate(rows[begin : end + 1]).tolist())) for end in range(begin, 30)]
            assert found.prefixes(begin, 30).tolist() == wanted
        units, room, longest = int(rng.choice([1, 2, 4])), int(rng.integers(5, 20)), int(rng.integers(1, 12))
        demand = Demand(name="buffer_depth", what="rows", have=int(rng.integers(7, 20)), each=1, kinds=[(found, 1)])

        def fits(begin, end, count=count, rows=rows, units=units, room=room, longest=longest, demand=demand):
            taken, heaviest = int(count[begin:end].sum()), int(count[begin:end].max())
            share = taken if units == 1 or end == begin + 1 else -(-taken // units) + heaviest
            words = end - begin + len(set(np.concatenate(rows[begin:end]).tolist()))
            return share <= room and words <= demand.have and end - begin <= longest and taken <= units * room

        ends = cut(count, longest, room, units, [demand], "here")
        assert (ends[0], ends[-1]) == (0, 30)
        for begin, end in pairwise(ends):
            assert fits(begin, end)
            assert end == 30 or not fits(begin, end + 1)
