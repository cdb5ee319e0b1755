"""What a model is trained on: parts, batches, and what they refuse."""

import dataclasses

import numpy as np
import pytest
import torch
from graph_sets import rings_and_stars
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from training_graphs import small_data

from hwgen.errors import HwgenError
from hwgen.frontend.data.graph_set import Split
from hwgen.frontend.training.examples import DEALS, PARTS, ManyGraphs, OneGraph, as_set
from hwgen.network.labels import Labels
from hwgen.network.reader import read_graphs
from hwgen.network.reader.fields import MASKS

NAN = float("nan")
SHAPES = rings_and_stars()
SPLIT = Split(train=np.arange(24), validation=np.arange(24, 32), test=np.arange(32, 40))


def test_one_graph_is_one_batch_whose_masks_part_it() -> None:
    data = small_data(top=3)
    found = OneGraph(data, "small")
    assert (found.name, found.per, found.labels.kind, found.features) == ("small", "nodes", "classification", 12)
    assert (found.input.bits, found.input.unit) == (2, 1 / 3)
    [first], [again] = list(found.epoch(0, 0)), list(found.epoch(5, 1))
    assert first.batch is again.batch
    for part, key in (("train", "train_mask"), ("validation", "val_mask"), ("test", "test_mask")):
        [example] = found.part(part)
        assert torch.equal(example.rows, data[key])
        assert torch.equal(example.labels, data.y)
        assert example.batch is first.batch is found.sample(0)
    [saved], [tested] = found.graphs()
    assert saved is tested
    assert torch.equal(saved.x, data.x)
    assert torch.equal(saved.test_mask, data.test_mask)
    [codes] = found.codes("test")
    assert (codes.features.toarray() == data.x.numpy()).all()


@pytest.mark.parametrize("key", ["y", "train_mask", "val_mask", "test_mask"])
def test_labels_and_masks_are_needed(key: str) -> None:
    data = small_data()
    value = data[key]
    data[key] = value[:-1]
    with pytest.raises(HwgenError, match=rf"^39 entries for 1 graph of 40 nodes\n  at data\.{key}"):
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
    for given in (SHAPES, list(SHAPES), (each for each in SHAPES), DataLoader(list(SHAPES), batch_size=7)):
        found = as_set(read_graphs(given), "mine")
        assert (found.name, found.per, len(found)) == ("mine", "graphs", 40)
        assert (found.labels == SHAPES.labels).all()
        assert (found.union([3, 1]).edges == SHAPES.union([3, 1]).edges).all()


def nodes_of(count: int, *, masks: bool = False) -> list[Data]:
    """Graphs whose nodes have labels."""
    found = []
    for index in range(count):
        data = small_data(seed=index, nodes=20 + index)
        parts = [data.train_mask, data.val_mask, data.test_mask]
        found.append(Data(x=data.x, edge_index=data.edge_index, y=data.y, **(
            dict(zip(MASKS, parts, strict=True)) if masks else {})))
    return found


def test_graphs_whose_nodes_have_labels_are_a_set_too() -> None:
    graphs = nodes_of(12)
    found = as_set(read_graphs(graphs), "mine")
    assert (found.per, len(found), found.classes) == ("nodes", 12, 3)
    assert torch.equal(found[3].y, graphs[3].y)
    [split, *_] = found.folds(0)
    examples = ManyGraphs(found, split, None, 4)
    assert examples.per == "nodes"
    [first, *_] = examples.part("train")
    assert len(first.labels) == first.batch.nodes
    assert sorted(np.concatenate([split.train, split.validation, split.test]).tolist()) == list(range(12))
    with pytest.raises(HwgenError, match=r"^9 graphs\n  at data\n.*or, where nodes have labels, masks"):
        as_set(read_graphs(nodes_of(9)), "mine").folds(0)


def test_masks_part_the_nodes_of_several_graphs() -> None:
    graphs = nodes_of(18, masks=True)
    found = OneGraph(graphs)
    [test] = found.part("test")
    assert test.rows is not None
    assert int(test.rows.sum()) == sum(int(each.test_mask.sum()) for each in graphs)
    assert (test.batch.graphs, len(test.labels)) == (18, sum(len(each.x) for each in graphs))
    few, batch = found.few()
    assert (len(few), batch.graphs) == (16, 16)


def test_of_a_neighbour_loaders_batches_seeds_count() -> None:
    graphs = nodes_of(3, masks=True)
    for each in graphs:
        each.batch_size = 10
    for part, key in (("train", "train_mask"), ("test", "test_mask")):
        [example] = OneGraph(graphs).part(part)
        assert int(example.rows.sum()) == sum(int(each[key][:10].sum()) for each in graphs)


def test_rows_without_a_class_do_not_count() -> None:
    data = small_data()
    first = torch.nonzero(data.train_mask)[0, 0]
    data.y[first] = -1
    [example] = OneGraph(data).part("train")
    assert int(example.rows.sum()) == int(data.train_mask.sum()) - 1
    data.y = data.y.double()
    data.y[first] = float("nan")
    assert torch.equal(OneGraph(data).part("train")[0].rows, example.rows)


def test_graphs_without_a_label_are_in_no_fold() -> None:
    labels = SHAPES.labels.astype(float)
    labels[[0, 5]] = np.nan
    labels[7] = -1
    for found in (labels, np.where(labels == 1, 0.25, labels)):  # classes are dealt evenly, real values as they come
        split = dataclasses.replace(SHAPES, labels=found).folds(0)[0]
        every = np.sort(np.concatenate([split.train, split.validation, split.test]))
        wanted = np.isfinite(found) & (found >= 0 if found is labels else True)
        assert every.tolist() == np.flatnonzero(wanted).tolist()


def test_a_part_without_a_label_is_refused() -> None:
    graphs = nodes_of(12)
    found = as_set(read_graphs(graphs), "mine")
    split = found.folds(0)[0]
    for graph in split.validation:
        graphs[graph].y[:] = -1
    with pytest.raises(HwgenError, match=r"^no node with a label for validation\n  at data\.y"):
        ManyGraphs(as_set(read_graphs(graphs), "mine"), split, None, 4)


@pytest.mark.parametrize(("labels", "width", "kind", "wanted"), [
    ([0, 1, 1, 2], 3, "classification", [0, 1, 1, 2]), ([-1, 1, 1, -1], 2, "classification", [0, 1, 1, 0]),
    ([0, 1, -1, 1], 1, "binary", [[0], [1], [NAN], [1]]), ([-1, 1, 1, -1], 1, "binary", [[0], [1], [1], [0]]),
    ([-1, 1.5, NAN, 0], 1, "regression", [[-1], [1.5], [NAN], [0]])])
def test_labels_mean_what_figures_say(labels: list[float], width: int, kind: str, wanted: list[object]) -> None:
    data = small_data(nodes=4 * 9)
    data.y = torch.tensor(labels).repeat(9)
    found = OneGraph(data, labels=Labels.of(data.y.numpy(), width, 36))
    [example] = found.part("train")
    assert found.labels.kind == found.goal.kind == kind
    np.testing.assert_array_equal(example.labels[:4].numpy(), np.array(wanted, dtype=float))
    assert example.labels.dtype == (torch.int64 if kind == "classification" else torch.float32)
    missing = np.isnan(np.array(labels)) | (np.array(labels) == -1) & (kind == "binary") & (0 in labels)
    assert int(example.rows.sum()) == int(data.train_mask[~torch.from_numpy(missing).repeat(9)].sum())


def test_real_labels_weigh_by_the_spread_of_the_training_part() -> None:
    data = small_data()
    data.y = torch.where(data.train_mask, torch.arange(40) + 0.5, 1e6)
    found = OneGraph(data)
    assert found.goal.spread.tolist() == pytest.approx([float(data.y[data.train_mask].var(correction=0))])


def test_several_labels_a_row_are_learned_label_by_label() -> None:
    graphs = nodes_of(12)
    for each in graphs:
        each.y = torch.stack([each.y == 0, each.y > 0, each.x[:, 0] > 0], 1).float()
    graphs[2].y[3] = float("nan")
    graphs[2].y[4, 1] = -1
    found = as_set(read_graphs(graphs), "mine")
    assert found.classes == 3
    examples = ManyGraphs(found, found.folds(0)[0], None, 4)
    assert examples.labels.kind == "multilabel"
    parts = [each for part in PARTS for each in examples.part(part)]
    assert sum(int(each.rows is not None and not each.rows.all()) for each in parts) == 1
    assert sum(int(torch.isnan(each.labels).sum()) for each in parts) == 4


def test_graphs_without_labels_are_refused() -> None:
    graphs = [Data(x=torch.ones(4, 1), edge_index=torch.zeros(2, 0, dtype=torch.int64)) for _ in range(2)]
    with pytest.raises(HwgenError, match=r"^graphs without labels\n  at data\.y"):
        as_set(read_graphs(graphs), "mine")
    graphs[0].y = torch.zeros(2)
    with pytest.raises(HwgenError, match=r"^2 entries for 1 graph of 4 nodes\n  at data\[0\]\.y"):
        read_graphs(graphs)
