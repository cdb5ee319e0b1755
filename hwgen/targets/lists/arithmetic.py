"""The numeric contract of edge lists: roundings and clipping that reference and RTL share (docs/lists.md)."""

import numpy as np

from rtl_templates.lists.formats import Q_SHIFT, SLOPE_ONE, SLOPE_SHIFT, V_SHIFT

from ...errors import HwgenError
from ...network.activation import Activation, Identity, LeakyReLU, ReLU
from ..arrays import Ints

__all__ = ["activate", "encode", "round_value", "slope_word"]


def round_value(total: Ints) -> Ints:
    """``V`` of a sum of products P: round half up, drop V_SHIFT bits."""
    return (total + (1 << (V_SHIFT - 1))) >> V_SHIFT


def slope_word(activation: Activation, where: str) -> int:
    """The activation as hardware has it: what negative values are multiplied by, in units of ``1 / SLOPE_ONE``.

    Raises
    ------
    HwgenError
        An activation that is no such multiplication.
    """
    if isinstance(activation, Identity | ReLU):
        return SLOPE_ONE if isinstance(activation, Identity) else 0
    if isinstance(activation, LeakyReLU):
        return round(activation.negative_slope * SLOPE_ONE)
    raise HwgenError(f"the edge-list hardware has no activation {activation.text('x')}", where,
                     "use ReLU, LeakyReLU or none")


def activate(value: Ints, slope: int) -> Ints:
    """What the hardware does with a slope word: negative values times ``slope / SLOPE_ONE``, floored."""
    return np.where(value < 0, (value * slope) >> SLOPE_SHIFT, value)


def encode(value: Ints, multiplier: Ints, bits: Ints, *, signed: bool) -> Ints:
    """Codes of values.

    Parameters
    ----------
    value : int64 [n, k]
        V, after the activation.
    multiplier, bits : int64 [n]
        Q and width of each row.
    """
    product = value * multiplier[:, None]
    rounded = (product + (1 << (Q_SHIFT - 1)) - (value < 0)) >> Q_SHIFT
    top = np.maximum(0, (1 << np.maximum(bits - signed, 0)) - 1)[:, None]
    codes: Ints = np.clip(rounded, -top if signed else 0, top)
    return codes
