"""What a node costs the server that it goes through: the interval of docs/banked.md, "Server timing contract"."""

import numpy as np

from ..arrays import Ints
from .hardware import Hardware
from .program import Program

__all__ = ["node_cycles"]


def node_cycles(program: Program, hardware: Hardware, index: int) -> Ints:
    """Cycles for which each node keeps its server from the next one in a pass that gathers: int64 [n]."""
    step = program.passes[index]
    assert step.q1 is not None
    beats = chunks = -(-len(step.q1.column) // hardware.requant_lanes)
    cycles = np.full(program.num_nodes, 1 if index == len(program.passes) - 1 else hardware.digits)
    if step.combine is not None and step.q2 is not None:
        beats = hardware.lane_beats(chunks, -(-len(step.q2.column) // hardware.requant_lanes))
        bits = step.q1.bits if step.q1.row_bits is None else step.q1.row_bits
        cycles = np.maximum(cycles, -(-bits // hardware.planes))
    interval: Ints = np.maximum(cycles, beats) + chunks * step.q1.pairs
    return interval
