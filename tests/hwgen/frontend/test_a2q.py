"""Quantizing whole models, from a user's own loop."""

import pytest
import torch
import torch.nn.functional as F
from training_graphs import small_data, small_quantized

from hwgen.errors import HwgenError
from hwgen.frontend import GCN, Graph, Penalty
from hwgen.frontend.quantizing import quantize


def test_penalty_in_bits_and_in_kilobytes() -> None:
    data = small_data()
    model = small_quantized(data, bits=2.0)
    model.penalty_rule = Penalty(weight=100.0, target=0.5)
    assert model.penalty().item() == pytest.approx(100 * 1.5**2)
    model.penalty_rule = Penalty(size="kilobytes", weight=2.5, target=0.01)
    assert model.penalty().item() == pytest.approx(2.5 * (6 * 40 * 3 / 8192 - 0.01) ** 2)
    model.penalty_rule = Penalty(weight=100.0, target=3.0)
    assert model.penalty().item() == 0


def test_frozen_bits_cost_nothing_and_stay() -> None:
    model = small_quantized(small_data(), bits=1.4)
    model.freeze_bits()
    assert model.average_bits() == 1.0
    assert not model.penalty().requires_grad


def test_average_counts_rounded_bits_of_all_hidden_layers() -> None:
    model = small_quantized(small_data(), layers=3)
    [first, _], [second, _] = model.rows
    first.raw_bits.data.fill_(1.2)
    second.raw_bits.data[:10] = 0.1
    second.raw_bits.data[10:] = 3.9
    assert model.average_bits() == (40 * 1 + 10 * 0 + 30 * 4) / 80


def test_groups_cover_every_parameter_once() -> None:
    model = small_quantized(small_data(), layers=3)
    rates = {"weights": 1.0, "weight_steps": 2.0, "message_steps": 3.0, "row_steps": 4.0, "bits": 5.0}
    groups = model.parameter_groups(**{name: {"lr": rate} for name, rate in rates.items()})
    grouped = [id(each) for group in groups for each in group["params"]]
    assert sorted(grouped) == sorted(id(each) for each in model.parameters())
    assert [(group["lr"], len(group["params"])) for group in groups] == [(1, 6), (2, 3), (3, 3), (4, 2), (5, 2)]
    assert all(group["params"][0].shape == (40, 1) for group in groups[3:])


def test_a_users_own_loop_learns_weights_steps_and_bits() -> None:
    torch.manual_seed(0)
    data = small_data()
    model = quantize(GCN(12, 6, 3, dropout=0.0), data=data)
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for epoch in range(60):
        if epoch == 30:
            model.freeze_bits()
            frozen = model.average_bits()
        loss = F.cross_entropy(model(data.x, data.edge_index)[data.train_mask], data.y[data.train_mask])
        optimizer.zero_grad()
        (loss + model.penalty()).backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    assert frozen < 2
    assert model.average_bits() == frozen
    assert all(not torch.equal(each, before[name]) for name, each in model.named_parameters())


def test_quantizing_leaves_the_users_model_alone() -> None:
    data = small_data()
    plain = GCN(12, 6, 3)
    quantize(plain, data=data)
    assert all(layer.weight_quantizer is None for layer in plain.layers)
    assert sum(each.numel() for each in plain.parameters()) == 12 * 6 + 6 + 6 * 3 + 3


def test_calibration_starts_near_the_fp32_model() -> None:
    torch.manual_seed(0)
    data = small_data()
    plain = GCN(12, 6, 3).eval()
    full = plain(Graph.of(data))
    far = (quantize(plain, data=data, weight_bits=8, message_bits=8, bits=8).eval()() - full).abs().max()
    assert far < 0.05 * full.abs().max()


def test_static_allocation_meets_its_target_and_is_frozen() -> None:
    torch.manual_seed(0)
    model = quantize(GCN(12, 6, 3), data=small_data(), target_bits=0.75)
    assert model.average_bits() == 0.75
    assert model.rows[0][0].frozen
    assert not model.penalty().requires_grad


def test_another_graph_is_refused() -> None:
    model = small_quantized(small_data())
    other = small_data(seed=1)
    with pytest.raises(HwgenError, match=r"^the model is called with another graph"):
        model(other.x, other.edge_index)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"scheme": "dq"}, r"^unknown scheme 'dq'\n  at scheme\n  use a2q"),
    ({"weight_bits": 1}, r"^weight_bits is 1\n"), ({"message_bits": 9}, r"^message_bits is 9\n"),
    ({"bits": 9.0}, r"^bits is 9.0\n"), ({"target_bits": -1.0}, r"^target_bits is -1.0\n"),
])
def test_options_out_of_range_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(HwgenError, match=message):
        quantize(GCN(12, 6, 3), **{"data": small_data(), **arguments})


def test_a_model_of_another_width_is_refused() -> None:
    with pytest.raises(HwgenError, match=r"^the model takes 9 features, the graph has 12"):
        quantize(GCN(9, 6, 3), data=small_data())


@pytest.mark.parametrize(("value", "message"), [
    (0.5, r"^feature 0.5 is not an unsigned integer"), (-1.0, r"^feature -1.0 is not"),
    (float("nan"), r"^feature nan is not"), (256.0, r"^feature 256 exceeds 8 bits"),
])
def test_features_must_be_codes(value: float, message: str) -> None:
    data = small_data()
    data.x[3, 4] = value
    with pytest.raises(HwgenError, match=message):
        Graph.of(data)


def test_edges_must_be_in_range() -> None:
    data = small_data()
    data.edge_index[1, 5] = 40
    with pytest.raises(HwgenError, match=r"^edge index 40 is out of range for 40 nodes"):
        Graph.of(data)


@pytest.mark.parametrize(("top", "bits"), [(1, 1), (2, 2), (15, 4), (16, 5), (255, 8)])
def test_input_bits_hold_the_largest_code(top: int, bits: int) -> None:
    data = small_data(top=1)
    data.x[5, 5] = top
    assert Graph.of(data).input_bits == bits
