"""Graphs prepared for execution: products with sparse features, lists and their factors."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.sparse import csr_array
from torch import Tensor
from training_graphs import small_data

from hwgen.frontend.data.batching import prepared
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.data.sparse import SparseMatrix


def test_rare_features_are_sparse_and_others_dense() -> None:
    data = small_data()
    batch = prepared([data])
    assert isinstance(batch.features, Tensor)
    assert torch.equal(batch.features, data.x)
    data.x[:, 1:] = 0
    rare = prepared([data])
    assert isinstance(rare.features, SparseMatrix)
    assert torch.equal(rare.features.dense(), data.x)


def test_one_hot_features_are_sparse_of_any_width() -> None:
    edges, graph = np.zeros((2, 0), np.int64), np.zeros(3, np.int64)
    for rows, sparse in (([[1, 0], [0, 1], [1, 0]], True), ([[1, 1], [0, 1], [1, 0]], False)):
        batch = GraphBatch(csr_array(np.array(rows)), edges, graph, 1)
        assert isinstance(batch.features, SparseMatrix) is sparse


def test_sparse_product_equals_the_dense_one() -> None:
    torch.manual_seed(0)
    x = small_data().x
    weight = torch.randn(12, 4, requires_grad=True)
    pull = torch.randn(40, 4)
    out = SparseMatrix.of(csr_array(x.numpy())).product(weight)
    out.backward(pull)
    torch.testing.assert_close(out, x @ weight)
    torch.testing.assert_close(weight.grad, x.t() @ pull)


def test_sparse_gradient_uses_the_values_that_dropout_left() -> None:
    torch.manual_seed(0)
    dense = (torch.rand(9, 7) < 0.4).double() * torch.randn(9, 7, dtype=torch.float64)
    sparse = SparseMatrix.of(csr_array(dense.numpy()))
    values = F.dropout(sparse.values, 0.5)
    kept = torch.zeros(9, 7)
    kept[dense != 0] = values
    weight = torch.randn(7, 3, requires_grad=True)
    pull = torch.randn(9, 3)
    sparse.product(weight, values).backward(pull)
    torch.testing.assert_close(weight.grad, kept.t() @ pull)


def test_a_graph_keeps_one_self_loop_and_counts_duplicates() -> None:
    data = small_data()
    batch = GraphBatch.of(data.x, data.edge_index)
    sources = data.edge_index[0, data.edge_index[1] == 1]
    others = int((sources != 1).sum())
    assert float(batch.looped.length[1]) == others + 1
    assert float(batch.looped.rsqrt[1]) == pytest.approx((others + 1) ** -0.5)
    assert float(batch.looped.rsqrt[0]) == 1.0
    assert float(batch.edges.length[1]) == len(sources)
    assert float(batch.edges.mean[0]) == 0.0  # of an empty list
    assert float(batch.edges.mean[1]) == pytest.approx(1 / len(sources))


def test_a_batch_knows_what_it_was_made_of() -> None:
    data, other = small_data(), small_data(seed=1)
    batch = GraphBatch.of(data.x, data.edge_index)
    assert batch.is_made_of(data.x.clone(), data.edge_index.clone())
    assert not batch.is_made_of(data.x + 1, data.edge_index)
    assert not batch.is_made_of(data.x, other.edge_index)
    assert not batch.is_made_of(data.x[:5], data.edge_index)
    sparse = GraphBatch(csr_array(np.eye(40, 12)), data.edge_index.numpy(), np.zeros(40, np.int64), 1)
    assert sparse.is_made_of(torch.eye(40, 12), data.edge_index)
