"""Small graphs and models that the tests of the training side share."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch_geometric.data import Data
from torch_geometric.nn import global_mean_pool
from user_modules import graphs, middle, randomise

from hwgen.frontend import GCN, QuantizedNetwork
from hwgen.frontend.quantize.prepare import quantize

__all__ = ["pooled", "several", "small_data", "small_quantized"]


def small_data(nodes: int = 40, features: int = 12, *, top: int = 1, seed: int = 0, classes: int = 3) -> Data:
    """A learnable graph: features and neighbours lean towards a node's class.

    Node 0 is isolated, node 1 has a self loop and a duplicate edge, node 2 has no features.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, nodes)
    lean = (np.arange(features)[None, :] % classes) == labels[:, None]
    codes = rng.integers(1, top + 1, (nodes, features)) * (rng.random((nodes, features)) < 0.15 + 0.4 * lean)
    codes[2] = 0
    edges = [(a, b) for a in range(1, nodes) for b in range(1, nodes)
             if a != b and rng.random() < (6 if labels[a] == labels[b] else 1) / nodes]
    edges += [(1, 1), edges[0], edges[0]]
    part = rng.permutation(nodes)
    masks = [torch.zeros(nodes, dtype=torch.bool) for _ in range(3)]
    for mask, chosen in zip(masks, np.array_split(part, 3), strict=True):
        mask[torch.from_numpy(chosen)] = True
    return Data(x=torch.from_numpy(codes.astype(np.float32)), y=torch.from_numpy(labels.astype(np.int64)),
                edge_index=torch.tensor(edges).t().contiguous(), train_mask=masks[0], val_mask=masks[1],
                test_mask=masks[2], input_scale=1.0 / top, name="small")


def small_quantized(data: Data, *, layers: int = 2, bits: float = 2.0) -> QuantizedNetwork:
    """A quantized GCN with random weights and biases."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = GCN(data.x.shape[1], 6, 3, layers=layers)
        for layer in model.convs:
            torch.nn.init.normal_(layer.bias, 0, 0.2)
    return quantize(model, data=data, bits=bits)


def pooled() -> nn.Module:
    """A classifier of graphs with 7 features."""
    return randomise(middle(lambda s, h, e, b: s.a(global_mean_pool(h.relu(), b)), a=nn.Linear(6, 3)))


def several() -> list[Data]:
    """Four graphs with 7 features: duplicate edges and loops, an isolated node, one node alone, no edges."""
    x, edges, batch = graphs()
    starts = torch.searchsorted(batch, torch.arange(5))
    return [Data(x=x[low:high], edge_index=edges[:, batch[edges[1]] == index] - low, y=torch.tensor([index % 3]))
            for index, (low, high) in enumerate(pairwise(starts))]
