"""Graphs travel with labels as they are and with what FP32 and the quantized model say; they are drawn from all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data
from training_graphs import pooled, several, small_data, small_quantized

from hwgen.frontend import load, save
from hwgen.frontend.known import drawn, known_of
from hwgen.frontend.quantize.prepare import quantize

NAN = float("nan")


def many(count: int) -> list[Data]:
    """Copies of four graphs; the label is the number."""
    made = [several()[index % 4].clone() for index in range(count)]
    for index, each in enumerate(made):
        each.y = torch.tensor([index])
    return made


def sizes(graphs: list[Data], classes: list[int]) -> list[int]:
    """How many graphs of each class."""
    return np.bincount([int(each.y) for each in graphs], minlength=max(classes) + 1).tolist()


@pytest.mark.parametrize(("labels", "kept"), [
    ([0.25, NAN, -1.5, 3.0], [0.25, NAN, -1.5, 3.0]),
    ([2, -1, 0, 1], [2, -1, 0, 1]),
    ([True, False, True, True], [1, 0, 1, 1]),
    ([[[1.0, 0.0, NAN]]] * 4, [[1.0, 0.0, NAN]] * 4),
    ([[[1, 0, 1]]] * 4, [[1, 0, 1]] * 4),
])
def test_labels_stay_what_they_are(labels: list[object], kept: object, tmp_path: Path) -> None:
    graphs = several()
    model = quantize(pooled(), scheme="uniform", data=graphs)
    for graph, label in zip(graphs, labels, strict=True):
        graph.y = torch.tensor(label if isinstance(label, list) else [label])
    save(model, graphs, tmp_path / "model.pt")
    _, sample = load(tmp_path / "model.pt")
    assert sample.labels is not None
    np.testing.assert_array_equal(sample.labels, np.array(kept))
    assert sample.labels.dtype == np.array(kept).dtype


def test_labels_that_are_not_of_the_results_are_left_out_aloud() -> None:
    graphs = several()
    model = quantize(pooled(), scheme="uniform", data=graphs)
    for each in graphs:
        each.y = torch.zeros(len(each.x))
    with pytest.warns(UserWarning, match="labels are left out: they are of nodes, results are of graphs"):
        assert known_of(model, graphs).labels is None


def test_fp32_is_the_model_that_was_quantized(tmp_path: Path) -> None:
    """Whatever becomes of it, or of the quantized one, afterwards."""
    graphs, module = several(), pooled().eval()
    with torch.no_grad():
        union = Batch.from_data_list(graphs)
        theirs = module(union.x, union.edge_index, union.batch).double().numpy()
    model = quantize(module, scheme="uniform", data=graphs)
    with torch.no_grad():
        for each in (*module.parameters(), *model.parameters()):
            each.mul_(1.5)
    save(model, graphs, tmp_path / "model.pt")
    _, sample = load(tmp_path / "model.pt")
    assert sample.fp32 is not None
    assert sample.logits is not None
    np.testing.assert_allclose(sample.fp32, theirs, atol=1e-5)
    assert np.abs(sample.logits - theirs).max() > 1e-2


def test_of_one_graph_as_well() -> None:
    data = small_data()
    model = small_quantized(data)
    found = known_of(model, [data])
    assert model.training
    assert found.fp32 is not None
    assert found.mask is not None
    assert found.fp32.shape == (40, 3)
    assert (found.mask == data.test_mask.numpy()).all()


@pytest.mark.slow
def test_the_sample_is_drawn_from_all_graphs_by_class() -> None:
    graphs = many(200)
    for index, each in enumerate(graphs):
        each.y = torch.tensor([0 if index < 150 else 1 if index < 199 else 2])
    model = quantize(pooled(), scheme="uniform", data=graphs)
    chosen = drawn(model, graphs)
    assert sizes(chosen, [0, 1, 2]) == [47, 16, 1]
    places = [next(place for place, each in enumerate(graphs) if each is one) for one in chosen]
    assert places == sorted(places)
    assert np.diff(places[:47]).max() > 1  # not the first ones of their class
    assert [id(each) for each in drawn(model, graphs)] == [id(each) for each in chosen]
    assert [id(each) for each in drawn(model, graphs[:64])] == [id(each) for each in graphs[:64]]
    for each in graphs:
        each.y = each.y + 0.5
    assert sizes(drawn(model, graphs), [0, 1, 2]) != sizes(chosen, [0, 1, 2])  # real labels are no classes


@pytest.mark.slow
def test_graphs_of_the_mask_come_first() -> None:
    graphs = many(100)
    for index, each in enumerate(graphs):
        each.y, each.test_mask = torch.tensor([index % 2]), torch.tensor([index >= 30])
    model = quantize(pooled(), scheme="uniform", data=graphs)
    chosen = drawn(model, graphs)
    assert len(chosen) == 64
    assert all(bool(each.test_mask) for each in chosen)
    assert sizes(chosen, [0, 1]) == [32, 32]


def test_graphs_without_a_label_come_last() -> None:
    graphs = many(100)
    for index, each in enumerate(graphs):
        each.y = torch.tensor([index % 3 if index % 5 else -1])
    model = quantize(pooled(), scheme="uniform", data=graphs)
    assert all(int(each.y) >= 0 for each in drawn(model, graphs))
    assert sum(int(each.y) < 0 for each in drawn(model, graphs[:70], 60)) == 4  # 56 have one


def test_test_graphs_travel_and_limits_are_of_all(tmp_path: Path) -> None:
    graphs, module = several(), pooled()
    model = quantize(module, scheme="uniform", data=graphs)
    save(model, graphs[:3], tmp_path / "model.pt", test=graphs[3:])
    _, sample = load(tmp_path / "model.pt")
    save(model, graphs, tmp_path / "all.pt")
    assert sample.batch.graphs == 1
    assert sample.limits == load(tmp_path / "all.pt")[1].limits
    assert isinstance(module, nn.Module)
