"""Bit widths that the rows of every stored value take on given graphs, as the model itself chooses them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .batch import Batch
from .execute import Lists, choose_entry, run_network
from .granularity import Granularity
from .network import Network

__all__ = ["UNIFORM_WIDTHS", "Bits", "bits_of_model"]

#: Widths of hidden rows, the same for all, that learned ones are compared with.
UNIFORM_WIDTHS = (1, 2, 4, 8)

#: Value name -> int64 [rows], of all but the result.
Bits = Mapping[str, NDArray[np.int64]]


def bits_of_model(network: Network, batch: Batch) -> Bits:
    """Choose the width of every row of every value but the result.

    A network is computed, in real numbers, only where a quantizer asks for its rows: the others choose by node, by
    degree, or not at all.
    """
    kinds = {value.quantizer.granularity for value in network.values if value.quantizer is not None}
    if Granularity.NEAREST in kinds:
        found = run_network(network, batch)
        entries = {name: each.entry for name, each in found.items()}
    else:
        lists = Lists(batch, network.edges)
        unread = {domain: np.empty((batch.rows(domain, network.edges), 0))
                  for domain in {value.domain for value in network.values}}  # quantizers that only count rows
        entries = {value.name: choose_entry(unread[value.domain], value.quantizer, lists) for value in network.values
                   if value.quantizer is not None}
    return {value.name: value.quantizer.bits[entries[value.name]] for value in network.values
            if value.quantizer is not None}
