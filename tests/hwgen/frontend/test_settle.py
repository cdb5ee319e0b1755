"""Steps step aside from rounding ties."""

import torch
from training_graphs import small_data, small_quantized

from hwgen.frontend import settle
from hwgen.frontend.settle import near_ties


def test_near_ties_are_counted_where_two_codes_meet() -> None:
    x = torch.tensor([[0.5005, -1.499, 2.6], [3.4999, 7.5001, 0.0]])
    assert near_ties(x, torch.ones(1, 3), torch.tensor(7.0), axis=1)[:, 0].tolist() == [2, 1]
    assert near_ties(x, torch.ones(2, 1), torch.tensor([[1.0], [8.0]]), axis=1)[:, 0].tolist() == [1, 2]


def test_a_tie_that_many_nodes_share_is_left() -> None:
    data = small_data()
    model = small_quantized(data).eval()
    first = model.gcn.layers[0]
    assert first.message_quantizer is not None
    messages: list[torch.Tensor] = []
    with torch.no_grad():
        model.gcn.trace(model.graph, messages)
        value = messages[0][:, 0].abs().max()
        first.message_quantizer.raw_step[0, 0] = value / 6.5  # the largest message is a tie
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    settle(model)
    for name, each in model.named_parameters():
        assert ((each - before[name]).abs() <= 0.0101 * before[name].abs()).all()
        assert name.endswith("raw_step") or torch.equal(each, before[name])
    again: list[torch.Tensor] = []
    with torch.no_grad():
        maps = model.gcn.trace(model.graph, again)
        for layer, sent in zip(model.gcn.layers, again, strict=True):
            assert layer.message_quantizer is not None
            assert near_ties(sent, layer.message_quantizer.step, torch.tensor(7.0), axis=0).sum() == 0
        row = first.row_quantizer
        assert row is not None
        assert near_ties(maps[0], row.step, torch.exp2(row.whole_bits) - 1, axis=1).sum() == 0
    assert not torch.equal(first.message_quantizer.raw_step, before["gcn.convs.0.message_quantizer.raw_step"])
