"""Bit widths that the rows of every stored value take on given graphs, as the hardware chooses them."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...network.bits import Bits
from ...network.network import Network
from .fuse import steps
from .program import Program
from .windows.pack import DonePass

__all__ = ["bits_of_traces"]


class Done(Protocol):
    """What a program computed of a batch."""

    @property
    def passes(self) -> Sequence[DonePass]: ...


def bits_of_traces(network: Network, program: Program, traces: Iterable[Done]) -> Bits:
    """Widths of all values but the result, on several batches, one after the other.

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
