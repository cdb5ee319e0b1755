"""Bit widths that the rows of every stored value take on given graphs, as the hardware chooses them."""

from ...network.bits import Bits
from ...network.network import Network
from ..arrays import Ints
from .execute import Trace
from .fuse import steps
from .program import Program

__all__ = ["bits_of_trace"]


def bits_of_trace(network: Network, program: Program, trace: Trace) -> Bits:
    """Widths of all values but the result, on one batch.

    Parameters
    ----------
    program : Program
        The network, lowered.
    trace : Trace
        Of the reference.
    """
    bits = dict[str, Ints]()
    for step, task, done in zip(steps(network), program.passes, trace.passes, strict=True):
        if step.row is not None and step.linear is not None:  # never leaves its unit: only Q1 knows it
            bits[step.row.name] = done.bits
        if task.target is not None:
            bits[step.value.name] = task.out.bits[done.written_entry]
    return bits
