"""Graphs as the reader sees them, as PyG has them again."""

import numpy as np
import torch
from torch_geometric.data import Batch, Data

from hwgen.frontend.data.batching import graphs_of, prepared, real, union_of
from hwgen.network.input import Input


def test_a_batch_whose_nodes_and_edges_are_mixed_falls_into_its_graphs() -> None:
    data = [Data(x=torch.arange(4.0 * n).reshape(n, 4) % 3, edge_index=torch.tensor([[0, n - 1, 0], [n - 1, 0, 0]]),
                 y=torch.arange(n), node=torch.arange(n) + 7, edge_attr=torch.arange(3.0) + n, input_scale=0.5)
            for n in (3, 5, 2)]
    whole = Batch.from_data_list(data)
    order, edges = torch.tensor([4, 8, 0, 2, 9, 3, 1, 7, 6, 5]), torch.tensor([3, 0, 6, 1, 4, 7, 2, 5, 8])
    mixed = Data(x=whole.x[order], edge_index=torch.argsort(order)[whole.edge_index[:, edges]], y=whole.y[order],
                 node=whole.node[order], batch=whole.batch[order], edge_attr=whole.edge_attr[edges], input_scale=0.5)
    sizes = [3, 5, 2]
    for size, one, want in zip(sizes, graphs_of(mixed), data, strict=True):
        assert one.num_nodes == size
        rank = torch.argsort(one.node)  # nodes of a graph stay in the order in which they were given
        assert torch.equal(one.x[rank], want.x)
        assert torch.equal(one.y[rank], want.y)
        pairs = {(int(one.y[a]), int(one.y[b]), value) for (a, b), value in zip(
            one.edge_index.t().tolist(), one.edge_attr.tolist(), strict=True)}
        assert pairs == {(a, b, value) for (a, b), value in zip(
            want.edge_index.t().tolist(), want.edge_attr.tolist(), strict=True)}
        assert torch.equal(real(one).x, one.x * 0.5)
    batch = union_of(mixed, Input.plain(4, 2, 0.5))
    assert np.array_equal(prepared(mixed).features, batch.features.toarray() * 0.5)
    assert batch.graphs == 3
    assert np.array_equal(np.bincount(batch.graph), sizes)
