"""The quantized network of any model, value by value, as training left it. Independent of any graph.

Every value is computed for all nodes, all graphs, or all edges of a batch::

    v_i = act( join_t( factor_t(i) · gain_t · acc_t(i) ) + bias ) · factor(i)         real numbers
    q_i = Quantizer(v_i)                                                              what is stored

with, for term t, one of::

    acc = Σ_{j ∈ list_i} s_j        or the maximum, channel by channel; an empty list gives 0
    acc = s_i                       via "self"
    acc = |list_i|                  no source: a constant once for each neighbour (1 via "self")
    acc = s_i @ W                   a linear layer, via "self"
    acc = unit · Σ_c q_{i,c} · W_c  a linear layer on the input's codes q, via "features" (:class:`.input.Input`)
    acc = Σ_{j ∈ list_i} n_ij s_j   via "weighted" or "normed": n are dequantized numbers of edges (:mod:`.edges`)
    acc = n_i s_j                   via "sources": row i is an edge, j its source, n as above

where s are the dequantized values of the source. A term covers the channels from ``offset`` on: terms at the same
offset have the same width and join, terms at different ones are concatenated. A value with a linear layer via
"self" has no other term; its source has one step for all channels of a row (not per channel, unless all are equal), and
one for all rows where the term has a factor. The source of a list, or of a factor, is quantized per tensor or per
channel. Lists of nodes are edges, looped, weighted, normed, features, and incoming, whose sources are edges; those of
graphs are members, those of edges are sources, and their sources are nodes. Rows by edge have no factors.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .edges import EdgeQuantizers
from .equation import Counted, Domain, Equation, Factor, TermOf, Via
from .granularity import Granularity
from .heads import Head
from .input import Input

__all__ = [
    "Counted", "Domain", "Factor", "Granularity", "Input", "Network", "Quantizer", "Term", "Value", "Via", "Weight"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Weight:
    """A linear layer's matrix.

    Parameters
    ----------
    codes : int64 [in, out]
        Signed symmetric.
    bits : int
        Sign included, 2 to 8.
    step : float64 [out]
    """

    codes: Ints
    bits: int
    step: Floats


@dataclass(frozen=True, kw_only=True)
class Quantizer:
    """How a value becomes codes; rounding is half away from zero.

    Unsigned codes are ``0 .. 2^b-1``, signed ones ``±(2^(b-1)-1)``; b = 0 stores zeros. The code of v is
    ``clip(round(v / step + zero_point))``, and stands for ``step · (code - zero_point)``.

    Parameters
    ----------
    signed : bool
    granularity : Granularity
        per_tensor and per_channel: one width. per_node: a row takes the entry of its trained node. per_degree: entry
        ``min(d, entries - 1)``, d the length of list ``via``. nearest: the entry whose clip value is nearest to
        ``max_k |v_k|``; of two as near the lower.
    step : float64 [1] (per_tensor), [k] (per_channel) or [entries]
        The scale: the real value of code 1.
    bits : int64 [1] (per_tensor, per_channel) or [entries]
    clip_value : float64 [entries] or None
        Largest value that an entry stands for, ascending; of nearest.
    via : "edges" or "looped"
        Of per_degree.
    zero_point : int
        The code of 0: of unsigned codes with one step, or one a channel. Hardware has none
        (:mod:`hwgen.network.zero_points`).
    """

    signed: bool
    granularity: Granularity
    step: Floats
    bits: Ints
    clip_value: Floats | None = None
    via: Literal["edges", "looped"] = "edges"
    zero_point: int = 0


@dataclass(frozen=True, kw_only=True)
class Term(TermOf[str, Floats, Weight]):
    """One summand of a value; its source is the name of another."""


@dataclass(frozen=True, kw_only=True)
class Value(Equation[Term, Floats]):
    """One stored tensor, or the result.

    Parameters
    ----------
    name : str
        Unique.
    quantizer : Quantizer or None
        None: the result, kept in 16 bits. A factor behind the activation wants one per tensor, per channel, or per
        degree of the same list.
    """

    name: str
    quantizer: Quantizer | None = None


@dataclass(frozen=True, kw_only=True)
class Network:
    """A quantized model.

    Parameters
    ----------
    name : str
        Short name, used for files.
    input : Input
        How features become codes; ``unit`` is its own, and rows of weights are multiplied by its ``ratio``.
    values : tuple of Value
        In order of computation; the last one is the result.
    trained_nodes : int
        Number of nodes of quantizers per node; 0 if there are none.
    edges : mapping of EdgeCodes
        Of each kind of lists that weigh and that a term goes over.
    head : Head
        What the user's forward does with the results, and hardware does not.
    """

    name: str
    input: Input
    values: tuple[Value, ...]
    trained_nodes: int = 0
    edges: EdgeQuantizers = field(default_factory=dict)
    head: Head = ""

    @property
    def features(self) -> int:
        """Columns of the input's codes."""
        return self.input.width

    @property
    def input_bits(self) -> int:
        """Unsigned width of an input code."""
        return self.input.bits
