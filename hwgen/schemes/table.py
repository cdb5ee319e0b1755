"""The named schemes: what each is, and what ``quantize`` and training start from.

A row is all that a scheme needs to be offered: ``--scheme`` takes its name and its help says what it is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..errors import HwgenError
from ..network.granularity import Granularity
from .penalty import Penalty
from .scheme import Scheme
from .tracking import Tracking

__all__ = ["ABOUT", "SCHEMES", "named", "started"]


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A named scheme.

    Parameters
    ----------
    about : str
        One line.
    scheme : Scheme
        What :func:`hwgen.quantize` makes.
    nodes, graphs : Scheme or None
        What the general recipes of :func:`hwgen.train` start from on one graph, and on a set; None: the same. Sums over
        the rows of a set's larger graphs ask for messages of 4 bits.
    """

    about: str
    scheme: Scheme
    nodes: Scheme | None = None
    graphs: Scheme | None = None


#: Most nodes of one graph have no label: the local gradient reaches their rows, and a mean over thousands wants weight.
_ON_NODES: Mapping[str, Any] = {"gradient": "local", "most": 4, "penalty": Penalty(weight=1000.0, target=2.5)}
_ON_GRAPHS: Mapping[str, Any] = {"penalty": Penalty(weight=10.0, target=2.5)}

_NNS = Scheme()
_PUBLISHED = Scheme(parametrization="log_step", message_bits=4)
_MEGA = Scheme(rows=Granularity.PER_DEGREE, parametrization="log_step", message_bits=4)
_A2Q = Scheme(rows=Granularity.PER_NODE, parametrization="step", gradient="local", message_bits=4, bits=2, least=0,
              penalty=Penalty(rounded=False, weight=1000.0, target=0.5))
_UNIFORM = Scheme(rows=Granularity.PER_TENSOR, bits=8)
#: The rule of its code, 32 / sqrt(degree) bits raised to the next of 1, 2, 4, 8, with 8 bits for 32.
_SGQUANT = Scheme(rows=Granularity.PER_DEGREE, splits=(4, 16, 64), bucket_bits=(8, 4, 2, 1))
_HUBS = replace(_SGQUANT, bucket_bits=(1, 2, 4, 8))


def _tracked(bits: int, **tracking: Any) -> Scheme:
    """One width for everything, and ranges that are observed."""
    return Scheme(rows=Granularity.PER_TENSOR, bits=bits, message_bits=bits, weight_bits=bits,
                  tracking=Tracking(**tracking))


_TABLE: Mapping[str, _Row] = {
    "a2q": _Row(about="every node of one graph learns its own", scheme=_A2Q,
                nodes=replace(_A2Q, parametrization="log_clip", bits=4, least=1, **_ON_NODES)),
    "nns": _Row(about="a table that a value searches by its size, for graphs that training never saw", scheme=_NNS,
                nodes=replace(_NNS, **_ON_NODES), graphs=replace(_NNS, message_bits=4, **_ON_GRAPHS)),
    "nns-published": _Row(about="the same as A²Q publishes it: steps are learned, not largest values",
                          scheme=_PUBLISHED, nodes=replace(_PUBLISHED, **_ON_NODES),
                          graphs=replace(_PUBLISHED, **_ON_GRAPHS)),
    "mega": _Row(about="a table by in-degree, for any graph", scheme=_MEGA,
                 nodes=replace(_MEGA, parametrization="log_clip", **_ON_NODES), graphs=replace(_MEGA, **_ON_GRAPHS)),
    "sgquant": _Row(about="bits by in-degree as SGQuant publishes it, hubs get fewest", scheme=_SGQUANT,
                    nodes=replace(_SGQUANT, rows=Granularity.PER_NODE, gradient="local"),
                    graphs=replace(_SGQUANT, message_bits=4)),
    "sgquant-hubs": _Row(about="the same the other way round, hubs get most", scheme=_HUBS,
                         nodes=replace(_HUBS, rows=Granularity.PER_NODE, gradient="local"),
                         graphs=replace(_HUBS, message_bits=4)),
    "uniform": _Row(about="one step and one width a value, for any graph", scheme=_UNIFORM,
                    nodes=replace(_UNIFORM, gradient="local"), graphs=replace(_UNIFORM, message_bits=4)),
    "qat-int8": _Row(about="8 bits for everything, between the extremes that were seen (plain QAT)",
                     scheme=_tracked(8, symmetric=True)),
    "qat-int4": _Row(about="the same with 4 bits and zero points", scheme=_tracked(4)),
    "dq-int8": _Row(about="Degree-Quant of 8 bits, in the form that needs no work for each edge",
                    scheme=_tracked(8, tail=0.001, protected=(0.0, 0.1))),
    "dq-int4": _Row(about="the same with 4 bits", scheme=_tracked(4, tail=0.001, protected=(0.1, 0.2))),
    "dq-int8-published": _Row(about="Degree-Quant of 8 bits as published: each message of an edge is quantized",
                              scheme=_tracked(8, tail=0.001, protected=(0.0, 0.1), by_edge=True)),
    "dq-int4-published": _Row(about="the same with 4 bits, norms too", scheme=replace(
        _tracked(4, tail=0.001, protected=(0.1, 0.2), by_edge=True), edge_bits=4)),
    "dq-int8-symmetric": _Row(about="dq-int8 without zero points",
                              scheme=_tracked(8, tail=0.001, protected=(0.0, 0.1), symmetric=True)),
    "dq-int4-symmetric": _Row(about="dq-int4 likewise",
                              scheme=_tracked(4, tail=0.001, protected=(0.1, 0.2), symmetric=True)),
    "mixq": _Row(about="every tensor chooses 2, 4 or 8 bits while it trains (MixQ-style)",
                 scheme=_tracked(8, tail=0.001, candidates=(2, 4, 8), cost=0.005, symmetric=True)),
}

#: Name -> what :func:`hwgen.quantize` makes.
SCHEMES: Mapping[str, Scheme] = {name: row.scheme for name, row in _TABLE.items()}
#: Name -> what the scheme is, in a few words.
ABOUT: Mapping[str, str] = {name: row.about for name, row in _TABLE.items()}


def named(scheme: str | Scheme) -> Scheme:
    """A scheme by its name; one of a user's own stays as it is.

    Raises
    ------
    HwgenError
        Unknown name.
    """
    return scheme if isinstance(scheme, Scheme) else _row(scheme).scheme


def started(name: str, per: Literal["nodes", "graphs"]) -> Scheme:
    """What training starts from where no recipe was tuned.

    Parameters
    ----------
    name : str
    per : "nodes" or "graphs"
        What has a label.

    Raises
    ------
    HwgenError
        Unknown name.
    """
    row = _row(name)
    return (row.nodes if per == "nodes" else row.graphs) or row.scheme


def _row(name: str) -> _Row:
    if name not in _TABLE:
        raise HwgenError(f"unknown scheme {name!r}", "scheme", f"use one of {', '.join(_TABLE)}")
    return _TABLE[name]
