"""Widths that the hardware's program chooses are the model's."""

import pytest
from network_samples import sample_of
from networks import gin_network, random_network, residual_gcn_network, sage_network

from hwgen.network.bits import bits_of_model
from hwgen.network.network import Network
from hwgen.targets.lists.design import program_for
from hwgen.targets.lists.session import Reference


@pytest.mark.parametrize("network", [
    gin_network(0, hidden=8), sage_network(1, hidden=8), residual_gcn_network(2, hidden=8, knowledge="cat"),
    random_network(1)], ids=lambda network: network.name)
def test_hardware_chooses_the_models_bits(network: Network) -> None:
    sample = sample_of(network, 2)
    program = program_for(network, sample.limits)
    wanted = bits_of_model(network, sample.batch)
    found = Reference(network=network, program=program, batch=sample.batch).bits
    assert found.keys() == wanted.keys()
    same = sum(int((found[name] == wanted[name]).sum()) for name in wanted)
    assert same >= 0.98 * sum(each.size for each in wanted.values())  # a row between two entries may go to either
