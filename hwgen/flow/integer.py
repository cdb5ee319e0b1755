"""What hardware will compute, before there is any: the integer program of a network, run in NumPy."""

from dataclasses import replace

from ..network.network import Network
from ..network.sample import Sample
from ..targets import TARGETS, find_target

__all__ = ["with_integers"]


def with_integers(network: Network, sample: Sample) -> Sample:
    """A sample with the results of the first target that runs the network.

    Another target rounds constants in another form: its results may differ by a code.

    Raises
    ------
    HwgenError
        No target runs the network on these graphs.
    """
    refused = None
    for target in map(find_target, TARGETS):
        why = target.accepts(network, sample)
        if why is None:
            return replace(sample, integer=target.integer_results(network, sample))
        refused = why
    assert refused is not None
    raise refused
