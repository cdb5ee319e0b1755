"""Features as rows for the MAC array: the codes that lists give, out of load streams too, and where they are chosen."""

from dataclasses import replace

import numpy as np
import pytest
from list_builds import Build, build, compare
from networks import EVERY_KIND, gin_network, node_gcn_network, random_batch, random_network, sage_network
from scipy.sparse import csr_array

import boards
from hwgen.errors import CapacityError, HwgenError
from hwgen.flow.config import Config
from hwgen.flow.search import search
from hwgen.flow.wishes import Wishes
from hwgen.network.batch import Batch
from hwgen.network.sample import Limits, Sample
from hwgen.progress import SILENT
from hwgen.targets.lists.choose import Capacity
from hwgen.targets.lists.dense import with_rows, worth_rows
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.images import batch_image
from hwgen.targets.lists.target import TARGET

WANTED = [{"units": 1, "lanes": 16}, {"units": 4, "lanes": 8, "requant_lanes": 2}, {"units": 2, "lanes": 32}]


def filled(batch: Batch, bits: int, share: float = 1.0) -> Batch:
    """The same graphs, most of whose features are not zero."""
    rng = np.random.default_rng(7)
    codes = rng.integers(0, 1 << bits, batch.features.shape) * (rng.random(batch.features.shape) < share)
    codes[0] = (1 << bits) - 1
    return replace(batch, features=csr_array(codes))


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("make", [gin_network, sage_network, node_gcn_network])
def test_rows_give_what_lists_give(make, wanted):
    network = replace(make(3), input=replace(make(3).input, bits=5))
    batch = filled(random_batch(1, network, graphs=3, nodes=6), 5)
    listed, rows = build(network, batch, wanted=wanted), build(network, batch, wanted=wanted, rows=True)
    for a, b in zip(run(listed.program, batch).passes, run(rows.program, batch).passes, strict=True):
        np.testing.assert_array_equal(a.written, b.written)
        np.testing.assert_array_equal(a.written_entry, b.written_entry)
    compare(rows)


def drawn(seed: int) -> tuple[Build, Build]:
    """A random network by lists and by rows; the next one where features are read beside other rows only."""
    for again in range(seed, seed + 2000, 100):
        network = random_network(again, max_width=24, depth=3, edge_bits=1 + seed % 8, **EVERY_KIND)
        try:
            listed = build(network, random_batch(seed, network, graphs=3, nodes=5, hub=12))
        except HwgenError:  # no pass word can state some
            continue
        if with_rows(listed.program) is not None:
            return listed, build(network, *listed.batches, wanted={"units": (1, 2, 4)[seed % 3]}, rows=True)
    raise AssertionError("no network of twenty multiplies features alone")


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 20))])
def test_random_networks(seed):
    listed, rows = drawn(seed)
    for a, b in zip(*(run(each.program, each.batches[0]).passes for each in (listed, rows)), strict=True):
        np.testing.assert_array_equal(a.written, b.written)
    compare(rows)


def test_nothing_turns_where_features_are_summed_with_other_rows():
    network = gin_network(3)
    message, row, *rest = network.values
    assert with_rows(build(network).program) is not None
    for terms in ((*row.terms, message.terms[0]), (message.terms[0], *row.terms)):
        both = replace(row, terms=terms)
        assert with_rows(build(replace(network, values=(message, both, *rest))).program) is None
        result = replace(both, quantizer=None)  # a pass without a matrix
        assert with_rows(build(replace(network, values=(message, result))).program) is None


def test_rows_keep_the_limit_of_features():
    """Ranges are proved for as many features as a node may have, whatever way they come in."""
    network = replace(gin_network(3), input=replace(gin_network(3).input, bits=2))
    sparse = random_batch(1, network, graphs=3, nodes=6)
    codes = sparse.features.toarray()
    codes[:, -1] = 0
    sparse = replace(sparse, features=csr_array(codes))
    rows = build(network, sparse, rows=True)
    full = replace(sparse, features=csr_array(np.ones_like(codes)))
    with pytest.raises(CapacityError, match="max_node_nonzeros"):
        batch_image(rows.layout, full)
    with pytest.raises(CapacityError, match="features"):
        run(rows.program, full)


def test_the_search_takes_what_is_faster():
    """Dense features of several bits go through the array, single set bits stay lists; a build remembers which."""
    network = replace(node_gcn_network(3, features=30), input=replace(node_gcn_network(3, features=30).input, bits=4))
    sparse = random_batch(1, network, graphs=1, nodes=60)
    for batch, by_rows in ((filled(sparse, 4), True), (replace(sparse, features=csr_array(np.eye(
            *sparse.features.shape, dtype=np.int64))), False)):
        sample = Sample(batch=batch, labels=None, mask=None, logits=None, limits=Limits.of(batch, 4))
        assert worth_rows(build(network, batch).program, Capacity.of([batch], 4)) == by_rows
        found = search(network, sample, boards.load("ultra96"), Wishes(target="lists"), SILENT, count=False)
        assert ("nonzeros" not in found.design.capacity) == by_rows
        config = Config(board="ultra96", target="lists", runs="batch", hardware=found.design.hardware.to_dict(),
                        capacity=found.design.capacity, limits=found.limits)
        assert TARGET.design(network, config).model_files() == found.design.model_files()
