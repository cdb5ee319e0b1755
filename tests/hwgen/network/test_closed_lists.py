"""Rows as entries of their own lists: the same values, in fewer reads, and only where all of a network allows it."""

from dataclasses import replace

import numpy as np
import pytest
from agreement import Agreement
from networks import capacities, gin_network, random_batch

from hwgen.errors import HwgenError
from hwgen.network.batch import Batch
from hwgen.network.closed_lists import close_lists
from hwgen.network.execute import run_network
from hwgen.network.granularity import Granularity
from hwgen.network.network import Network, Term
from hwgen.network.rules import check_network
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.network_to_program import lower

SEEDS = range(8)


def case(seed: int, **options: object) -> tuple[Network, Batch]:
    network = gin_network(seed, hidden=9, **{"epsilon": 0.0, **options})
    return network, random_batch(seed, network, graphs=4, nodes=6, hub=12)


def changed(network: Network, layer: int, *terms: Term, **fields: object) -> Network:
    """A network with other terms, or other fields, of the sum over neighbours of a layer."""
    name = f"convs.{layer}.aggregate"
    values = [replace(value, **fields, terms=terms or value.terms) if value.path == name else value
              for value in network.values]
    assert [value.path for value in values].count(name) == 1
    return replace(network, values=tuple(values))


def test_a_closed_list_ends_with_the_node_itself() -> None:
    _, batch = case(1)
    edges, closed = batch.lists("edges"), batch.lists("closed")
    for i in range(batch.num_nodes):
        listed = edges.indices[edges.indptr[i] : edges.indptr[i + 1]].tolist()
        assert closed.indices[closed.indptr[i] : closed.indptr[i + 1]].tolist() == [*listed, i]
    assert (batch.edges[0] == batch.edges[1]).any(), "a self loop is an edge like others"


@pytest.mark.parametrize("by", ["nearest", "per_tensor"])
def test_values_are_the_same(by: str) -> None:
    for seed in SEEDS:
        network, batch = case(seed, by=by)
        closed = close_lists(network)
        assert [term.via for value in closed.values for term in value.terms if term.via in ("edges", "closed")] == (
            ["closed"] * 2)
        want, have = run_network(network, batch), run_network(closed, batch)
        for name, each in want.items():
            np.testing.assert_allclose(have[name].real, each.real, rtol=1e-12, atol=1e-12)


def test_programs_read_one_list_where_they_read_two_operands() -> None:
    """And their results are those of the network."""
    differ = rows = 0
    for seed in SEEDS:
        network, batch = case(seed)
        program = lower(network, **vars(capacities(batch, closed=True)))
        assert "closed" in program.sets
        assert "edges" not in program.sets
        aggregates = [step for step in program.passes if any(
            operand.via == "closed" for block in step.blocks for operand in block.operands if operand.kind == "list")]
        assert len(aggregates) == 2
        assert all(len(block.operands) == 1 for step in aggregates for block in step.blocks)
        real = run_network(network, batch)[network.values[-1].name].real
        found = Agreement.of(run(program, batch).results, program.scale, real)
        differ += found.disagreeing
        rows += batch.graphs
    assert differ <= 0.05 * rows


#: Of the terms of one layer, over neighbours and of the row itself, and of their source: what the layer becomes.
STAYS = {
    "another factor": lambda listed, own: (listed, replace(own, gain=np.full(7, 1.25))),
    "a mean": lambda listed, own: (replace(listed, factor="mean"), own),
    "a maximum": lambda listed, own: (replace(listed, op="max"), own),
    "the neighbours alone": lambda listed, own: (listed,),
    "a looped list": lambda listed, own: (replace(listed, via="looped"),),
    "another source": lambda listed, own: (listed, replace(own, source="other")),
}


@pytest.mark.parametrize("change", STAYS.values(), ids=STAYS)
def test_what_needs_the_neighbours_alone_anywhere_stays(change) -> None:
    network, _ = case(2)
    [terms] = [value.terms for value in network.values if value.path == "convs.0.aggregate"]
    network = changed(network, 0, *change(*terms))
    assert close_lists(network) is network


def test_what_counts_the_neighbours_stays() -> None:
    network = changed(case(2)[0], 1, factor="rsqrt", of="edges")
    assert close_lists(network) is network


def test_steps_by_degree_stay() -> None:
    network, _ = case(3, by="per_degree")
    assert any(value.quantizer.granularity is Granularity.PER_DEGREE for value in network.values[:-1])
    assert close_lists(network) is network


def test_no_file_brings_a_closed_list() -> None:
    with pytest.raises(HwgenError, match="via 'closed', which a target makes of others"):
        check_network(close_lists(case(4)[0]))
