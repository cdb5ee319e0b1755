"""A row stays in its unit where one linear layer reads it, and only there."""

import pytest
from networks import gin_network, random_network, residual_gcn_network, sage_network

from hwgen.targets.lists.fuse import linear_term, steps

NETWORKS = [*map(random_network, range(12)), gin_network(0), sage_network(0), residual_gcn_network(0)]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_rows_that_stay_in_their_unit_have_one_reader(network):
    found = steps(network)
    readers = {value.name: [reader.name for reader in network.values for term in reader.terms
                            if term.source == value.name] for value in network.values}
    written = []
    for step in found:
        if step.row is not None and step.linear is not None:
            assert readers[step.row.name] == [step.linear.name]
            assert linear_term(step.row) is None, "a linear layer needs the MAC array for itself"
            assert linear_term(step.linear).source == step.row.name
        written.append(step.value.name)
    fused = {step.row.name for step in found if step.row is not None and step.linear is not None}
    assert sorted([*written, *fused]) == sorted(readers), "every value once"
    for at, step in enumerate(found):  # what a pass reads was written before
        reads = {term.source for value in (step.row or step.linear,) for term in value.terms} - {None}
        assert reads <= set(written[:at])
