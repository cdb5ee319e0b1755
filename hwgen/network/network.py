"""IR 1 of any model: a quantized network, value by value, as training left it. Independent of any graph.

Every value is computed for all nodes, or all graphs, of a batch::

    v_i = act( join_t( factor_t(i) · gain_t · acc_t(i) ) + bias ) · factor(i)         real numbers
    q_i = Quantizer(v_i)                                                              what is stored

with, for term t, one of::

    acc = Σ_{j ∈ list_i} s_j        or the maximum, channel by channel; an empty list gives 0
    acc = s_i                       via "self"
    acc = |list_i|                  no source: a constant once for each neighbour (1 via "self")
    acc = s_i @ W                   a linear layer, via "self"
    acc = Σ_f x_{i,f} · W_f         a linear layer on the input features, via "features"

where s are the dequantized values of the source. A term covers the channels from ``offset`` on: terms at the same
offset have the same width and join, terms at different ones are concatenated. A value with a linear layer via
"self" has no other term and the term no factor; its source has one step for all channels of a row (not by column,
unless all are equal). The source of a list, or of a factor, is quantized by column. Lists of nodes are edges, looped
and features; those of graphs are members, and their sources nodes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Domain", "Factor", "Network", "Quantizer", "Term", "Value", "Via", "Weight"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Domain = Literal["nodes", "graphs"]
Via = Literal["self", "edges", "looped", "features", "members"]
#: 1, 1/d or d^-1/2 of the length d of a list; 0 where d is 0.
Factor = Literal["one", "mean", "rsqrt"]


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
    ``clip(round(v / step))``.

    Parameters
    ----------
    signed : bool
    by : "column", "node", "degree" or "nearest"
        column: a step per channel, one width. node (A²Q): step and width per trained node. degree (MEGA): by
        ``min(d, entries - 1)``, d the length of list ``via``. nearest (A²Q's nearest-neighbour strategy): the entry
        whose reach is nearest to ``max_k |v_k|``; of two as near the lower.
    step : float64 [k] (column) or [entries]
    bits : int64 [1] (column) or [entries]
    reach : float64 [entries] or None
        Ascending; of nearest.
    via : "edges" or "looped"
        Of degree.
    """

    signed: bool
    by: Literal["column", "node", "degree", "nearest"]
    step: Floats
    bits: Ints
    reach: Floats | None = None
    via: Literal["edges", "looped"] = "edges"


@dataclass(frozen=True, kw_only=True)
class Term:
    """One summand of a value.

    Parameters
    ----------
    source : str or None
        Name of a value. None: the input features where ``via`` is "features", else a constant 1.
    offset : int
        First channel of the value that the term covers.
    via : Via
    op : "sum" or "max"
    weight : Weight or None
    factor : Factor
        Of the destination.
    of : "edges", "looped" or "members"
        The list whose length the factor takes.
    gain : float64 [k] or None
        Real multiplier of each channel, such as 1 + ε or a folded batch norm; None is 1. A constant has one, and its
        factor is of the list that it is counted by.
    """

    source: str | None = None
    offset: int = 0
    via: Via = "self"
    op: Literal["sum", "max"] = "sum"
    weight: Weight | None = None
    factor: Factor = "one"
    of: Literal["edges", "looped", "members"] = "edges"
    gain: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class Value:
    """One stored tensor, or the result.

    Parameters
    ----------
    name : str
        Unique.
    path : str
        The user's layer, for messages.
    width : int
    domain : Domain
    terms : tuple of Term
    join : "sum" or "max"
    bias : float64 [k] or None
        None where terms join by maximum.
    slope : float
        What negative values are multiplied by: 0 is ReLU, 1 nothing, between them LeakyReLU (a multiple of 1/4096).
    factor, of
        As in :class:`Term`; applied after the activation, such as GCN's factor of the source. Only with a quantizer
        by column, or by degree of the same list.
    quantizer : Quantizer or None
        None: the result, kept in 16 bits.
    """

    name: str
    path: str
    width: int
    domain: Domain
    terms: tuple[Term, ...]
    join: Literal["sum", "max"] = "sum"
    bias: Floats | None = None
    slope: float = 1.0
    factor: Factor = "one"
    of: Literal["edges", "looped", "members"] = "edges"
    quantizer: Quantizer | None = None


@dataclass(frozen=True, kw_only=True)
class Network:
    """A quantized model.

    Parameters
    ----------
    name : str
        Short name, used for files.
    features : int
        Width of the input.
    input_bits : int
        Unsigned width of an input code, 1 to 8.
    input_scale : float
        Real value of input code 1.
    values : tuple of Value
        In order of computation; the last one is the result.
    trained_nodes : int
        Number of nodes of quantizers by node; 0 if there are none.
    """

    name: str
    features: int
    input_bits: int
    input_scale: float
    values: tuple[Value, ...]
    trained_nodes: int = 0
