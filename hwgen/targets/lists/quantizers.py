"""Quantizers of a network as the hardware looks them up: entries, their steps and widths, and what codes stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rtl_templates.lists.formats import Q_SHIFT, V_BITS

from ...network.batch import SetName
from ...network.granularity import Granularity
from ...network.network import Factor, Quantizer, Value
from ...numeric import IntRange
from ..arrays import Floats, Ints
from .fixed_point import Solved, Target
from .program import Requantizer

__all__ = ["Lookup", "Steps", "factors", "final_of", "lookup_of", "steps_of", "target_of"]

Kind = Literal["unsigned", "signed", "raw"]
Select = Literal["constant", "degree", "node", "entry", "nearest"]

#: How hardware finds the row parameters of a quantizer; a fused row also takes the "entry" that came with it.
SELECT: Mapping[Granularity, Select] = {
    Granularity.PER_TENSOR: "constant", Granularity.PER_CHANNEL: "constant", Granularity.PER_NODE: "node",
    Granularity.PER_DEGREE: "degree", Granularity.NEAREST: "nearest"}


@dataclass(frozen=True)
class Steps:
    """What codes of a value stand for.

    Parameters
    ----------
    column : float64 [k]
        Real value of code 1 of each channel, where rows do not differ; else ones.
    entry : float64 [entries] or None
        Step of the rows that chose an entry; 0 where their codes are 0.
    """

    column: Floats
    entry: Floats | None


@dataclass(frozen=True)
class Lookup:
    """How a row's entry is found, and what it says.

    Parameters
    ----------
    select : Select
    of : set whose length is the degree
    step : float64 [entries]
        1 where rows do not differ.
    factor : float64 [entries]
        Of the value, behind its activation.
    bits : int64 [entries]
    """

    select: Select
    of: SetName
    step: Floats
    factor: Floats
    bits: Ints


def factors(kind: Factor, degree: Floats) -> Floats:
    """1, 1/d or d^-1/2; 0 of 0."""
    if kind == "one":
        return np.ones_like(degree)
    return np.where(degree > 0, np.maximum(degree, 1.0) ** (-1.0 if kind == "mean" else -0.5), 0.0)


def lookup_of(value: Value, longest: dict[str, int]) -> Lookup:
    """Entries of a value's quantizer, combined with the value's factor; none of a result."""
    quantizer = value.quantizer
    if quantizer is None:
        return Lookup("constant", "edges", np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
    select = SELECT[quantizer.granularity]
    by_degree = select == "degree"
    of: SetName = quantizer.via if by_degree else value.of
    step = quantizer.step if quantizer.granularity.by_row else np.ones(1)
    if value.factor == "one" and not by_degree:
        return Lookup(select, of, step, np.ones(len(step)), quantizer.bits)
    count = longest[of] + 1  # lengths from 0
    degree = np.arange(count if value.factor != "one" else min(len(step), count))
    index = np.minimum(degree, len(step) - 1)
    return Lookup("degree", of, step[index], factors(value.factor, degree.astype(np.float64)), quantizer.bits[index])


def target_of(value: Value, lookup: Lookup) -> Target:
    """What the value's requantizer has to reach."""
    quantizer, norm = value.quantizer, np.ones(value.width)
    if quantizer is None:
        return Target(kind="raw", norm=norm, gain=np.zeros(0), top=np.zeros(0), beyond=np.inf, coarsens=False)
    top = np.exp2(np.maximum(lookup.bits - quantizer.signed, 0)) - 1
    most = 2 * (float(top.max()) + 1) / (value.activation.least_slope if quantizer.signed else 1.0)
    return Target(kind="signed" if quantizer.signed else "unsigned",
                  norm=norm if quantizer.granularity.by_row else norm * quantizer.step,
                  gain=np.where(top > 0, lookup.factor / lookup.step, 0.0), top=top,
                  beyond=np.inf if quantizer.granularity is Granularity.NEAREST else most,
                  coarsens=quantizer.granularity.by_row and value.factor == "one")


def final_of(value: Value, lookup: Lookup, target: Target, solved: Solved, v: IntRange) -> Requantizer:
    """The second half of a requantizer."""
    quantizer, scale = value.quantizer, None
    if quantizer is None:
        scale = np.full(value.width, solved.unit)
    elif not quantizer.granularity.by_row:
        scale = target.norm
    return Requantizer(activation=value.activation, kind=target.kind, select=lookup.select,
                 multiplier=solved.multiplier, bits=lookup.bits, thresholds=_thresholds(quantizer, solved.unit),
                 of=lookup.of, v=v, scale=scale)


def steps_of(value: Value, lookup: Lookup, target: Target, solved: Solved) -> Steps:
    """What the value's codes stand for."""
    if value.quantizer is None or not value.quantizer.granularity.by_row:
        return Steps(target.norm, None)
    kept = np.where(target.gain > 0, lookup.step, 0.0)
    # too fine a step was made coarser: codes stand for what the multiplier makes of them
    made = solved.multiplier / (solved.unit * 2.0**Q_SHIFT)
    coarser = np.divide(target.gain, made, out=np.ones_like(made), where=solved.coarsened)
    return Steps(np.ones(value.width), kept * coarser)


def _thresholds(quantizer: Quantizer | None, unit: float) -> Ints:
    """Halfway between two clip values, in units of V: V exceeds the floor where the value exceeds the middle."""
    if quantizer is None or quantizer.granularity is not Granularity.NEAREST:
        return np.zeros(0, dtype=np.int64)
    assert quantizer.clip_value is not None
    middle = (quantizer.clip_value[:-1] + quantizer.clip_value[1:]) / 2
    return np.minimum(np.floor(middle / unit), (1 << (V_BITS - 1)) - 1).astype(np.int64)
