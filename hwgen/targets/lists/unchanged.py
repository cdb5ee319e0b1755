"""Q1 of rows that are only combined: codes in, the same codes out."""

import numpy as np

from rtl_templates.lists.formats import MID_SHIFTS, Q_SHIFT

from ...network.activation import IDENTITY
from ...numeric import Bounds, IntRange
from .program import Block, Operand, Requantizer, Row, Tensor

__all__ = ["unchanged"]


def unchanged(number: int, tensor: Tensor, codes: Bounds, *, by_entry: bool) -> tuple[tuple[Block, ...], Requantizer]:
    """Blocks and requantizer that give the codes of a tensor as they are.

    Parameters
    ----------
    number : int
        Of the tensor.
    codes : Bounds [entries, 1]
        Of its codes, by entry.
    by_entry : bool
        Whether a row's width goes by its entry; else by the largest code.
    """
    start, blocks = 0, []
    for width in tensor.blocks:
        operand = Operand(kind="self", source=number, column=np.full(width, 1 << 16), mid=MID_SHIFTS.index(4),
                          row=Row(select="constant", table=np.array([1 << 16])), x=codes.span, start=start)
        blocks.append(Block(operands=(operand,), join="sum", bias=np.zeros(width, dtype=np.int64)))
        start += width
    top = codes.high[:, 0] if by_entry else codes.high.max(keepdims=True)[0]
    bits = np.array([int(each).bit_length() + (tensor.signed and each > 0) for each in top], dtype=np.int64)
    final = Requantizer(activation=IDENTITY, kind="signed" if tensor.signed else "unsigned",
                        select="entry" if by_entry else "constant", bits=bits, thresholds=np.zeros(0, dtype=np.int64),
                        multiplier=np.full(len(bits), 1 << (Q_SHIFT - 8)),
                        v=IntRange(codes.span.low << 8, codes.span.high << 8))
    return tuple(blocks), final
