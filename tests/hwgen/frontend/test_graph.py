"""A graph prepared for training."""

import pytest
from training_graphs import small_data

from hwgen.frontend import Graph


def test_a_graph_keeps_one_self_loop_and_counts_duplicates() -> None:
    data = small_data()
    sources = data.edge_index[0, data.edge_index[1] == 1]
    others = int((sources != 1).sum())
    assert float(Graph.of(data).norm[1, 0]) == pytest.approx((others + 1) ** -0.5)
    assert float(Graph.of(data).norm[0, 0]) == 1.0
