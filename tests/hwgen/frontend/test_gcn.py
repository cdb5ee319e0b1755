"""The FP32 network against PyG's, and the quantized one against the layer equation in NumPy."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from integers import half_away
from torch import Tensor, nn
from torch_geometric.nn import GCNConv
from training_graphs import small_data, small_quantized

from hwgen.errors import HwgenError
from hwgen.frontend import GCN, Graph
from hwgen.frontend.data.sparse import SparseMatrix


class Plain(nn.Module):
    """What a PyG user writes."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.convs = nn.ModuleList([GCNConv(a, b) for a, b in itertools.pairwise(widths)])
        for conv in self.convs:
            nn.init.normal_(conv.bias, 0, 0.3)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        for conv in list(self.convs)[:-1]:
            x = F.relu(conv(x, edge_index))
        out: Tensor = self.convs[-1](x, edge_index)
        return out


@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize("top", [1, 15])
def test_fp32_equals_pyg(layers: int, top: int) -> None:
    torch.manual_seed(0)
    data = small_data(top=top)
    graph = Graph.of(data)
    plain = Plain([12, *[5] * (layers - 1), 3]).eval()
    model = GCN(12, 5, 3, layers=layers).eval()
    for mine, theirs in zip(model.layers, plain.convs, strict=True):
        mine.weight.data.copy_(theirs.lin.weight.t())
        mine.bias.data.copy_(theirs.bias)
    expected = plain(data.x * data.input_scale, data.edge_index)
    torch.testing.assert_close(model(graph), expected, rtol=1e-5, atol=1e-5)


def test_sparse_input_equals_dense_input() -> None:
    torch.manual_seed(0)
    data = small_data(nodes=40, features=12)
    data.x[:, 1:] = 0  # few enough features for the sparse path
    graph, weight = Graph.of(data), torch.randn(12, 4, requires_grad=True)
    assert graph._sparse is not None
    pull = torch.randn(40, 4)
    out = graph.combine_input(weight, 0.0)
    out.backward(pull)
    torch.testing.assert_close(out, data.x @ weight)
    torch.testing.assert_close(weight.grad, data.x.t() @ pull)


def test_sparse_gradient_uses_the_values_that_dropout_left() -> None:
    torch.manual_seed(0)
    dense = (torch.rand(9, 7) < 0.4).double() * torch.randn(9, 7, dtype=torch.float64)
    from scipy.sparse import csr_array

    sparse = SparseMatrix.of(csr_array(dense.numpy()))
    values = F.dropout(sparse.values, 0.5)
    kept = torch.zeros(9, 7)
    kept[dense != 0] = values
    weight = torch.randn(7, 3, requires_grad=True)
    pull = torch.randn(9, 3)
    sparse.product(weight, values).backward(pull)
    torch.testing.assert_close(weight.grad, kept.t() @ pull)


@pytest.mark.parametrize("layers", [2, 3])
def test_quantized_network_is_in_integer_adder_order(layers: int) -> None:
    data = small_data(top=15)
    model = small_quantized(data, layers=layers).eval()
    nodes = len(data.x)
    adjacency = np.zeros((nodes, nodes))
    for source, target in data.edge_index.t().tolist():
        adjacency[target, source] += source != target
    adjacency += np.eye(nodes)
    norm = adjacency.sum(1, keepdims=True) ** -0.5
    x = data.x.double().numpy() / 15
    for layer in model.gcn.layers:
        weights, messages = layer.weight_quantizer, layer.message_quantizer
        step = weights.step.detach().double().numpy()
        weight = np.clip(half_away(layer.weight.detach().double().numpy() / step), -7, 7) * step
        step = messages.step.detach().double().numpy()
        sent = np.clip(half_away(norm * (x @ weight) / step), -7, 7)
        z = norm * (adjacency @ sent) * step + layer.bias.detach().numpy()
        if layer.row_quantizer is not None:
            row = layer.row_quantizer
            top = 2 ** row.whole_bits.numpy() - 1
            x = np.clip(half_away(np.maximum(z, 0) / row.step.detach().numpy()), 0, top) * row.step.detach().numpy()
    np.testing.assert_allclose(model().detach().numpy(), z, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"layers": 1}, "^1 layers"), ({"dropout": 1.0}, "^dropout 1.0"), ({"hidden": 0}, "^widths 4, 0, 2"),
])
def test_impossible_networks_are_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(HwgenError, match=message):
        GCN(4, **{"hidden": 3, **arguments}, classes=2)
