"""Load streams: executing their bytes alone computes, word by word, what the reference computes."""

from dataclasses import replace

import pytest
from list_builds import build, compare, random_build
from networks import (
    EVERY_KIND,
    gin_network,
    node_gcn_network,
    random_batch,
    random_network,
    residual_gcn_network,
    sage_network,
)
from stream_reader.lists import ImageError, Machine

from hwgen.targets.lists.images import batch_image, model_image
from hwgen.targets.words import to_bytes
from rtl_templates.lists.formats import Target
from rtl_templates.shell.checksum import end_beat

STRUCTURES = [
    (gin_network, {}, {"units": 1, "lanes": 16}),
    (gin_network, {"by": "per_tensor", "hidden": 20}, {"units": 4, "lanes": 8}),
    (sage_network, {}, {"units": 2, "lanes": 24, "requant_lanes": 2}),
    (sage_network, {"op": "max", "by": "nearest"}, {"units": 4, "lanes": 32}),
    (sage_network, {"op": "sum", "by": "per_node", "hidden": 9}, {"units": 1, "lanes": 64}),
    (residual_gcn_network, {"knowledge": "cat"}, {"units": 2, "lanes": 40}),
    (residual_gcn_network, {"knowledge": "max", "by": "per_degree"}, {"units": 4, "lanes": 48}),
    (node_gcn_network, {}, {"units": 1, "lanes": 56}),
    (node_gcn_network, {"weight_bits": 8, "hidden": 70}, {"units": 2, "lanes": 8}),
]


@pytest.mark.parametrize(("make", "options", "wanted"), STRUCTURES)
def test_models_people_build(make, options, wanted):
    compare(build(make(3, **options), wanted=wanted, seed=3))


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(6, 12))])
def test_random_networks_batches_and_hardware(seed):
    compare(random_build(seed, batches=2, max_width=40))


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 8))])
def test_edges_that_weigh(seed):
    built = random_build(seed, batches=2, max_width=24, depth=3, edge_bits=1 + seed % 8)
    compare(built)
    heavy = [batch for batch in built.batches if batch.weight is not None and batch.weight.size > 20]
    assert all(batch.weight.min() < 0 for batch in heavy)


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 8))])
def test_rows_by_edge(seed):
    compare(random_build(seed, batches=2, max_width=24, depth=3, edge_bits=1 + seed % 8, edge_rows=True,
                         graph_level=False, zero_points=seed % 2 == 1))


def test_rows_by_edge_that_nothing_sums():
    network = random_network(2, edge_bits=3, edge_rows=True, graph_level=False, max_width=8, depth=3)
    plain = {value.name: value.terms[0].source for value in network.values if value.domain == "edges"}
    values = tuple(replace(value, terms=tuple(
        replace(term, via="looped", source=plain[term.source]) if term.via == "incoming" else term
        for term in value.terms)) for value in network.values)
    built = build(replace(network, values=values))
    assert "sources" in built.program.sets
    assert "incoming" not in built.program.sets
    compare(built)


@pytest.mark.parametrize("graphs", [0, 1])
def test_batches_without_rows_by_edge(graphs):
    network = random_network(2, edge_bits=3, edge_rows=True, graph_level=False, max_width=8, depth=3)
    full = random_batch(1, network, graphs=3, nodes=4)
    empty = replace(random_batch(2, network, graphs=graphs, nodes=1), edges=full.edges[:, :0], weight=full.weight[:0])
    compare(build(network, full, empty, full, wanted={"units": 4}))


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 16))])
def test_networks_of_every_kind(seed):
    """Edges that weigh, zero points, prompts and real inputs together."""
    compare(random_build(seed, batches=2, max_width=24, depth=3, edge_bits=1 + seed % 8, **EVERY_KIND))


@pytest.mark.parametrize("graphs", [0, 1, 2])
def test_batches_with_little_in_them(graphs):
    network = gin_network(1)
    full = random_batch(1, network, graphs=3, nodes=4)
    compare(build(network, full, random_batch(2, network, graphs=graphs, nodes=1), full, wanted={"units": 4}))


@pytest.fixture(scope="module")
def small():
    """Searches, both requantizers, lists of every set, and rows of two words."""
    return build(gin_network(3, features=5, hidden=12, layers=1), wanted={"units": 2, "lanes": 8}, seed=3)


def flipped(stream, target, bit, units=range(64)):
    """A load stream with a bit flipped in every data beat of a target that is for one of the units, ended anew."""
    data, at = bytearray(stream), 0
    while data[at] != Target.END:
        header = int.from_bytes(data[at : at + 16], "little")
        count = header >> 64 & 0xFFFFFFFF
        for beat in range(1, count + 1):
            if header & 0xFF == target and header >> 8 & 0xFFFF in units:
                data[at + 16 * beat + bit // 8] ^= 1 << bit % 8
        at += 16 * (count + 1)
    beats = [int.from_bytes(data[place : place + 16], "little") for place in range(0, at, 16)]
    return bytes(data[:at]) + end_beat(beats).to_bytes(16, "little")


FIRST, SECOND = range(16), range(16, 32)


@pytest.mark.parametrize(("target", "bit", "units"), [
    (Target.PASS, 12, [0]), (Target.PASS, 1, [1]), (Target.BEAT, 5, [0]), (Target.COLUMN, 16, FIRST),
    (Target.COLUMN, 16, SECOND), (Target.BIAS, 20, SECOND), (Target.TABLE, 0, [0]), (Target.TABLE, 0, [1]),
    (Target.PARAM, 14, [0]), (Target.PARAM, 14, [1]), (Target.THRESHOLD, 22, FIRST), (Target.THRESHOLD, 22, SECOND),
    (Target.ROWS, 0, [0])])
def test_every_memory_of_the_model_matters(small, target, bit, units):
    model, batch = to_bytes(model_image(small.layout)), to_bytes(batch_image(small.layout, small.batches[0]).beats)
    wanted = Machine(small.hardware, model).run(batch)
    changed = flipped(model, target, bit, units)
    assert changed != model
    try:
        got = Machine(small.hardware, changed).run(batch)
    except ImageError:
        return
    assert got != wanted


@pytest.mark.parametrize(("target", "bit"), [(Target.LIST, 0), (Target.DESCRIPTOR, 24), (Target.SETUP, 0),
                                             (Target.SETUP, 16), (Target.SETUP, 32)])
def test_every_memory_of_a_batch_matters(small, target, bit):
    machine = Machine(small.hardware, to_bytes(model_image(small.layout)))
    batch = to_bytes(batch_image(small.layout, small.batches[0]).beats)
    wanted, changed = machine.run(batch), flipped(batch, target, bit)
    assert changed != batch
    try:
        got = machine.run(changed)
    except ImageError:
        return
    assert got != wanted


def test_streams_that_no_loader_takes(small):
    model = to_bytes(model_image(small.layout))
    for stream, message in ((model[:-16], "no END"), (bytes([*model[:20], model[20] ^ 1, *model[21:]]), "checksum"),
                            (model + bytes(16), "behind END"),
                            (bytes([99]) + model[1:], "do not exist"), (model[:48], "do not exist")):
        with pytest.raises(ImageError, match=message):
            Machine(small.hardware, stream)


def test_rows_of_the_batch_before_are_not_there(small):
    few = batch_image(small.layout, random_batch(5, small.network, graphs=1, nodes=2, hub=2))
    assert len(few.order) < 4
    machine = Machine(small.hardware, to_bytes(model_image(small.layout)))
    machine.run(to_bytes(batch_image(small.layout, small.batches[0]).beats))
    astray = flipped(to_bytes(few.beats), Target.LIST, 3)  # a neighbour 8 rows further
    with pytest.raises(ImageError, match="before it was written"):
        machine.run(astray)
