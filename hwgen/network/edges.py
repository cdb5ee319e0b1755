"""Edges that weigh: what each counts in a list, in real numbers, and the codes that hardware walks.

A list of in-edges counts its sources once each; these count them by a number of the edge::

    weighted   Σ_j w_ij s_j                                       w as the user gave them, in-edges in their order
    normed     Σ_j d_i^-1/2 w_ij d_j^-1/2 s_j,  d_i = Σ_j w_ij    self loops moved behind: the last one of a node keeps
                                                                  its weight, a node without one gets 1

The latter is GCN's (Kipf and Welling, Semi-supervised classification with graph convolutional networks, 2017, eq. 2)
with weights, as PyG's ``gcn_norm`` has it. The numbers are constants of a graph: the host computes them in float64 and
rounds them to codes of one step, so that every list is a sum of whole multiples.

Or each entry of such lists has a row of its own, in their order (:attr:`EdgeCodes.by_row`)::

    sources    row e: n_e s_source(e)
    incoming   node i: the sum over the rows of its own entries
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..errors import HwgenError

__all__ = ["CODED", "MAX_EDGE_BITS", "NO_EDGES", "UNCODED", "WEIGHED", "EdgeCodes", "EdgeQuantizers", "Weighed",
           "coder_of", "codes_for", "edge_values", "kind_by_row", "magnitudes", "weights_count"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

Weighed = Literal["weighted", "normed"]
WEIGHED: tuple[Weighed, ...] = ("weighted", "normed")
#: Lists whose entries count by a code.
CODED: tuple[Weighed | Literal["sources"], ...] = (*WEIGHED, "sources")
#: Lists whose entries count once each; those of features by their code.
UNCODED: tuple[str, ...] = ("edges", "looped", "closed", "members", "incoming")
#: Widest magnitude of a code.
MAX_EDGE_BITS = 8
#: How far from whole multiples of the smallest weight others may be, relative to it: weights are float32.
NEAR = 1e-4


@dataclass(frozen=True, kw_only=True)
class EdgeCodes:
    """How the values of edges become codes, ``±(2^bits - 1)`` at most; rounding is half away from zero.

    Parameters
    ----------
    bits : int
        Of the magnitude, 1 to 8. The sign costs nothing.
    step : float
        The real value of code 1.
    by_row : bool
        Whether each entry has a row of its own: ``sources`` and ``incoming`` are walked in place of the list.
    given : bool
        Whether edges weigh what the graph says; else 1 each.
    """

    bits: int
    step: float
    by_row: bool = False
    given: bool = True

    def codes(self, values: Floats) -> Ints:
        """Codes of real values."""
        size = np.minimum(np.floor(np.abs(values) / self.step + 0.5), (1 << self.bits) - 1)
        return np.asarray(np.copysign(size, values), dtype=np.int64)


#: By list.
EdgeQuantizers = Mapping[Weighed, EdgeCodes]
NO_EDGES: EdgeQuantizers = MappingProxyType({})


def coder_of(via: str, quantizers: EdgeQuantizers) -> EdgeCodes | None:
    """The codes that entries of a kind of lists count by; None: each counts once."""
    kind = kind_by_row(quantizers) if via == "sources" else via
    return next((each for name, each in quantizers.items() if name == kind), None)


def kind_by_row(quantizers: EdgeQuantizers) -> Weighed | None:
    """The kind of lists whose entries have rows of their own."""
    return next((name for name, each in quantizers.items() if each.by_row), None)


def weights_count(quantizers: EdgeQuantizers) -> bool:
    """Whether graphs have to say what their edges weigh."""
    return any(each.given for each in quantizers.values())


def codes_for(values: Floats, bits: int, beyond: float = 0.0) -> EdgeCodes:
    """Codes that hold some values: whole multiples of the smallest one are exact, else the largest is the top code.

    ``beyond`` is the share of the values that may lie beyond the top code.
    """
    sizes = np.sort(np.abs(values[values != 0]))
    top, largest = (1 << bits) - 1, float(sizes[-1 - int(beyond * len(sizes))]) if len(sizes) else 1.0
    least = float(sizes.min(initial=largest))
    times = sizes / least
    if times.max(initial=1.0) <= top + NEAR and (np.abs(times - np.rint(times)) <= NEAR).all():
        return EdgeCodes(bits=bits, step=least)
    return EdgeCodes(bits=bits, step=largest / top)


def magnitudes(matrix: csr_array) -> Ints:
    """The sum of the magnitudes of each row's codes, duplicates one by one, which SciPy's abs would add up first."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return np.bincount(row, weights=np.abs(matrix.data), minlength=matrix.shape[0]).astype(np.int64)


def edge_values(name: Weighed, edges: Ints, weight: Floats | None, nodes: int) -> tuple[Ints, Ints, Floats]:
    """Source, destination and real value of every entry of a kind of lists.

    Parameters
    ----------
    edges : int64 [2, e]
    weight : float64 [e] or None
        None: every edge weighs 1.

    Raises
    ------
    HwgenError
        A node whose weights sum up to less than 0: it has no normed list.
    """
    source, target = edges
    values = np.ones(edges.shape[1]) if weight is None else weight
    if name == "weighted":
        return source, target, values
    own, proper = np.ones(nodes), source != target
    own[source[~proper]] = values[~proper]
    numbers = np.arange(nodes, dtype=np.int64)
    source, target = np.r_[source[proper], numbers], np.r_[target[proper], numbers]
    values = np.r_[values[proper], own]
    degree = np.bincount(target, weights=values, minlength=nodes)
    if (degree < 0).any():
        worst = int(degree.argmin())
        raise HwgenError(f"the weights of the edges into node {worst} and of its self loop sum up to "
                         f"{degree[worst]:g}, and GCNConv takes the square root", "edge_weight",
                         "use GraphConv, or GCNConv with normalize=False, or weights with sums of 0 or more")
    root = np.sqrt(np.where(degree > 0, degree, 1.0))
    factor = np.where(degree > 0, 1.0 / root, 0.0)
    return source, target, factor[source] * values * factor[target]
