"""What tracing finds in a user's module: a network before its quantizers, with the module's own parameters.

The equations are those of :mod:`hwgen.network.equation`, with tensors for arrays. Batch norms that follow a linear
layer are folded into ``gain`` and ``bias``. Dropout is kept where a value is read: training applies it, hardware does
not. :mod:`.tracing` makes these networks, :mod:`.network` executes them with quantizers.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ..network.edges import WEIGHED, Weighed
from ..network.equation import Equation, TermOf
from ..network.heads import Head

__all__ = ["Role", "TracedNetwork", "TracedTerm", "TracedValue"]

#: message: one step a channel, so that rows can be added; activation: a step for each row, for the MAC array; result:
#: none.
Role = Literal["message", "activation", "result"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedTerm(TermOf[str, Tensor, Tensor]):
    """One summand; its weight is a parameter, or derived from one.

    Parameters
    ----------
    dropout : float
        Share of the source's entries that training sets to 0 before the term reads them, behind their quantizer.
    """

    dropout: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedValue(Equation[TracedTerm, Tensor]):
    """One value.

    Parameters
    ----------
    name : str
    role : Role
        Decides its quantizer.
    cap : float or None
        Where it saturates, on both sides of 0: its quantizer has no code beyond. None: it does not.
    """

    name: str
    role: Role
    cap: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedNetwork:
    """A traced module.

    Parameters
    ----------
    features : int
        Width of the input.
    values : tuple of TracedValue
        In order of computation; the last one is the result.
    head : Head
    is_vector : bool
        Whether forward returns its one column as a vector.
    one_graph : str
        The layer that keeps the edges of the graph it saw first, such as ``GCNConv(cached=True)``; empty if none.
    by_edge : bool
        Whether messages, their sums and updates are values of their own (:mod:`.by_edge`).
    by_row : Weighed or None
        The kind of lists whose entries have rows, of which values of edges consist.
    plain : bool
        Whether each edge weighs 1, whatever graphs say.
    """

    features: int
    values: tuple[TracedValue, ...]
    head: Head = ""
    is_vector: bool = False
    one_graph: str = ""
    by_edge: bool = False
    by_row: Weighed | None = None
    plain: bool = False

    @property
    def lists_that_weigh(self) -> frozenset[Weighed]:
        """Lists of edges that weigh and that a term goes over, or over rows of their entries."""
        vias = {self.by_row, *(term.via for value in self.values for term in value.terms)}
        return frozenset(name for name in WEIGHED if name in vias)

    @property
    def weighs(self) -> bool:
        """Whether graphs have to say what their edges weigh."""
        return bool(self.lists_that_weigh) and not self.plain

    @property
    def takes_zero_points(self) -> bool:
        """Whether what the codes of the real 0 add up to is a constant: not within a maximum."""
        return not any(value.join == "max" and term.via == "features" for value in self.values for term in value.terms)
