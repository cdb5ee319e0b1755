"""How large a value can become on any graph within limits, in real numbers: the widest that hardware has to hold.

The proof of a target works on its own integers; this works before there are any, so that steps can be chosen by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..numeric import MAX_STEPS, MOST_STEPS, SUM_STEPS
from .batch import SetName
from .edges import EdgeQuantizers, coder_of
from .network import Quantizer, Term, Value

__all__ = ["Reach", "Reached", "held", "largest_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Largest magnitudes of a value.

    Parameters
    ----------
    value : float64 [k]
        Before the activation.
    moving : float64 [k]
        The same without the bias.
    sums : float64 [k]
        Of its sums over lists, before a mean divides them.
    """

    value: Floats
    moving: Floats
    sums: Floats


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Magnitudes of the values of a network, which are told in order.

    Parameters
    ----------
    longest : mapping of set to int
        Longest list of each set, on any graph; of those that weigh the largest sum of magnitudes, in codes.
    input_top : float
        The largest input, in real numbers.
    edges : mapping of EdgeCodes
    stored : dict of value to (Quantizer, float64 [1] or [k])
        Quantizers of the values told so far, and the largest magnitudes that their codes stand for.
    """

    longest: Mapping[SetName, int]
    input_top: float
    edges: EdgeQuantizers = field(default_factory=dict)
    stored: dict[str, tuple[Quantizer, Floats]] = field(default_factory=dict)

    def of(self, value: Value) -> Reached:
        """What a value can become."""
        last, sums = (np.zeros(value.width) for _ in range(2))
        for term in value.terms:
            for total, part in zip((last, sums), self._term(term), strict=True):
                part = part if term.gain is None else part * np.abs(term.gain)
                at = total[term.offset : term.offset + (len(part) if len(part) > 1 else value.width)]
                at[:] = at + part if value.join == "sum" else np.maximum(at, part)
        return Reached(value=last if value.bias is None else last + np.abs(value.bias), moving=last, sums=sums)

    def tell(self, name: str, quantizer: Quantizer) -> None:
        """What readers of a value get."""
        sizes = largest_of(quantizer)
        self.stored[name] = quantizer, sizes.max(keepdims=True) if quantizer.granularity.by_row else sizes

    def _term(self, term: Term) -> tuple[Floats, Floats]:
        """Magnitude of an accumulator times the factor, and before it: float64 [1] or [k]."""
        if term.via == "features":
            assert term.weight is not None
            weight = np.sort(term.weight.codes * term.weight.step, axis=0)
            most = min(len(weight), self.longest["features"])
            low, high = np.minimum(weight[:most], 0).sum(0), np.maximum(weight[len(weight) - most :], 0).sum(0)
            found = np.maximum(-low, high) * self.input_top
            return found, found
        signed, sizes = False, np.ones(1)
        if term.source is not None:
            quantizer, sizes = self.stored[term.source]
            signed = quantizer.signed or quantizer.zero_point > 0
        if term.weight is not None:
            weight = term.weight.codes * term.weight.step
            up, down = np.maximum(weight, 0).sum(0), -np.minimum(weight, 0).sum(0)
            sizes = (up + down if signed else np.maximum(up, down)) * sizes.max()
        count = 1.0 if term.via == "self" or term.op == "max" else float(self.longest[term.via])
        coder = coder_of(term.via, self.edges)
        count *= 1.0 if coder is None else coder.step
        times = count
        if term.factor != "one" and term.via == term.of:  # of another list it may be 1
            times = 1.0 if term.factor == "mean" else count**0.5
        return sizes * times, sizes * count


def largest_of(quantizer: Quantizer) -> Floats:
    """The largest magnitude that codes stand for: float64 [1], [k] or [entries]."""
    top = np.exp2(np.maximum(quantizer.bits - quantizer.signed, 0)) - 1
    return np.asarray(quantizer.step * np.maximum(top - quantizer.zero_point, quantizer.zero_point))


def held(reached: Reached, quantizer: Quantizer, margin: float = 1.0) -> Floats | None:
    """The finest steps in which hardware holds a value: float64 [k], by row the largest counts; None: it does.

    By row the middle entry decides among those that store anything: targets make finer steps coarser by themselves.

    Parameters
    ----------
    margin : float
        So many times fewer steps than hardware is expected to hold.
    """
    stored = quantizer.bits > quantizer.signed
    if not stored.any():
        return None
    by_row = quantizer.granularity.by_row
    step = np.median(quantizer.step[stored]) if by_row else quantizer.step
    top = float(np.exp2(quantizer.bits[stored] - quantizer.signed).mean())
    steps = reached.moving / step
    # The largest constant has all its bits, another as many fewer as it is smaller: a channel that reaches more than it
    # has codes needs fewer of them.
    share = float((steps[steps > 0] / top).min(initial=np.inf))
    most = min(MOST_STEPS, MAX_STEPS * max(1.0, share))
    floor = np.max([reached.moving / most, reached.value / MOST_STEPS, reached.sums / SUM_STEPS], axis=0) * margin
    return np.asarray(floor) if (floor > step).any() else None
