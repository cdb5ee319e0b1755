"""Keep steps such that hardware holds a value: none so fine that what the value can reach takes too many of them.

A channel that is nearly dead, or alive on few graphs only, gets a step that fits what was seen of it. In such steps it
can reach so far that no constant serves it and the others. Nothing is lost by a coarser step there: its codes differ
from 0 on few rows, or saturate. Models that hardware takes as they are stay so, and steps of ordinary channels.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ...network.batch import SetName
from ...network.edges import NO_EDGES, EdgeQuantizers
from ...network.reach import Reach, held
from ..traced import TracedValue
from .export import export_value
from .quantizers import Quantizers

__all__ = ["Holder"]


class Holder:
    """Holds the values of a network, which are given in order.

    Parameters
    ----------
    quantizers : Quantizers
        Of weights, and of values as they get their steps.
    longest : mapping of set to int
        The longest list of each set, on any graph.
    input_top : float
        The largest input, in real numbers.
    margin : float
        As of :func:`hwgen.network.reach.held`.
    edges : mapping of EdgeCodes
    """

    def __init__(self, quantizers: Quantizers, longest: Mapping[SetName, int], input_top: float,
                 margin: float = 1.0, edges: EdgeQuantizers = NO_EDGES) -> None:
        self.quantizers, self.margin = quantizers, margin
        self._reach = Reach(longest=longest, input_top=input_top, edges=edges)

    @torch.no_grad()
    def hold(self, value: TracedValue) -> None:
        """Raise the steps of a value where it reaches too many."""
        exported = export_value(self.quantizers, value)
        if exported.quantizer is None:
            return
        floor = held(self._reach.of(exported), exported.quantizer, self.margin)
        if floor is not None:
            self.quantizers.of(value).hold(torch.from_numpy(floor).float())
            exported = export_value(self.quantizers, value)
        assert exported.quantizer is not None
        self._reach.tell(value.name, exported.quantizer)
