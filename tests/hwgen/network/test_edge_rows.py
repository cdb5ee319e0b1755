"""Rows by edge: lists, what they cost, what travels, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from networks import capacities, random_batch, random_network

from hwgen.errors import CapacityError, HwgenError
from hwgen.network.activation import IDENTITY
from hwgen.network.bits import bits_of_model
from hwgen.network.edges import codes_for, kind_by_row, weights_count
from hwgen.network.execute import run_network
from hwgen.network.granularity import Granularity
from hwgen.network.reader import read_graphs
from hwgen.network.reader.codes import batch_for
from hwgen.network.rules import check_network
from hwgen.network.sample import Limits, Sample
from hwgen.network.sample_store import batch_arrays
from hwgen.network.store import network_arrays, network_of
from hwgen.network.zero_points import fold_zero_points
from hwgen.report.sizes import bit_operations, operations
from hwgen.targets.banked.target import TARGET
from hwgen.targets.lists.choose import Capacity, choose
from hwgen.targets.lists.images import batch_image
from hwgen.targets.lists.network_to_program import lower
from hwgen.targets.lists.placement import place

NETWORK = random_network(2, edge_bits=3, edge_rows=True, max_width=8, depth=3)
KIND = kind_by_row(NETWORK.edges)
BATCH = random_batch(3, NETWORK, graphs=4)
VALUE, READER = next((index, at) for index, value in enumerate(NETWORK.values) if value.domain == "edges"
                     for at, other in enumerate(NETWORK.values) for term in other.terms
                     if term.via == "incoming" and term.source == value.name)


def changed(index, *, term=None, **fields):
    """The network with one value, and its first term, changed."""
    value = replace(NETWORK.values[index], **fields)
    if term is not None:
        at = next((k for k, each in enumerate(value.terms) if each.via in ("sources", "incoming")), 0)
        value = replace(value, terms=(*value.terms[:at], replace(value.terms[at], **term), *value.terms[at + 1:]))
    return replace(NETWORK, values=(*NETWORK.values[:index], value, *NETWORK.values[index + 1:]))


def test_rows_are_the_entries_of_a_list_in_its_order():
    whole, sources, incoming = (BATCH.lists(name, NETWORK.edges) for name in (KIND, "sources", "incoming"))
    assert sources.shape == (whole.nnz, BATCH.num_nodes)
    assert incoming.shape == (BATCH.num_nodes, whole.nnz)
    np.testing.assert_array_equal((incoming @ sources).toarray(), whole.toarray())
    assert (np.diff(sources.indptr) == 1).all()
    assert BATCH.rows("edges", NETWORK.edges) == whole.nnz


def test_edges_that_weigh_nothing_of_their_own_weigh_1():
    plain = {name: replace(each, given=False) for name, each in NETWORK.edges.items()}
    without = replace(BATCH, weight=None)
    for name in ("sources", "incoming", KIND):
        assert (BATCH.lists(name, plain) != without.lists(name, NETWORK.edges)).nnz == 0
    assert weights_count(NETWORK.edges)
    assert not weights_count(plain)
    graphs = read_graphs({name: each for name, each in batch_arrays(BATCH).items() if name != "edge_weight"})
    assert batch_for(replace(NETWORK, edges=plain), graphs, "here").weight is None


def test_networks_are_stored():
    for given in (True, False):
        network = replace(NETWORK, edges={KIND: replace(NETWORK.edges[KIND], given=given)})
        assert network_of(*network_arrays(network), "here").edges == network.edges


def test_a_row_costs_the_digits_of_its_code():
    limits = Limits.of(BATCH, NETWORK.input_bits, NETWORK.edges)
    codes = BATCH.lists("sources", NETWORK.edges).data
    digits = np.array([int(abs(code)).bit_length() + (code < 0) for code in codes])
    graph = BATCH.graph[np.repeat(np.arange(BATCH.num_nodes), np.diff(BATCH.lists("incoming", NETWORK.edges).indptr))]
    assert limits.weighed == np.bincount(graph, weights=digits).max()
    assert limits.weight == (1 << NETWORK.edges[KIND].bits) - 1
    capacity = Capacity.of([BATCH], NETWORK.input_bits, NETWORK.edges)
    program = lower(NETWORK, **vars(capacities(BATCH, edges=NETWORK.edges)))
    assert capacity.entries["sources"] == digits.sum()
    assert capacity.rows(program)["edges"] >= len(codes)
    assert program.max_weight == limits.weight


def test_reports_count_rows():
    bits = bits_of_model(NETWORK, BATCH)
    found = run_network(NETWORK, BATCH)
    assert all(len(bits[value.name]) == len(found[value.name].real) for value in NETWORK.values[:-1])
    assert bit_operations(NETWORK, BATCH, bits) > 0
    codes = BATCH.lists("sources", NETWORK.edges).data
    assert operations(NETWORK.values[VALUE], NETWORK, BATCH)["op_add"] == NETWORK.values[VALUE].width * sum(
        int(abs(code)).bit_count() for code in codes)
    reader = NETWORK.values[READER]
    assert operations(reader, NETWORK, BATCH)["op_add"] >= len(codes) * NETWORK.values[VALUE].width


@pytest.mark.parametrize(("network", "what"), [
    (changed(VALUE, factor="rsqrt"), "factor 'rsqrt' of edges"),
    (changed(VALUE, term={"factor": "rsqrt"}), "factor by edges of edges"),
    (changed(VALUE, term={"via": "edges"}), "via 'edges' of edges"),
    (changed(VALUE, term={"via": "incoming"}), "via 'incoming' of edges"),
    (changed(READER, term={"via": "sources"}), "via 'sources' of nodes"),
    (changed(READER, term={"via": "looped"}), "of edges via 'looped'"),
    (changed(VALUE, term={"op": "max"}), "op 'max' via 'sources'"),
    (changed(VALUE, term={"source": None, "gain": np.ones(NETWORK.values[VALUE].width)}),
     "a constant for each of sources"),
    (changed(VALUE, quantizer=replace(NETWORK.values[VALUE].quantizer, granularity=Granularity.NEAREST, step=np.ones(1),
                                      clip_value=np.ones(1))), "edges quantized nearest"),
    (replace(NETWORK, values=(*NETWORK.values[:VALUE], replace(NETWORK.values[VALUE], quantizer=None))),
     "the result is of edges"),
    (replace(NETWORK, edges={KIND: replace(NETWORK.edges[KIND], by_row=False)}), "no list that weighs has them"),
    (replace(NETWORK, edges={**NETWORK.edges, "weighted" if KIND == "normed" else "normed": codes_for(np.ones(1), 2)}),
     f"entries of {KIND} lists have rows"),
    (changed(READER, term={"via": KIND, "source": NETWORK.values[VALUE].terms[0].source}),
     f"entries of {KIND} lists have rows"),
])
def test_what_rows_by_edge_are_not(network, what):
    with pytest.raises(HwgenError, match=what):
        check_network(network)


def test_sources_have_no_zero_point():
    value = NETWORK.values[VALUE]
    at = next(k for k, each in enumerate(NETWORK.values) if each.name == value.terms[0].source)
    source = NETWORK.values[at]
    moved = replace(source.quantizer, signed=False, zero_point=1, bits=np.maximum(source.quantizer.bits, 1))
    with pytest.raises(HwgenError, match=f"a weighted sum reads {source.name}, which has a zero point"):
        fold_zero_points(changed(at, quantizer=moved, activation=IDENTITY))


def test_the_banked_target_refuses_them_by_name():
    sample = Sample(batch=replace(BATCH, graphs=1, graph=np.zeros_like(BATCH.graph)), labels=None, mask=None,
                    logits=None, limits=Limits.of(BATCH, NETWORK.input_bits, NETWORK.edges))
    assert f"edges of {KIND} lists have rows" in TARGET.accepts(NETWORK, sample).what


def test_a_batch_with_more_rows_than_the_design_has_is_refused():
    program = lower(NETWORK, **vars(capacities(BATCH, edges=NETWORK.edges)))
    capacity = Capacity.of([BATCH], NETWORK.input_bits, NETWORK.edges)
    layout = place(program, choose(program, capacity), **{**capacity.rows(program), "edges": 5})
    rows = BATCH.rows("edges", NETWORK.edges)
    with pytest.raises(CapacityError, match=f"{rows} rows by edge in a batch; .* 5, {rows - 5} too few") as error:
        batch_image(layout, BATCH)
    assert "a larger --max-edges" in str(error.value)


def test_a_batch_with_graphs_and_edges_goes_by_windows():
    network = next(each for each in (random_network(seed, edge_bits=3, edge_rows=True, max_width=8, depth=3,
                                                    graph_level=True) for seed in range(20)) if each.edges)
    batch = random_batch(3, network, graphs=4)
    program = lower(network, **vars(capacities(batch, edges=network.edges)))
    with pytest.raises(HwgenError, match="rows of nodes, graphs and edges in a batch"):
        choose(program, Capacity.of([batch], network.input_bits, network.edges))
