"""Lists say what the batch says: decoded one entry after another, they give its features and its neighbours."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_builds import build
from networks import node_gcn_network, random_batch, random_network
from scipy.sparse import csr_array

from hwgen.errors import HwgenError
from hwgen.network.batch import check_batch
from hwgen.targets.lists.batch import batch_lists, deal, union
from rtl_templates.lists.formats import NULL_INDEX

SETS = ("edges", "looped", "features", "members")


def walked(lists, width):
    """What a unit accumulates of unit vectors: int64 [rows, width]."""
    out, at = np.zeros((len(lists.count), width), dtype=np.int64), 0
    for row, count in enumerate(lists.count):
        for index, double in zip(lists.index[at : at + count], lists.double[at : at + count], strict=True):
            out[row] *= 2 if double else 1
            if index != NULL_INDEX:
                out[row, index] += 1
        at += count
    assert at == len(lists.index) == len(lists.double)
    return out


@pytest.mark.parametrize("seed", range(8))
def test_walking_the_lists_gives_the_batch(seed):
    network = random_network(seed)
    batch = random_batch(seed, network, graphs=4)
    lists = batch_lists(batch, SETS, network.input_bits)
    n = batch.num_nodes
    codes = batch.features.toarray()
    np.testing.assert_array_equal(walked(lists["features"], network.features), codes)
    np.testing.assert_array_equal(lists["features"].length, (codes != 0).sum(axis=1))
    edges, looped = np.zeros((n, n), dtype=np.int64), np.eye(n, dtype=np.int64)
    for source, target in batch.edges.T.tolist():
        edges[target, source] += 1
        looped[target, source] += source != target
    np.testing.assert_array_equal(walked(lists["edges"], n), edges)
    np.testing.assert_array_equal(walked(lists["looped"], n), looped)
    np.testing.assert_array_equal(walked(lists["members"], n), np.arange(batch.graphs)[:, None] == batch.graph)
    for name in ("edges", "looped", "members"):
        np.testing.assert_array_equal(lists[name].length, lists[name].count)
        assert not lists[name].double.any()


@pytest.mark.parametrize("times", [255, 256, 300, 70_000])
def test_an_edge_counts_as_often_as_it_is_there(times):
    """However often: neither a count nor a list is cut."""
    network = node_gcn_network(0, features=3)
    batch = random_batch(0, network, graphs=1, nodes=4)
    batch = replace(batch, edges=np.tile([[1], [2]], times))
    lists = batch_lists(batch, SETS, 1)
    for name, self_loops in (("edges", 0), ("looped", 1)):
        want = self_loops * np.eye(batch.num_nodes, dtype=np.int64)
        want[2, 1] = times
        assert lists[name].length[2] == lists[name].count[2] == times + self_loops
        np.testing.assert_array_equal(walked(lists[name], batch.num_nodes), want)


@given(st.integers(1, 8), st.lists(st.lists(st.integers(0, 255), min_size=3, max_size=3), max_size=6))
def test_planes_are_as_short_as_they_can_be(bits, rows):
    codes = np.array(rows, dtype=np.int64).reshape(-1, 3) & (1 << bits) - 1
    batch = random_batch(0, node_gcn_network(0, features=3), graphs=0)
    batch = replace(batch, features=csr_array(codes))
    lists = batch_lists(batch, ("features",), bits)["features"]
    np.testing.assert_array_equal(walked(lists, 3), codes)
    for row, count in zip(codes.tolist(), lists.count.tolist(), strict=True):
        planes = [sum(code >> plane & 1 for code in row) for plane in range(max(row).bit_length())]
        assert count == sum(max(1, plane) for plane in planes)
    assert not lists.double[lists.start[lists.count > 0]].any()


def test_rows_can_be_taken_in_any_order():
    network = random_network(1)
    lists = batch_lists(random_batch(1, network, graphs=3), ("features",), network.input_bits)["features"]
    rows = np.random.default_rng(0).permutation(len(lists.count))[:7]
    taken = lists.taken(rows)
    np.testing.assert_array_equal(walked(taken, network.features), walked(lists, network.features)[rows])
    np.testing.assert_array_equal(taken.length, lists.length[rows])
    assert len(lists.taken(rows[:0]).index) == 0


@given(st.lists(st.integers(0, 100), max_size=50), st.sampled_from([1, 2, 4]))
def test_rows_are_dealt_evenly(work, units):
    order = deal(np.array(work, dtype=np.int64), units)
    assert sorted(order.tolist()) == list(range(len(work)))
    loads = [sum(work[row] for row in order[unit::units]) for unit in range(units)]
    if units > 1:
        assert max(loads) - min(loads) <= max(work, default=0)
    else:
        assert order.tolist() == list(range(len(work)))


def test_every_other_round_is_dealt_backwards():
    assert deal(np.array([1, 4, 2, 3]), 2).tolist() == [1, 3, 0, 2]  # 4 and 1, 3 and 2


@pytest.mark.parametrize("seed", range(4))
def test_a_union_is_its_graphs_side_by_side(seed):
    network = random_network(seed)
    parts = [random_batch(10 * seed + k, network, graphs=k) for k in (1, 0, 2, 1)]
    whole = union(parts)
    assert whole.graphs == 4
    np.testing.assert_array_equal(whole.features.toarray(), np.concatenate([p.features.toarray() for p in parts]))
    first = number = 0
    edges, graph = [], []
    for part in parts:
        edges += [(source + first, target + first) for source, target in part.edges.T.tolist()]
        graph += (part.graph + number).tolist()
        first, number = first + part.num_nodes, number + part.graphs
    assert list(map(tuple, whole.edges.T.tolist())) == edges
    assert whole.graph.tolist() == graph
    assert whole.node.tolist() == [node for part in parts for node in part.node.tolist()]
    assert union(parts[:1]) is parts[0]


def test_graphs_that_make_no_batch():
    few, more = (random_batch(0, node_gcn_network(0, features=f), graphs=1) for f in (3, 4))
    with pytest.raises(HwgenError, match="graphs of 3 and 4 features"):
        union([few, more])
    with pytest.raises(HwgenError, match="a batch of 0 graphs"):
        union([])


def test_batches_that_no_model_takes():
    built = build(node_gcn_network(0, features=12), seed=1)
    batch, program = built.batches[0], built.program
    check_batch(program, batch)
    assert Counter(batch.features.data.tolist()).keys() == {1}
    for changes, message in (
        ({"features": batch.features[:, :11]}, "nodes have 11 features, the model takes 12"),
        ({"features": batch.features * 2}, r"feature code 2 is not in 0 \.\. 1"),
        ({"features": batch.features * -1}, r"feature code -1 is not in 0 \.\. 1"),
        ({"edges": np.array([[0], [batch.num_nodes]])}, f"an edge names node {batch.num_nodes} of {batch.num_nodes}"),
        ({"edges": np.array([[0], [-1]])}, f"an edge names node -1 of {batch.num_nodes}"),
        ({"graph": batch.graph + 1}, "a node belongs to graph 3 of 3"),
        ({"node": batch.node + 20}, "is not among the 20 trained ones"),
        ({"node": batch.node - 20}, "node -.* is not among the 20 trained ones"),
    ):
        with pytest.raises(HwgenError, match=message) as error:
            check_batch(program, replace(batch, **changes))
        assert error.value.where
        assert error.value.fix
