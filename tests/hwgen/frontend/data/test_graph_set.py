"""Sets of graphs: unions, folds, classes."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from hwgen.errors import HwgenError
from hwgen.frontend.data.graph_set import GraphSet, folds
from hwgen.network.batch import Batch


def test_of_a_union_gives_the_same_graphs() -> None:
    features = csr_array(np.arange(12).reshape(6, 2))
    edges = np.array([[1, 0, 3, 5, 4], [0, 1, 2, 4, 5]])
    batch = Batch(features=features, edges=edges, graph=np.array([0, 0, 1, 1, 3, 3]), graphs=4,
                  node=np.zeros(6, np.int64))
    found = GraphSet.of(batch, np.array([0, 1, 1, 0]), name="few", input_scale=0.5)
    assert (len(found), found.classes, found.nodes_of(np.array([3, 0])).tolist()) == (4, 2, [4, 5, 0, 1])
    again = found.union([0, 1, 2, 3])
    assert (again.features != features).nnz == 0
    assert (again.edges == edges).all()
    assert again.graph.tolist() == batch.graph.tolist()
    assert [each.num_nodes for each in found] == [2, 2, 0, 2]
    assert found[3].edge_index.tolist() == [[1, 0], [0, 1]]
    assert found[3].x.tolist() == [[8, 9], [10, 11]]
    assert found[3].input_scale == 0.5


def test_folds_part_the_graphs() -> None:
    labels = np.array([0] * 63 + [1] * 125)
    found = folds(labels)
    assert sorted(np.concatenate([split.test for split in found]).tolist()) == list(range(188))
    for split in found:
        parts = np.concatenate([split.train, split.validation, split.test])
        assert sorted(parts.tolist()) == list(range(188))
        assert 18 <= len(split.validation) <= 20
        assert abs(labels[split.validation].mean() - labels.mean()) < 0.05
    assert (folds(labels)[3].train == found[3].train).all()


def test_too_few_graphs_of_a_class_are_refused() -> None:
    with pytest.raises(HwgenError, match=r"^9 graphs of class 1\n  at data\n  give at least 10 graphs of every class"):
        folds(np.array([0] * 20 + [1] * 9))


def test_classes_come_from_labels() -> None:
    empty = GraphSet(name="x", features=csr_array((0, 1), dtype=np.int64), edges=np.zeros((2, 0), np.int64),
                     node_start=np.zeros(4, np.int64), edge_start=np.zeros(4, np.int64), labels=np.array([0, 2, 1]))
    assert empty.classes == 3
    assert empty.union([0, 1]).graphs == 2
