"""Activations, each declared once: what it computes in real numbers and in integers, and what may follow from that.

An activation is a frozen value. Its parameters are fields; one that hardware multiplies by is a multiple of
``1 / SLOPE_ONE``. To add one: a class here and its name in :data:`ACTIVATIONS`, and a row of
:mod:`hwgen.frontend.activations`; a target refuses what its hardware lacks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import HwgenError
from ..numeric import IntRange

__all__ = ["ACTIVATIONS", "IDENTITY", "RELU", "SLOPE_ONE", "Activation", "Identity", "LeakyReLU", "ReLU",
           "activation_of"]

#: Slopes are multiples of 1 / SLOPE_ONE.
SLOPE_ONE = 4096

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Activation(ABC):
    """A function of one number; it never decreases, and that of 0 is 0.

    These are all piecewise linear through 0, so that they are the same in real numbers and in integers of any scale.

    Attributes
    ----------
    kind : str
        Its name in files.
    is_exact : bool
        Whether a user's layer is taken as it is; else its parameters were rounded.
    """

    kind: ClassVar[str]
    is_exact: ClassVar[bool] = True

    @abstractmethod
    def real(self, values: Floats) -> Floats:
        """What it makes of real numbers: float64, the same shape."""

    @abstractmethod
    def integer(self, values: Ints) -> Ints:
        """What hardware makes of integers of any scale: int64, the same shape; fractions are floored."""

    def range(self, given: IntRange) -> IntRange:
        """Which integers come out where ``given`` goes in: the function never decreases."""
        low, high = self.integer(np.array([given.low, given.high], dtype=np.int64))
        return IntRange(int(low), int(high))

    @property
    def keeps_sign(self) -> bool:
        """Whether the result can be negative."""
        return True

    @property
    def least_slope(self) -> float:
        """The smallest slope other than 0: how much further a value may lie than what comes out of it."""
        return 1.0

    def then(self, after: Activation) -> Activation | None:
        """The activation that does this one and then another; None where there is no such."""
        return after if isinstance(self, Identity) else self if isinstance(after, Identity) else None

    def text(self, inside: str) -> str:
        """A formula with the activation around it."""
        return f"{self.kind}({inside})"

    def facts(self) -> dict[str, Any]:
        """Kind and parameters, for JSON; :func:`activation_of` is the inverse."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Identity(Activation):
    """``x``."""

    kind: ClassVar[str] = "identity"

    def real(self, values: Floats) -> Floats:
        return values

    def integer(self, values: Ints) -> Ints:
        return values

    def text(self, inside: str) -> str:
        return inside


@dataclass(frozen=True)
class ReLU(Activation):
    """``max(x, 0)``."""

    kind: ClassVar[str] = "relu"

    def real(self, values: Floats) -> Floats:
        return np.maximum(values, 0.0)

    def integer(self, values: Ints) -> Ints:
        return np.maximum(values, 0)

    @property
    def keeps_sign(self) -> bool:
        return False

    def then(self, after: Activation) -> Activation | None:
        return self if isinstance(after, Identity | ReLU | LeakyReLU) else None


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """``x`` where it is positive, else ``negative_slope · x``.

    Parameters
    ----------
    negative_slope : float
        Between 0 and 1, a multiple of 1/4096.

    Raises
    ------
    HwgenError
        Another slope.
    """

    kind: ClassVar[str] = "leaky_relu"
    is_exact: ClassVar[bool] = False

    negative_slope: float

    def __post_init__(self) -> None:
        scaled = self.negative_slope * SLOPE_ONE
        if not 0 < scaled < SLOPE_ONE or scaled != round(scaled):
            raise HwgenError(f"negative_slope is {self.negative_slope}", "LeakyReLU",
                             "use a multiple of 1/4096 between 0 and 1, or ReLU for 0, or Identity for 1")

    @classmethod
    def near(cls, slope: float) -> Activation:
        """The one whose slope is nearest to any number from 0 to 1; ReLU and Identity at the ends."""
        scaled = round(slope * SLOPE_ONE)
        return RELU if scaled == 0 else IDENTITY if scaled == SLOPE_ONE else cls(scaled / SLOPE_ONE)

    def real(self, values: Floats) -> Floats:
        return np.where(values < 0, values * self.negative_slope, values)

    def integer(self, values: Ints) -> Ints:
        return np.where(values < 0, (values * round(self.negative_slope * SLOPE_ONE)) // SLOPE_ONE, values)

    @property
    def least_slope(self) -> float:
        return self.negative_slope

    def then(self, after: Activation) -> Activation | None:
        if isinstance(after, LeakyReLU):
            return LeakyReLU.near(self.negative_slope * after.negative_slope)
        return after if isinstance(after, ReLU) else super().then(after)

    def text(self, inside: str) -> str:
        return f"leaky_relu({inside}, {self.negative_slope:.4g})"


IDENTITY, RELU = Identity(), ReLU()

#: Every activation by its kind.
ACTIVATIONS: Mapping[str, type[Activation]] = {each.kind: each for each in (Identity, ReLU, LeakyReLU)}


def activation_of(facts: Mapping[str, Any]) -> Activation:
    """The activation that :meth:`Activation.facts` took apart.

    Raises
    ------
    ValueError
        An unknown kind.
    HwgenError
        A parameter out of range.
    """
    if facts["kind"] not in ACTIVATIONS:
        raise ValueError(f"activation {facts['kind']!r}")
    return ACTIVATIONS[facts["kind"]](**{name: value for name, value in facts.items() if name != "kind"})
