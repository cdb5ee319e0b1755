"""What a :class:`~.network.Network` must be: each rule of its docstrings, checked before any work begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import CapacityError, HwgenError
from ..kinds import shown
from ..numeric import MAX_ACTIVATION_BITS
from .batch import named_by, owner_of
from .edges import CODED, MAX_EDGE_BITS, UNCODED, WEIGHED, kind_by_row
from .granularity import Granularity
from .input import Input
from .network import Network, Quantizer, Term, Value, Weight

__all__ = ["MAX_NEAREST", "MAX_NODES", "check_network", "plain_name", "term_width"]

#: Per node more than a chip's tables hold, as windows bring their own; by nearest what the search can reach.
MAX_NODES, MAX_NEAREST = 1 << 20, 1 << 10
#: Real numbers that float32 holds: products of some of them stay within float64.
_LEAST, _MOST = 2.0**-126, 2.0**127
#: Zero points are integers that float32 holds, as features are.
_FARTHEST = 1 << 24
#: Most entries of quantizers by row.
MOST = {Granularity.PER_NODE: MAX_NODES, Granularity.PER_DEGREE: 1 << 16, Granularity.NEAREST: MAX_NEAREST}


def check_network(network: Network) -> None:
    """Check every rule.

    Raises
    ------
    HwgenError
        Naming the user's layer and the key.
    """
    where = f"network {shown(network.name)[1:-1]}"
    _need(network.name == plain_name(network.name), f"the name {shown(network.name)} is no plain name of a file",
          where, f"call it {plain_name(network.name)}")
    _input(network.input, f"{where}, input")
    _need(len(network.values) > 0, "there are no values", where, "give at least the result")
    _edges(network, where)
    known: dict[str, Value] = {}
    for value in network.values:
        for name in (value.name, value.path):
            _need(_plain(name), f"the name {shown(name)} holds what cannot be printed", where,
                  "rename the layer: use letters, digits, dots, - and _")
        place = f"{value.path} (value {value.name})"
        last = value is network.values[-1]
        _need(value.name not in known, f"the name {value.name!r} is taken", place, "give each value its own name")
        _need((value.quantizer is None) == last, "the result has a quantizer" if last else "there is no quantizer",
              place, "only the last value is the result, and only the result has none")
        _value(network, value, known, place)
        known[value.name] = value


def _edges(network: Network, where: str) -> None:
    lists = {term.via for value in network.values for term in value.terms}
    used, kind = lists & {*WEIGHED}, kind_by_row(network.edges)
    if lists & {"sources", "incoming"} or any(value.domain == "edges" for value in network.values):
        _need(kind is not None, "rows by edge, and no list that weighs has them", where,
              "give by_row to the codes of the list whose entries they are")
        _need(not used and len(network.edges) == 1, f"entries of {kind} lists have rows, and there are edges of "
              f"{', '.join(sorted({*used, *network.edges}))}", where, "give rows to the only kind of lists that weigh")
        used = {*network.edges}
    _need(kind is None or kind not in lists, f"entries of {kind} lists have rows, and a term goes over the lists",
          where, "walk sources and incoming instead")
    have, want = (", ".join(sorted(names)) or "no list that weighs" for names in (network.edges, used))
    _need(used == set(network.edges), f"edges of {have} are quantized, and terms go over {want}", where,
          "give a quantizer for each such list")
    for name, each in network.edges.items():
        _need(1 <= each.bits <= MAX_EDGE_BITS, f"bits is {each.bits}", f"{where}, edges.{name}",
              f"use 1 to {MAX_EDGE_BITS} bits of magnitude")
        _steps(np.array([each.step]), (1,), f"{where}, edges.{name}")


def plain_name(text: str) -> str:
    """A text as the name of a network, which also names folders: printable, and it leads nowhere else."""
    name = "".join(letter if letter.isprintable() and letter not in "/\\" else "_" for letter in text)[:100]
    return name if name.strip(".") and not name.startswith(".") else f"model{name.replace('.', '_')}"


def term_width(network: Network, term: Term) -> int:
    """Channels that a term covers."""
    if term.weight is not None:
        return int(term.weight.codes.shape[1])
    if term.source is None:
        return 0 if term.gain is None else len(term.gain)
    return next(value.width for value in network.values if value.name == term.source)


def _input(given: Input, place: str) -> None:
    _need(given.features >= 1, f"features is {given.features}", place, "give the width of the input, 1 or more")
    _need(1 <= given.bits <= MAX_ACTIVATION_BITS, f"bits is {given.bits}", place,
          f"quantize the input to 1 to {MAX_ACTIVATION_BITS} bits")
    width = given.width
    _need(given.column.shape == given.scale.shape == given.zero_point.shape == (width,) and width >= 1,
          f"column, scale and zero_point have shapes {given.column.shape}, {given.scale.shape} and "
          f"{given.zero_point.shape}", place, "give each column of codes one of each")
    _need(bool(((given.column >= 0) & (given.column < given.features)).all()),
          f"columns name features {given.column.min()} to {given.column.max()} of {given.features}", place,
          "number features from 0 on")
    size = np.abs(given.scale)
    good = (size >= _LEAST) & (size <= _MOST)  # of NaN neither
    _need(bool(good.all()), f"a scale is {given.scale[~good][:1]}", place,
          "give real values of a code's step that are not 0, as float32 holds them")
    _need(bool((np.abs(given.zero_point) <= _FARTHEST).all()), f"a zero point exceeds {_FARTHEST}", place,
          "give the code of the real 0")


def _value(network: Network, value: Value, known: dict[str, Value], place: str) -> None:
    _need(value.width >= 1, f"width is {value.width}", place, "give 1 channel or more")
    _need(len(value.terms) > 0, "there are no terms", place, "give what the value is computed from")
    for index, term in enumerate(value.terms):
        _term(network, value, term, known, f"{place}, terms[{index}]")
    _cover(network, value, place)
    linear = [term for term in value.terms if term.weight is not None and term.via == "self"]
    _need(not linear or len(value.terms) == 1, "a linear layer and another term make up one value", place,
          "give the linear layer a value of its own")
    if value.bias is not None:
        _need(value.join == "sum", "bias with terms that join by maximum", place, "add it with a value of its own")
        _need(value.bias.shape == (value.width,), f"bias has shape {value.bias.shape}", place,
              f"give one number for each of {value.width} channels")
        _need(_finite(value.bias), "bias is not finite", place, "look for a diverged training")
    _need(value.factor == "one" or (value.of == "members") == (value.domain == "graphs"),
          f"factor by {value.of} of {value.domain}", place, "members are lists of graphs, the others of nodes")
    _need(value.factor == "one" or value.domain != "edges", f"factor {value.factor!r} of edges", place,
          "give it to the nodes that read them, or that they read")
    if value.quantizer is None:
        _need(value.domain != "edges", "the result is of edges", place, "sum them up by nodes")
        _need(value.factor == "one", f"factor {value.factor!r} of the result", place, "give it to the result's terms")
    else:
        _quantizer(network, value, value.quantizer, f"{place}, quantizer")


def _cover(network: Network, value: Value, place: str) -> None:
    """Terms of one offset have one width, and offsets follow one another."""
    widths: dict[int, int] = {}
    for index, term in enumerate(value.terms):
        width = term_width(network, term)
        first = widths.setdefault(term.offset, width)
        _need(first == width, f"{width} channels join {first}", f"{place}, terms[{index}]",
              "terms at one offset have one width")
    end = 0
    for offset, width in sorted(widths.items()):
        _need(offset == end, f"terms begin at channel {offset}, those before end at {end}", place,
              "leave no gap and no overlap between offsets")
        end = offset + width
    _need(end == value.width, f"terms cover {end} of {value.width} channels", place, "let them cover all")


def _term(network: Network, value: Value, term: Term, known: dict[str, Value], place: str) -> None:
    graphs = value.domain == "graphs"
    _need(term.via != "closed", "via 'closed', which a target makes of others", place, "use terms via edges and self")
    _need(term.via == "self" or owner_of(term.via) == value.domain, f"via {term.via!r} of {value.domain}", place,
          "members are lists of graphs, sources of edges, the others of nodes")
    _need(term.factor == "one" or (graphs == (term.of == "members") and value.domain != "edges"),
          f"factor by {term.of} of {value.domain}", place, "members are lists of graphs, edges and looped of nodes")
    _need(term.op == "sum" or term.via in UNCODED, f"op 'max' via {term.via!r}",
          place, "only lists of rows have a maximum")
    source = None
    if term.source is not None:
        _need(term.source in known, f"source {term.source!r} is not defined before", place,
              "order the values as they are computed")
        source = known[term.source]
        own = value.domain if term.via == "self" else named_by(term.via)
        _need(source.domain == own and term.via != "features",
              f"source {term.source!r} of {source.domain} via {term.via!r}", place,
              "self reads rows of its own domain, incoming edges, other lists nodes, features have no source")
    elif term.via != "features":
        _need(term.gain is not None, "a constant without gain", place, "give the constant of each channel as gain")
        _need(term.via not in CODED, f"a constant for each of {term.via}", place,
              "give it to the source: edges weigh differently")
        _need(term.op == "sum" and term.weight is None, "a constant with a maximum or a weight", place,
              "give only gain")
        _need(term.via == "self" or term.factor == "one" or term.of == term.via,
              f"a constant for each of {term.via} with a factor of {term.of}", place, "take both from the same lists")
    if term.via == "features":
        _need(term.weight is not None, "input features without weight", place, "give them a linear layer")
    if term.weight is not None:
        _need(term.via in ("self", "features"), f"a linear layer via {term.via!r}", place,
              "give it a value of its own, before or behind the list")
        _weight(term.weight, network.features if source is None else source.width, f"{place}.weight")
    width = term_width(network, term)
    if term.gain is not None:
        _need(term.gain.shape == (width,) and _finite(term.gain), "gain is not one finite number a "
              f"channel: shape {term.gain.shape}", place, f"give {width} finite numbers")
    if source is not None:
        _need(source.quantizer is not None, f"source {term.source!r} has no quantizer", place, "give it one")
        _readable(term, source, place)


def _readable(term: Term, source: Value, place: str) -> None:
    assert source.quantizer is not None
    quantizer = source.quantizer
    if term.weight is not None:
        _need(term.factor == "one" or not quantizer.granularity.by_row,
              f"factor of a linear layer on {source.name!r}, whose rows have steps of their own", place,
              "give the factor to the value, or to who reads it")
        _need(quantizer.granularity is not Granularity.PER_CHANNEL
              or bool((quantizer.step == quantizer.step[0]).all()),
              f"a linear layer reads {source.name!r}, whose channels have steps of their own", place,
              "give its source one step for all channels")
    elif term.via != "self" or term.factor != "one":
        _need(not quantizer.granularity.by_row, f"{source.name!r} is quantized {quantizer.granularity}: its rows have "
              "steps of their own", place, "quantize per_channel what lists read, or what has a factor")


def _weight(weight: Weight, fan_in: int, place: str) -> None:
    _need(2 <= weight.bits <= 8, f"bits is {weight.bits}", place, "use 2 to 8 bits, the sign included")
    _need(weight.codes.ndim == 2 and weight.codes.shape[0] == fan_in and weight.codes.shape[1] >= 1,
          f"codes has shape {weight.codes.shape}", place, f"give a row for each of {fan_in} inputs")
    top = (1 << (weight.bits - 1)) - 1
    _need(int(np.abs(weight.codes).max(initial=0)) <= top, f"codes exceed ±{top}", place,
          f"clip them to {weight.bits} bits")
    _steps(weight.step, (weight.codes.shape[1],), place)


def _quantizer(network: Network, value: Value, quantizer: Quantizer, place: str) -> None:
    kind, entries = quantizer.granularity, len(quantizer.step)
    _steps(quantizer.step, (value.width,) if kind is Granularity.PER_CHANNEL else
           (entries,) if kind.by_row else (1,), place)
    count = entries if kind.by_row else 1
    _need(quantizer.bits.shape == (count,), f"bits has shape {quantizer.bits.shape}", place, f"give {count} widths")
    _need(entries >= 1, "there are no entries", place, "give at least one")
    low, high = int(quantizer.bits.min()), int(quantizer.bits.max())
    _need(0 <= low and high <= MAX_ACTIVATION_BITS, f"bits span {low} to {high}", place,
          f"use widths of 0 to {MAX_ACTIVATION_BITS}")
    if kind.by_row and entries > MOST[kind]:
        raise CapacityError(f"{entries} entries {kind}, {MOST[kind]} at most", place, "use fewer, or another quantizer")
    _need(not kind.by_row or kind is Granularity.PER_DEGREE or value.factor == "one",
          f"a factor and a quantizer {kind}", place, "give the factor to the terms, or quantize per_channel")
    zero = quantizer.zero_point
    _need(zero == 0 or not (quantizer.signed or kind.by_row), f"zero point {zero} of "
          f"{'signed codes' if quantizer.signed else f'a quantizer {kind}'}", place,
          "use unsigned codes, quantized per_tensor or per_channel")
    _need(0 <= zero < 1 << high, f"zero point {zero} of {high} bits", place, f"use a code, 0 to {(1 << high) - 1}")
    if kind is Granularity.PER_NODE:
        _need(entries == network.trained_nodes, f"{entries} entries for {network.trained_nodes} trained nodes", place,
              "give one for each")
    if kind is Granularity.PER_DEGREE:
        _need(value.factor == "one" or value.of == quantizer.via, f"degrees of {quantizer.via}, factor of {value.of}",
              place, "take both from the same lists")
    _need(kind not in (Granularity.PER_NODE, Granularity.PER_DEGREE) or value.domain == "nodes",
          f"{value.domain} quantized {kind}", place, f"quantize {value.domain} per_tensor, per_channel or nearest")
    _need(not kind.by_row or value.domain != "edges", f"edges quantized {kind}", place,
          "quantize edges per_tensor or per_channel")
    if kind is Granularity.NEAREST:
        clip = quantizer.clip_value
        _need(clip is not None and clip.shape == (entries,) and _finite(clip)
              and bool((np.diff(clip) >= 0).all()) and clip[0] >= 0, "clip_value is not one ascending number an entry",
              place, f"give {entries} finite numbers from 0 up")


def _steps(step: NDArray[np.float64], shape: tuple[int, ...], place: str) -> None:
    _need(step.shape == shape, f"step has shape {step.shape}", place, f"give shape {shape}")
    good = (step >= _LEAST) & (step <= _MOST)  # of NaN neither
    _need(bool(good.all()), f"a step is not positive and finite: {step[~good][:1]}", place,
          "look for a diverged training, or clamp steps from below: float32 has to hold them")


def _finite(values: NDArray[np.float64]) -> bool:
    return bool((np.abs(values) <= _MOST).all())


def _plain(name: str) -> bool:
    return name.isprintable() and 0 < len(name) <= 500


def _need(good: bool, what: str, where: str, fix: str) -> None:
    if not good:
        raise HwgenError(what, where, fix)
