"""Settings of how the values of a network are quantized."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..errors import HwgenError
from ..network.granularity import Granularity
from .penalty import Penalty
from .tracking import Tracking

__all__ = ["Gradient", "Parametrization", "Scheme", "Widths"]

#: Bits of a value; or of its rows, by bucket of degrees.
Widths = int | tuple[int, ...]
#: Largest in-degree at which a bucket may begin: what a table by degree holds.
LARGEST_SPLIT = 255

#: What trains a step and a width: the task, or the quantization error itself.
Gradient = Literal["task", "local"]

#: What is learned of a row's step: the step itself, its logarithm, or the logarithm of the largest value that its
#: codes represent, ``step · (2^b - 1)``: then a change of bits changes the resolution and leaves the range.
Parametrization = Literal["step", "log_step", "log_clip"]


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """How the values of a network are quantized.

    Parameters
    ----------
    rows : Granularity
        How values by row get their step and width; not per_channel.
    parametrization : Parametrization
        Of rows. Steps of channels are learned as they are with "step", else as logarithms.
    entries : int
        Of tables by nearest; those by degree have one more than the largest degree, at most so many.
    bits : float
        Stored bits of rows that training starts from, 0 to 8.
    least : int
        Fewest bits of a row beside its sign: 1, or 0 where a row may come to store nothing.
    most : int
        No row gets more; 4 lets hardware store codes of 4 bits throughout.
    span : float
        The steps of a table stay within this share of the largest: the requantizer's multipliers have 17 bits.
    clip : float
        Share of a channel's values that a message's first step is to hold: below 1 where hubs send values that are
        hundreds of times as large as others, and sums over thousands of them have to fit an accumulator.
    message_bits, weight_bits : int
        Fixed, 2 to 8, sign included.
    edge_bits : int
        Of what edges weigh, 1 to 8, without the sign.
    gradient : "task" or "local"
        Of rows: the task's for graphs, the quantization error's where most nodes have no label (A²Q).
    splits : tuple of int
        In-degrees at which buckets begin, ascending: (2, 5) parts degrees into 0 and 1, 2 to 4, and 5 or more
        (SGQuant's topology-aware granularity). Rows by degree share one step in a bucket; rows by node have their own.
        Their widths are the buckets' and do not learn. Empty: there are none.
    bucket_bits : tuple of int
        Bits of rows, by bucket, in place of ``bits``; one more than there are splits.
    widths : mapping of str to int, or to a tuple of int
        Bits of single values, in place of ``bits`` and ``message_bits``: by the value's name as ``hwgen inspect`` shows
        it, or by a layer's path, which stands for all its values that are not named for themselves. A tuple has bits
        of rows by bucket.
    tracking : Tracking or None
        Ranges of whole tensors, weights too, are observed; then rows go per tensor, and no step is learned.
    penalty : Penalty
        What :meth:`QuantizedNetwork.penalty` adds to the loss.
    """

    rows: Granularity = Granularity.NEAREST
    parametrization: Parametrization = "log_clip"
    entries: int = 64
    bits: float = 4
    least: int = 1
    most: int = 8
    span: float = 1024.0
    clip: float = 1.0
    message_bits: int = 8
    weight_bits: int = 4
    edge_bits: int = 8
    gradient: Gradient = "task"
    splits: tuple[int, ...] = ()
    bucket_bits: tuple[int, ...] = ()
    widths: Mapping[str, Widths] = field(default_factory=dict)
    tracking: Tracking | None = None
    penalty: Penalty = field(default_factory=lambda: Penalty(weight=1.0, target=3.0))

    @property
    def by_edge(self) -> bool:
        """Whether messages, their sums and updates are quantized as values of their own."""
        return self.tracking is not None and self.tracking.by_edge

    def __post_init__(self) -> None:
        for name, width, least in (("bits", self.bits, self.least), ("most", self.most, 1),
                                   ("message_bits", self.message_bits, 2), ("weight_bits", self.weight_bits, 2),
                                   ("edge_bits", self.edge_bits, 1)):
            if not least <= width <= 8:
                raise HwgenError(f"{name} is {width}", name, f"use {least} to 8 bits")
        for name, given in self.widths.items():
            for width in given if isinstance(given, tuple) else (given,):
                if not isinstance(width, int) or isinstance(width, bool) or not 0 <= width <= 8:
                    raise HwgenError(f"{width!r} bits of {name}", "widths", "use a whole number, 0 to 8")
            if isinstance(given, tuple) and len(given) != len(self.splits) + 1:
                raise HwgenError(f"{len(given)} widths of {name} for {len(self.splits) + 1} buckets", "widths",
                                 "give one for each bucket of degrees, one more than there are splits")
        self._check_buckets()
        if self.rows is Granularity.PER_CHANNEL:
            raise HwgenError(f"rows is {self.rows}", "rows",
                             "use per_tensor, per_node, per_degree or nearest: a linear layer wants one step for all "
                             "channels")
        if self.tracking is not None and (self.rows is not Granularity.PER_TENSOR or self.bits != int(self.bits)):
            raise HwgenError(f"tracking with rows {self.rows} and {self.bits} bits", "tracking",
                             "use rows per_tensor and whole bits: a tensor has one range")
        if self.least not in (0, 1) or (self.least == 0 and self.parametrization == "log_clip"):
            raise HwgenError(f"least is {self.least} with parametrization {self.parametrization}", "least",
                             "use 1, or 0 with step or log_step: 0 bits reach no value")
        if not 1 <= self.entries <= 1024:
            raise HwgenError(f"{self.entries} entries", "entries", "use 1 to 1024")
        if not self.span >= 1:
            raise HwgenError(f"span is {self.span}", "span", "use 1 or more")
        if not 0 < self.clip <= 1:
            raise HwgenError(f"clip is {self.clip}", "clip", "use a share above 0, 1 at most")

    def _check_buckets(self) -> None:
        if list(self.splits) != sorted({*self.splits}) or (self.splits and not 1 <= self.splits[0]):
            raise HwgenError(f"splits are {self.splits}", "splits", "use in-degrees from 1 on, ascending")
        if self.splits and self.splits[-1] > LARGEST_SPLIT:
            raise HwgenError(f"a bucket begins at degree {self.splits[-1]}", "splits", f"use {LARGEST_SPLIT} at most")
        if self.splits and self.rows not in (Granularity.PER_DEGREE, Granularity.PER_NODE):
            raise HwgenError(f"buckets of degrees with rows by {self.rows}", "splits",
                             "use rows per_degree or per_node")
        if len(self.bucket_bits) != (len(self.splits) + 1 if self.splits else 0):
            raise HwgenError(f"{len(self.bucket_bits)} widths for {len(self.splits) + 1} buckets", "bucket_bits",
                             "give one for each bucket, one more than there are splits; without splits none")
        for width in self.bucket_bits:
            if not max(1, self.least) <= width <= self.most:
                raise HwgenError(f"a bucket of {width} bits", "bucket_bits", f"use 1 to {self.most} bits")
