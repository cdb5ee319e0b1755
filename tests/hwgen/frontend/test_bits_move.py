"""A loop of one's own learns bit widths, or ``save`` says that none has moved."""

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch_geometric.data import Data
from training_graphs import pooled, several, small_data, small_quantized

from hwgen.frontend import QuantizedNetwork, save
from hwgen.frontend.quantize.prepare import quantize

Groups = Callable[[QuantizedNetwork], object]


def trained(model: QuantizedNetwork, data: Data, groups: Groups, epochs: int, *, frozen_at: int | None = None) -> None:
    """Some epochs of the documented loop."""
    optimizer = torch.optim.Adam(groups(model), lr=0.01)
    for epoch in range(epochs):
        if epoch == (epochs // 2 if frozen_at is None else frozen_at):
            model.freeze_bits()
        loss = torch.nn.functional.cross_entropy(model(data), data.y) + model.penalty()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def saved(model: QuantizedNetwork, data: object, tmp_path: Path) -> list[str]:
    """What a save warns of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        save(model, data, tmp_path / "model.pt")
    return [str(each.message) for each in said]


def test_one_rate_for_all_moves_no_width(tmp_path: Path) -> None:
    data = small_data()
    model = small_quantized(data)
    trained(model, data, lambda model: model.parameters(), 8)
    [said] = saved(model, data, tmp_path)
    assert said.startswith("training has moved no bit width")
    assert "model.parameter_groups()" in said


def test_parameter_groups_move_widths(tmp_path: Path) -> None:
    data = small_data()
    model = small_quantized(data)
    trained(model, data, lambda model: model.parameter_groups(), 40)
    assert model.average_bits() < 2
    assert saved(model, data, tmp_path) == []


def test_of_a_table_too(tmp_path: Path) -> None:
    graphs = several()
    model = quantize(pooled(), scheme="nns", data=graphs)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    (model(graphs[0]).sum() + model.penalty()).backward()
    optimizer.step()
    assert len(saved(model, graphs, tmp_path)) == 1


@pytest.mark.parametrize("scheme", ["nns", "uniform"])
def test_nothing_is_said_of_a_model_that_was_only_run(scheme: str, tmp_path: Path) -> None:
    graphs = several()
    model = quantize(pooled(), scheme=scheme, data=graphs)
    model(graphs[0])
    assert saved(model, graphs, tmp_path) == []


def test_nothing_is_said_of_widths_that_were_not_to_learn(tmp_path: Path) -> None:
    data = small_data()
    model = small_quantized(data)
    trained(model, data, lambda model: model.parameters(), 4, frozen_at=0)
    assert saved(model, data, tmp_path) == []
    graphs = several()
    model = quantize(pooled(), scheme="uniform", data=graphs)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model(graphs[0]).sum().backward()
    optimizer.step()
    assert saved(model, graphs, tmp_path) == []
