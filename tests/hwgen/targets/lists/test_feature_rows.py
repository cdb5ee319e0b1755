"""Lists of features name a dictionary's rows, which the node buffer holds: the same sums, whatever comes."""

from dataclasses import replace

import numpy as np
import pytest
from designs import design_of
from network_builder import Builder
from scipy.sparse import csr_array

from hwgen.flow.wishes import Wishes
from hwgen.network.activation import RELU
from hwgen.network.batch import Batch
from hwgen.network.dictionary import Dictionary
from hwgen.network.network import Term
from hwgen.network.rules import check_network
from hwgen.network.sample import Limits, Sample
from hwgen.targets import find_target
from hwgen.targets.lists.area import buffer_blocks
from hwgen.targets.lists.batch import batch_lists
from hwgen.targets.lists.execute import run
from rtl_templates.lists.formats import NULL_INDEX


def network_of(seed, matrices=1, input_bits=1, features=40, hidden=8):
    """Weights of few values, so that rows repeat and sums fit; the second matrix is for a node's own features."""
    builder = Builder(seed, name=f"rows {matrices}", features=features, input_bits=input_bits, weight_bits=4)
    weights = [replace(each, codes=np.sign(each.codes) * (abs(each.codes) > 3))
               for each in (builder.weight(features, hidden) for _ in range(matrices))]
    message = builder.add("lin", (Term(via="features", weight=weights[0]),), hidden, by="per_channel", bits=(4, 4),
                          signed=True)
    own = tuple(Term(via="features", weight=weight) for weight in weights[1:])
    row = builder.add("conv", (Term(source=message, via="edges"), *own), hidden, by="per_tensor", bits=(3, 3),
                      activation=RELU)
    builder.add("out", (Term(source=row, weight=builder.weight(hidden, 3)),), 3, by=None)
    check_network(builder.network)
    return builder.network


def dense_sample(network, seed, nodes=150, density=0.4):
    """A graph of which every node has many features."""
    rng, shape = np.random.default_rng(seed), (nodes, network.features)
    codes = rng.integers(1, 1 << network.input_bits, shape) * (rng.random(shape) < density)
    zeros = np.zeros(nodes, dtype=np.int64)
    batch = Batch(features=csr_array(codes), edges=rng.integers(0, nodes, (2, 3 * nodes)), graph=zeros, graphs=1,
                  node=zeros)
    return Sample(batch=batch, labels=None, mask=None, logits=None, limits=Limits.of(batch, network.input_bits))


def added(lists, rows):
    """What a unit accumulates: int64 [lists, width]."""
    out, at = np.zeros((len(lists.count), rows.shape[1]), dtype=np.int64), 0
    for row, count in enumerate(lists.count):
        for index, double in zip(lists.index[at:at + count], lists.double[at:at + count], strict=True):
            out[row] = out[row] * (2 if double else 1) + (rows[index] if index != NULL_INDEX else 0)
        at += count
    assert at == len(lists.index)
    return out


NETWORKS = {"one matrix": network_of(0), "two matrices": network_of(0, 2), "codes of 3 bits": network_of(1, 1, 3)}


@pytest.mark.parametrize("name", NETWORKS)
def test_walks_add_up_to_features_times_weights(name):
    network = NETWORKS[name]
    design = design_of("lists", network, dense_sample(network, 1))
    dictionary, weight = design.program.dictionary, design.program.feature_rows
    assert len(dictionary.pairs) > 10
    for other in (dense_sample(network, 1), dense_sample(network, 2, 40, 0.8), dense_sample(network, 3, 20, 0.02)):
        plain, told = (batch_lists(other.batch, ("features",), network.input_bits, dictionary=each)["features"]
                       for each in (None, dictionary))
        wanted = other.batch.features @ weight
        np.testing.assert_array_equal(added(plain, weight), wanted)
        np.testing.assert_array_equal(added(told, dictionary.rows), wanted)
        assert (told.count <= plain.count).all()  # so that lists have room for whatever had room before
        np.testing.assert_array_equal(told.length, plain.length)
        assert not told.double[told.start[told.count > 0]].any()


def test_the_buffer_holds_each_matrix_in_the_rows_of_the_dictionary():
    design = design_of("lists", NETWORKS["two matrices"], dense_sample(NETWORKS["two matrices"], 1))
    program = design.program
    weights = [index for index, tensor in enumerate(program.tensors) if tensor.rows is not None]
    assert len(weights) == 2
    both = np.concatenate([program.stored(index) for index in weights], axis=1)
    np.testing.assert_array_equal(both, program.dictionary.rows)
    bits = 8 * (design.hardware.code_bits // 8) or 4
    assert -(1 << bits - 1) <= both.min() <= both.max() < 1 << bits - 1


def test_buffers_are_no_larger_without_being_faster():
    """The smallest takes the blocks that different rows take, and fills them; deeper ones save more entries."""
    network = NETWORKS["one matrix"]
    sample = dense_sample(network, 1, nodes=400)
    wishes = Wishes(windows=False, hardware={"units": 1, "lanes": 8, "requant_lanes": 8})
    every = find_target("lists").candidates(network, sample, wishes, lambda area: True)
    found = [each for each in every if "nonzeros" in each.design().capacity]  # the others have features as rows
    assert len({each.hardware for each in found}) == len(found)
    deepest, *_, smallest = [each for each in found if each.rank == found[-1].rank]
    rows = [len(each.design().program.dictionary.rows) for each in (deepest, smallest)]
    assert rows == sorted(rows, reverse=True)
    assert deepest.cycles <= smallest.cycles
    design = smallest.design()
    layout, chunks = design.layout, 1
    base = len(Dictionary.distinct(design.program.feature_rows).rows)
    assert layout.buffer_words <= design.hardware.buffer_depth
    assert rows[0] > base
    least = replace(design.hardware, buffer_depth=layout.buffer_words - chunks * (rows[1] - base))
    assert buffer_blocks(design.hardware) == buffer_blocks(least)


def test_windows_hold_no_more_rows_than_there_are_features():
    network = NETWORKS["one matrix"]
    sample = dense_sample(network, 1)
    design = design_of("lists", network, sample, windows=True)
    program = design.program
    assert len(Dictionary.distinct(program.feature_rows).rows) < len(program.dictionary.rows) <= network.features
    session = design.session(sample.batch)
    while runs := session.next_runs():
        for each in runs:
            session.feed(each, each.expected)
    np.testing.assert_array_equal(session.results, run(program, sample.batch).results)


def test_a_dictionary_is_kept_where_ranges_are_proved_anew():
    network = NETWORKS["one matrix"]
    design = design_of("lists", network, dense_sample(network, 1))
    again = design.by_windows(dense_sample(network, 2, nodes=300, density=0.9).batch)
    assert again.dictionary is not None
    np.testing.assert_array_equal(again.dictionary.pairs, design.dictionary.pairs)
    assert len(again.dictionary.pairs)
