"""Bit widths that the rows of every stored value take on given graphs."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...network.batch import Batch
from ...network.execute import run_network
from ...network.network import Network
from .fuse import steps
from .program import Program
from .windows.pack import DonePass

__all__ = ["Bits", "bits_of_model", "bits_of_traces"]

#: Value name -> int64 [rows], of all but the result.
Bits = dict[str, NDArray[np.int64]]


class Done(Protocol):
    """What a program computed of a batch."""

    @property
    def passes(self) -> Sequence[DonePass]: ...


def bits_of_model(network: Network, batch: Batch) -> Bits:
    """As the model itself chooses them, in real numbers."""
    found = run_network(network, batch)
    return {value.name: value.quantizer.bits[found[value.name].entry] for value in network.values
            if value.quantizer is not None}


def bits_of_traces(network: Network, program: Program, traces: Iterable[Done]) -> Bits:
    """As the hardware chooses them: of several batches, one after the other.

    Parameters
    ----------
    program : Program
        The network, lowered.
    traces : iterable of Done
        Of the reference: :class:`hwgen.targets.lists.execute.Trace`, or packed batches.
    """
    parts: dict[str, list[NDArray[np.int64]]] = {}
    for trace in traces:
        for step, task, done in zip(steps(network), program.passes, trace.passes, strict=True):
            if step.row is not None and step.linear is not None:  # never leaves its unit: only Q1 knows it
                parts.setdefault(step.row.name, []).append(done.bits)
            if task.target is not None:
                parts.setdefault(step.value.name, []).append(task.out.bits[done.written_entry])
    return {name: np.concatenate(each) for name, each in parts.items()}
