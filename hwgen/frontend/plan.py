"""What tracing finds in a user's module: a network before its quantizers, with the module's own parameters.

The same values and terms as :mod:`hwgen.network.network`, which has the equations; tensors in place of arrays. Batch
norms that follow a linear layer are folded into ``gain`` and ``bias``, dropout is gone. :mod:`.trace` makes plans,
:mod:`.network` executes them with quantizers.
"""

from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from ..network.network import Domain, Factor, Via

__all__ = ["Plan", "PlanTerm", "PlanValue", "Role"]

#: message: one step a channel, so that rows can be added; row: a step for each row, for the MAC array; result: none.
Role = Literal["message", "row", "result"]


@dataclass(kw_only=True)
class PlanTerm:
    """One summand.

    Parameters
    ----------
    weight : Tensor float [in, out] or None
        A parameter, or derived from one.
    gain : Tensor float [k] or None
    source, offset, via, op, factor, of
        As in :class:`hwgen.network.network.Term`.
    """

    source: str | None = None
    offset: int = 0
    via: Via = "self"
    op: Literal["sum", "max"] = "sum"
    weight: Tensor | None = None
    factor: Factor = "one"
    of: Literal["edges", "looped", "members"] = "edges"
    gain: Tensor | None = None


@dataclass(kw_only=True)
class PlanValue:
    """One value; ``path`` is the user's layer, ``role`` decides its quantizer."""

    name: str
    path: str
    width: int
    role: Role
    domain: Domain = "nodes"
    terms: tuple[PlanTerm, ...]
    join: Literal["sum", "max"] = "sum"
    bias: Tensor | None = None
    slope: float = 1.0
    factor: Factor = "one"
    of: Literal["edges", "looped", "members"] = "edges"


@dataclass(kw_only=True)
class Plan:
    """A traced module.

    Parameters
    ----------
    features : int
        Width of the input.
    values : list of PlanValue
        In order of computation; the last one is the result.
    head : str
        What follows the result in the user's forward, and not in hardware.
    """

    features: int
    values: list[PlanValue] = field(default_factory=list)
    head: Literal["", "log_softmax", "softmax"] = ""
