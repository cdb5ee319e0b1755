"""The float oracle: a quantized network in float64, value by value. What PyTorch computes with fake quantizers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .batch import Batch, SetName
from .edges import CODED, EdgeQuantizers, coder_of, magnitudes
from .granularity import Granularity
from .network import Factor, Network, Quantizer, Term, Value

__all__ = ["Computed", "Lists", "choose_entry", "real_value", "run_network", "store"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Computed:
    """One value of a network on a batch.

    Parameters
    ----------
    real : float64 [n, k]
        Before the quantizer.
    codes : int64 [n, k] or None
        None of the result.
    entry : int64 [n]
        Which parameters of the quantizer each row took; zeros where rows do not differ.
    stored : float64 [n, k]
        Dequantized codes; the real values of the result.
    """

    real: Floats
    codes: Ints | None
    entry: Ints
    stored: Floats


class Lists:
    """The lists of a batch, made when first asked for; ``quantizers`` are of those that weigh."""

    def __init__(self, batch: Batch, quantizers: EdgeQuantizers | None = None) -> None:
        self.batch, self.quantizers = batch, quantizers or {}
        self._made: dict[SetName, csr_array] = {}

    def __getitem__(self, name: SetName) -> csr_array:
        if name not in self._made:
            self._made[name] = self.batch.lists(name, self.quantizers)
        return self._made[name]

    def lengths(self, name: SetName) -> Ints:
        """Length of each list: int64 [n]."""
        return np.asarray(np.diff(self[name].indptr), dtype=np.int64)

    def sizes(self, name: SetName) -> Ints:
        """What each list's limit is about: its length, or the sum of the magnitudes of its edges: int64 [n]."""
        return magnitudes(self[name]) if name in CODED else self.lengths(name)

    def factor(self, kind: Factor, of: SetName, rows: int) -> Floats:
        """Factor of each row: float64 [n]."""
        if kind == "one":
            return np.ones(rows)
        degree = self.lengths(of)
        return np.where(degree > 0, np.maximum(degree, 1) ** (-1.0 if kind == "mean" else -0.5), 0.0)

    def largest(self, name: SetName, rows: NDArray[np.generic]) -> NDArray[np.generic]:
        """Largest of the listed rows, channel by channel; 0 where a list is empty: [n, k]."""
        matrix = self[name]
        out = np.zeros((matrix.shape[0], rows.shape[1]), dtype=rows.dtype)
        filled = np.flatnonzero(np.diff(matrix.indptr))
        if filled.size:
            out[filled] = np.maximum.reduceat(rows[matrix.indices], matrix.indptr[filled], axis=0)
        return out


def run_network(network: Network, batch: Batch, *, given: Mapping[str, Floats] | None = None) -> dict[str, Computed]:
    """Every value of a network.

    Parameters
    ----------
    given : mapping of name to float64 [n, k] or None
        Stored values that others read instead of the computed ones.

    Returns
    -------
    dict of name to Computed
        In order; the last one is the result.
    """
    lists, stored, computed = Lists(batch, network.edges), dict(given or {}), {}
    for value in network.values:
        real = real_value(network, value, lists, stored)
        computed[value.name] = store(real, value.quantizer, lists)
        stored.setdefault(value.name, computed[value.name].stored)
    return computed


def real_value(network: Network, value: Value, lists: Lists, stored: Mapping[str, Floats]) -> Floats:
    """One value before its quantizer: float64 [n, width]."""
    rows = lists.batch.rows(value.domain, network.edges)
    out = np.full((rows, value.width), 0.0 if value.join == "sum" else -np.inf)
    for term in value.terms:
        part = _accumulated(network, term, lists, stored, rows, value.width - term.offset)
        if term.gain is not None:
            part = part * term.gain
        part = part * lists.factor(term.factor, term.of, rows)[:, None]
        target = out[:, term.offset : term.offset + part.shape[1]]
        target[:] = target + part if value.join == "sum" else np.maximum(target, part)
    if value.bias is not None:
        out = out + value.bias
    real: Floats = value.activation.real(out) * lists.factor(value.factor, value.of, rows)[:, None]
    return real


def store(real: Floats, quantizer: Quantizer | None, lists: Lists) -> Computed:
    """Quantize a value."""
    if quantizer is None:
        return Computed(real=real, codes=None, entry=np.zeros(len(real), dtype=np.int64), stored=real)
    entry = choose_entry(real, quantizer, lists)
    if quantizer.granularity.by_row:
        step, bits = quantizer.step[entry][:, None], quantizer.bits[entry][:, None]
    else:
        step, bits = quantizer.step[None, :], quantizer.bits[[0]][:, None]
    top = np.maximum(0, (1 << np.maximum(bits - quantizer.signed, 0)) - 1)
    scaled = real / step + quantizer.zero_point
    rounded = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)
    codes = np.clip(rounded, -top if quantizer.signed else 0, top).astype(np.int64)
    return Computed(real=real, codes=codes, entry=entry, stored=(codes - quantizer.zero_point) * step)


def choose_entry(real: Floats, quantizer: Quantizer, lists: Lists) -> Ints:
    """Which entry of its quantizer each row takes: int64 [n]."""
    if not quantizer.granularity.by_row:
        return np.zeros(len(real), dtype=np.int64)
    if quantizer.granularity is Granularity.PER_NODE:
        return lists.batch.node
    if quantizer.granularity is Granularity.PER_DEGREE:
        return np.minimum(lists.lengths(quantizer.via), len(quantizer.step) - 1)
    assert quantizer.clip_value is not None
    middle = (quantizer.clip_value[:-1] + quantizer.clip_value[1:]) / 2
    peak = np.abs(real).max(axis=1, initial=0.0)
    return np.asarray(np.searchsorted(middle, peak, side="left"), dtype=np.int64)


def _accumulated(network: Network, term: Term, lists: Lists, stored: Mapping[str, Floats], rows: int,
                 width: int) -> Floats:
    if term.via == "features":
        assert term.weight is not None
        return np.asarray(lists["features"] @ (term.weight.codes * term.weight.step)) * network.input.unit
    if term.source is None:
        if term.gain is not None:
            width = len(term.gain)
        counts = np.ones(rows) if term.via == "self" else lists.lengths(term.via).astype(np.float64)
        return np.repeat(counts[:, None], width, axis=1)
    source = stored[term.source]
    if term.weight is not None:
        return source @ (term.weight.codes * term.weight.step)
    if term.via == "self":
        return source
    if term.op == "max":
        return np.asarray(lists.largest(term.via, source), dtype=np.float64)
    total = np.asarray(lists[term.via] @ source, dtype=np.float64)
    coder = coder_of(term.via, network.edges)
    return total if coder is None else total * coder.step
