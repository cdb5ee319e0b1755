"""A neighbourhood is the induced subgraph around the hub, with what is known of its nodes."""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from hwgen.network.batch import Batch
from hwgen.network.sample import Limits, Sample
from hwgen.network.subgraph import neighbourhood

#: Node 4 has four neighbours; 0 and 1 are two steps away, 2 and 9 are alone.
EDGES = np.array([[3, 5, 6, 7, 0, 1, 4], [4, 4, 4, 4, 3, 7, 8]])


def star() -> Sample:
    batch = Batch(features=csr_array(np.arange(30).reshape(10, 3)), edges=EDGES, graph=np.zeros(10, dtype=np.int64),
                  graphs=1, node=np.arange(10)[::-1].copy())
    return Sample(batch=batch, labels=np.arange(10) % 4, mask=np.arange(10) % 2 == 0, logits=np.ones((10, 2)),
                  limits=Limits.of(batch, 5))


def test_the_nearest_nodes_stay_in_their_order() -> None:
    part = neighbourhood(star(), 6)
    kept = [3, 4, 5, 6, 7, 8]
    assert part.batch.features.toarray().tolist() == star().batch.features.toarray()[kept].tolist()
    assert part.batch.node.tolist() == [9 - node for node in kept]
    inside = [[kept.index(a), kept.index(b)] for a, b in EDGES.T if a in kept and b in kept]
    assert part.batch.edges.T.tolist() == inside
    assert part.labels is not None
    assert part.mask is not None
    assert part.labels.tolist() == [node % 4 for node in kept]
    assert part.mask.tolist() == [node % 2 == 0 for node in kept]
    assert part.logits is None, "they are of the whole graph"
    assert part.limits == star().limits


def test_nodes_that_no_edge_reaches_follow_by_number() -> None:
    assert (9 - neighbourhood(star(), 9).batch.node).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]


def test_a_small_graph_stays_whole() -> None:
    sample = star()
    assert neighbourhood(sample, 10) is sample
    bare = replace(sample, labels=None, mask=None)
    assert (neighbourhood(bare, 4).labels, neighbourhood(bare, 4).mask) == (None, None)
