"""Cut a graph down to what simulates quickly: a neighbourhood, grown breadth first."""

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order

from .batch import Batch
from .sample import Sample

__all__ = ["neighbourhood"]


def neighbourhood(sample: Sample, nodes: int) -> Sample:
    """Induced subgraph of the nodes nearest to the one of highest degree; other nodes follow by number.

    Results are left out: they are not those of the subgraph. Every node keeps its own bit width.

    Parameters
    ----------
    sample : Sample
        One graph whose results are by node.
    nodes : int
        To be left of it.
    """
    batch = sample.batch
    n = batch.num_nodes
    if n <= nodes:
        return sample
    source, target = batch.edges
    links = csr_array(coo_array((np.ones(source.size), (source, target)), shape=(n, n)))
    hub = int(np.bincount(target, minlength=n).argmax())
    order = breadth_first_order(links, hub, directed=False, return_predecessors=False)
    rest = np.setdiff1d(np.arange(n), order)
    kept = np.sort(np.concatenate([order, rest])[:nodes])
    index = np.full(n, -1)
    index[kept] = np.arange(nodes)
    inside = (index[source] >= 0) & (index[target] >= 0)
    return replace(
        sample, logits=None, fp32=None, integer=None, labels=None if sample.labels is None else sample.labels[kept],
        mask=None if sample.mask is None else sample.mask[kept],
        batch=Batch(features=csr_array(batch.features[kept]), edges=index[batch.edges[:, inside]],
                    graph=np.zeros(nodes, dtype=np.int64), graphs=1, node=batch.node[kept],
                    weight=None if batch.weight is None else batch.weight[inside]))
