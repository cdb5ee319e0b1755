"""What a model is trained on: parts, batches, and what they refuse."""

import numpy as np
import pytest
import torch
from graph_sets import rings_and_stars
from torch_geometric.data import Data
from training_graphs import small_data

from hwgen.errors import HwgenError
from hwgen.frontend.data.graph_set import Split
from hwgen.frontend.training.examples import DEALS, ManyGraphs, OneGraph, as_set

SHAPES = rings_and_stars()
SPLIT = Split(train=np.arange(24), validation=np.arange(24, 32), test=np.arange(32, 40))


def test_one_graph_is_one_batch_whose_masks_part_it() -> None:
    data = small_data(top=3)
    found = OneGraph(data)
    assert (found.name, found.per, found.classes, found.features) == ("small", "nodes", 3, 12)
    assert (found.input_bits, found.input_scale) == (2, 1 / 3)
    [first], [again] = list(found.epoch(0, 0)), list(found.epoch(5, 1))
    assert first.batch is again.batch
    for part, key in (("train", "train_mask"), ("validation", "val_mask"), ("test", "test_mask")):
        [example] = found.part(part)
        assert torch.equal(example.rows, data[key])
        assert torch.equal(example.labels, data.y)
        assert example.batch is first.batch is found.sample(0)
    assert [id(each) for part in found.graphs() for each in part] == [id(data)] * 2
    [codes] = found.codes("test")
    assert (codes.features.toarray() == data.x.numpy()).all()


@pytest.mark.parametrize("key", ["y", "train_mask", "val_mask", "test_mask"])
def test_labels_and_masks_are_needed(key: str) -> None:
    data = small_data()
    value = data[key]
    data[key] = value[:-1]
    with pytest.raises(HwgenError, match=rf"^39 entries for 40 nodes\n  at data\.{key}"):
        OneGraph(data)
    if key != "y":
        data[key] = torch.zeros_like(value)
        with pytest.raises(HwgenError, match=rf"^no node for \w+\n  at data\.{key}"):
            OneGraph(data)
    delattr(data, key)
    with pytest.raises(HwgenError, match=rf"^the graph has no {key}\n  at data\.{key}"):
        OneGraph(data)


def test_an_epoch_has_every_graph_once_and_deals_differ() -> None:
    found = ManyGraphs(SHAPES, SPLIT, 2, 7)
    epochs = [list(found.epoch(epoch, 0)) for epoch in range(DEALS + 1)]
    for epoch in epochs:
        assert sorted(label for each in epoch for label in each.labels.tolist()) == [0] * 12 + [1] * 12
        assert [len(each.labels) for each in epoch] == [8, 8, 8]
        assert all(each.rows is None for each in epoch)
    sizes = {tuple(sorted(each.batch.nodes for each in epoch)) for epoch in epochs[:DEALS]}
    assert len(sizes) > 1
    assert {id(each.batch) for each in epochs[0]} == {id(each.batch) for each in epochs[DEALS]}  # built once
    other = [each.batch.nodes for each in ManyGraphs(SHAPES, SPLIT, 2, 7).epoch(0, 1)]
    assert other != [each.batch.nodes for each in epochs[0]]


def test_parts_keep_their_order_and_batches_are_smaller_than_their_graphs() -> None:
    found = ManyGraphs(SHAPES, SPLIT, 2, 3)
    assert torch.cat([each.labels for each in found.part("test")]).tolist() == SHAPES.labels[32:].tolist()
    codes = found.codes("test")
    assert [each.graphs for each in codes] == [len(each.labels) for each in found.part("test")]
    assert sum(each.num_nodes for each in codes) == sum(len(SHAPES[graph].x) for graph in range(32, 40))
    assert all(each.batch.nodes < one.num_nodes for each, one in zip(found.part("test"), codes, strict=True))
    assert found.sample(0).graphs == 24
    [whole] = ManyGraphs(SHAPES, SPLIT, None, 8).part("test")
    assert whole.batch.nodes == sum(each.num_nodes for each in codes)
    graphs, batch = found.few()
    assert (len(graphs), batch.graphs) == (16, 16)


def test_test_graphs_are_those_to_judge_by() -> None:
    test = np.array([3, 16, 38])
    split = Split(train=np.setdiff1d(np.arange(39), test), validation=np.array([39]), test=test)
    every, tested = ManyGraphs(SHAPES, split, 2, 8).graphs()
    assert len(every) == 40
    assert [(int(each.y), len(each.x)) for each in tested] == [(1, 5), (0, 4), (0, 7)]
    assert all(any(each is other for other in every) for each in tested)


def test_a_list_of_graphs_becomes_a_set() -> None:
    found = as_set(list(SHAPES), "mine")
    assert found.name == "mine"
    assert (found.labels == SHAPES.labels).all()
    assert (found.union([3, 1]).edges == SHAPES.union([3, 1]).edges).all()
    assert as_set(SHAPES, "other") is SHAPES


def test_graphs_without_one_label_each_are_refused() -> None:
    for counts in (None, (4, 4), (2, 0)):
        graphs = [Data(x=torch.ones(4, 1), edge_index=torch.zeros(2, 0, dtype=torch.int64),
                       y=None if counts is None else torch.zeros(counts[which], dtype=torch.int64)) for which in (0, 1)]
        with pytest.raises(HwgenError, match=r"^graphs without one label each\n  at data\.y\n  .*join the graphs"):
            as_set(graphs, "mine")
