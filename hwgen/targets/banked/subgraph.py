"""Cut a graph down to what simulates quickly: a neighbourhood, grown breadth first."""

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order

from .chain import GraphData

__all__ = ["neighbourhood"]


def neighbourhood(data: GraphData, nodes: int) -> GraphData:
    """Induced subgraph of the nodes nearest to the one of highest degree; other nodes follow by number.

    PyTorch's logits are left out: they are not those of the subgraph. Every node keeps its own bit width.
    """
    n = data.num_nodes
    if n <= nodes:
        return data
    source, target = data.edges
    links = csr_array(coo_array((np.ones(source.size), (source, target)), shape=(n, n)))
    hub = int(np.bincount(target, minlength=n).argmax())
    order = breadth_first_order(links, hub, directed=False, return_predecessors=False)
    rest = np.setdiff1d(np.arange(n), order)
    kept = np.sort(np.concatenate([order, rest])[:nodes])
    index = np.full(n, -1)
    index[kept] = np.arange(nodes)
    inside = (index[source] >= 0) & (index[target] >= 0)
    return replace(
        data, features=csr_array(data.features[kept]), edges=index[data.edges[:, inside]], node=data.node[kept],
        labels=None if data.labels is None else data.labels[kept],
        test_mask=None if data.test_mask is None else data.test_mask[kept], logits=None,
    )
