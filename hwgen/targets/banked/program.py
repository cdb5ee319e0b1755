"""IR 2, the integer program: passes over nodes, exact; its ranges are proved in :mod:`hwgen.targets.banked.rules`.

A pass computes, for every node i::

    gather_features   a = Σ_f x[i,f] · source[f]           sparse binary input; source = weight codes
    gather            a = Σ_{j ∈ N(i) ∪ {i}} rows[j]       rows = what the previous pass wrote
    dense             a = x[i] @ weight                    multi-bit input, plane by plane
    code = requantize(a, q1)                              (not for dense)
    if combine:  a = code @ combine;  code = requantize(a, q2)

and writes ``code`` as node i's row, or as its result.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from rtl_templates.banked.formats import ACC_BITS, MID_SHIFT
from rtl_templates.cells.formats import RAW_BITS

from ...errors import HwgenError
from ...numeric import IntRange
from ..arrays import Bools, Floats, Ints

__all__ = ["FeatureRows", "Gather", "Live", "Pass", "Program", "Requant"]


@dataclass(frozen=True, kw_only=True)
class Requant:
    """Column and row constants of one requantization (:func:`hwgen.numeric.requantize`).

    Parameters
    ----------
    kind : "unsigned", "signed", "affine" or "raw"
        Unsigned codes clip to the row's bit width, signed ones to ±(2^(bits-1)-1), raw ones to 16 bit; affine ones are
        unsigned codes of one width minus ``zero``.
    bits : int
        Width of signed and affine codes; largest row width for unsigned ones.
    row_bits : int64 [n] or None
        Bit widths per node of unsigned codes.
    column : int64 [k]
    bias : int64 [classes, k]
    row, bias_class : int64 [n]
    bias_row : int64 [n] or None
        Rows of class 0 are rank-1 pairs: their bias has this factor instead of ``row``, and costs beats. None: no row
        is a pair.
    half_up : bool
        Round half up; otherwise half away from zero (exact only where no row is a pair).
    x : IntRange
        Proved range of the accumulators that come in.
    scale : float64 [k]
        Real value of code 1 of each column where it does not depend on the row (all but unsigned), for reports.
    zero : int
        Of affine codes.
    """

    kind: Literal["unsigned", "signed", "affine", "raw"]
    bits: int
    row_bits: Ints | None
    column: Ints
    bias: Ints
    row: Ints
    bias_class: Ints
    bias_row: Ints | None
    half_up: bool
    x: IntRange
    scale: Floats
    zero: int = 0

    @property
    def mid(self) -> IntRange:
        """Proved range of the value between the two multipliers."""
        top = int(self.column.max(initial=0))
        low, high = (self.x.low * top) >> MID_SHIFT, (self.x.high * top) >> MID_SHIFT
        shared = IntRange.of(self.bias if self.bias_row is None else self.bias[1:])
        both = IntRange(min(low, 0) + min(shared.low, 0), max(high, 0) + max(shared.high, 0))
        return both if self.bias_row is None else both | IntRange.of(self.bias[0])

    @property
    def pairs(self) -> Bools:
        """Rows that are rank-1 pairs: bool [n]."""
        pairs: Bools = (self.bias_class == 0) & (self.bias_row is not None)
        return pairs

    @property
    def code_range(self) -> IntRange:
        """What clipping leaves."""
        if self.kind == "unsigned":
            return IntRange(0, (1 << self.bits) - 1)
        if self.kind == "affine":
            return IntRange(-self.zero, (1 << self.bits) - 1 - self.zero)
        if self.kind == "raw":
            return IntRange.signed(RAW_BITS)
        return IntRange(1 - (1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1)

    @property
    def stored_bits(self) -> int:
        """Bits that a row needs for one of these codes: affine ones lose what they have in common."""
        return self.bits if self.kind == "affine" else self.code_range.signed_bits


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over all nodes, named after the user's layer.

    Parameters
    ----------
    name : str
        For people: ``convs.0.combine``, ``convs.0.aggregate``, ...
    kind : "gather_features", "gather" or "dense"
    source : int64 [f, k] or None
        Rows that gather_features adds.
    accumulate : IntRange
        Proved range of the sum a gather pass builds.
    q1 : Requant or None
        After aggregation; None for dense.
    combine : int64 [k, m] or None
        Weight codes of the MAC array.
    q2 : Requant or None
        After the MAC array.
    """

    name: str
    kind: Literal["gather_features", "gather", "dense"]
    source: Ints | None
    accumulate: IntRange
    q1: Requant | None
    combine: Ints | None
    q2: Requant | None

    @property
    def out(self) -> Requant:
        """The requantization whose codes the pass writes."""
        last = self.q2 if self.combine is not None else self.q1
        assert last is not None
        return last

    @property
    def width(self) -> int:
        """Number of channels written per node."""
        return int(self.out.column.shape[0])


@dataclass(frozen=True, kw_only=True)
class FeatureRows:
    """What the first pass gathers, ``reads @ rows``: equal to features times weights.

    Parameters
    ----------
    reads : csr_array int64 [n, r]
        How often each node reads each row.
    rows : int64 [r, k]
    least : int
        Rows that any graph makes do with.
    """

    reads: csr_array
    rows: Ints
    least: int


@dataclass(frozen=True, kw_only=True)
class Live:
    """What a pass computes and reads of the nodes; the rest is zero, or of no use (:mod:`.zero_rows`).

    Parameters
    ----------
    rows, sources : bool [n]
        Nodes whose rows it writes, and whose rows it reads.
    """

    rows: Bools
    sources: Bools


@dataclass(frozen=True, kw_only=True, eq=False)
class Gather:
    """The reads of a pass, which have a schedule; passes with the same reads share one.

    Parameters
    ----------
    kind : "gather_features" or "gather"
    reads : csr_array int64 [n, r]
        How often each node reads each row.
    rows : bool [n]
        Nodes that sum up; one may read nothing.
    """

    kind: Literal["gather_features", "gather"]
    reads: csr_array
    rows: Bools

    @cached_property
    def count(self) -> int:
        """All reads."""
        return int(self.reads.sum())

    @cached_property
    def most_of_a_row(self) -> int:
        """Reads of the row that is read most."""
        return int(np.asarray(self.reads.sum(axis=0)).max(initial=0))

    @cached_property
    def slots(self) -> Ints:
        """Slots of each node: int64 [n]; 0 of those that the pass leaves out."""
        reads = np.asarray(self.reads.sum(axis=1), dtype=np.int64).ravel()
        return np.where(self.rows, np.maximum(reads, 1), 0)


@dataclass(frozen=True, kw_only=True)
class Program:
    """The whole inference of one graph.

    Parameters
    ----------
    name : str
    features : csr_array int64 [n, f]
    input_bits : int
    neighbours : csr_array int64 [n, n]
        Row i holds the sources whose rows node i adds, with multiplicity, self loop included.
    passes : tuple of Pass
    sum_bits : int
        Signed bits of the widest sum that requantizers take; factors are as wide as those leave room for.
    told : FeatureRows or None
        The first pass in rows of a dictionary (:mod:`.feature_rows`); None: in rows of the weight matrix. Hardware
        gathers these; the reference multiplies features and weights.
    live : tuple of Live or None
        Of each pass; None: every pass computes and reads all nodes.
    """

    name: str
    features: csr_array
    input_bits: int
    neighbours: csr_array
    passes: tuple[Pass, ...]
    sum_bits: int = ACC_BITS
    told: FeatureRows | None = None
    live: tuple[Live, ...] | None = None

    @property
    def gathered(self) -> FeatureRows | None:
        """What the first pass gathers; None where it does not."""
        source = self.passes[0].source
        if source is None or self.told is not None:
            return self.told
        return FeatureRows(reads=self.features, rows=source, least=len(source))

    @cached_property
    def gathers(self) -> tuple[Gather | None, ...]:
        """The reads of each pass; None of a dense one. Passes that read the same have the same object."""
        made: list[Gather | None] = []
        for index, step in enumerate(self.passes):
            if step.kind == "dense":
                made.append(None)
                continue
            before = next((each for each in made[1:] if each is not None and self._reads_as(made.index(each), index)),
                          None)
            made.append(self._gather(index, step.kind) if before is None else before)
        return tuple(made)

    @property
    def schedules(self) -> list[Gather]:
        """Different reads, in the order of passes."""
        return list(dict.fromkeys(each for each in self.gathers if each is not None))

    def rows_of(self, index: int) -> Bools:
        """Nodes whose rows a pass writes: bool [n]."""
        return np.ones(self.num_nodes, dtype=np.bool_) if self.live is None else self.live[index].rows

    @property
    def written(self) -> Bools:
        """Nodes whose rows lie in each half of the banks: bool [2, n]. Pass k writes half ``k % 2``, the last none."""
        halves = np.zeros((2, self.num_nodes), dtype=np.bool_)
        for index in range(len(self.passes) - 1):
            halves[index % 2] |= self.rows_of(index)
        return halves

    def _reads_as(self, index: int, other: int) -> bool:
        if self.live is None:
            return True
        own, its = self.live[index], self.live[other]
        return bool(np.array_equal(own.rows, its.rows) and np.array_equal(own.sources, its.sources))

    def _gather(self, index: int, kind: Literal["gather_features", "gather"]) -> Gather:
        features, rows = self.gathered, self.rows_of(index)
        matrix = self.neighbours
        if kind == "gather_features":
            if features is None or index:
                raise HwgenError(f"{kind} is pass {index}", f"{self.name}: {self.passes[index].name}",
                                 "only the first pass can read the input features")
            matrix = features.reads
        if self.live is not None:
            read = np.repeat(rows, np.diff(matrix.indptr))
            if kind == "gather":
                read &= self.live[index].sources[matrix.indices]
            matrix = csr_array((np.where(read, matrix.data, 0), matrix.indices, matrix.indptr), shape=matrix.shape,
                               copy=True)
            matrix.eliminate_zeros()
        return Gather(kind=kind, reads=matrix, rows=rows)

    @property
    def num_nodes(self) -> int:
        return int(self.features.shape[0])
