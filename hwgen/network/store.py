"""Networks in a folder: ``network.npz`` and ``network.json``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from .. import files
from ..documents import parse_json, read_text
from ..errors import HwgenError
from ..kinds import Count, Within, read_as, shown
from .activation import activation_of
from .edges import EdgeCodes, Weighed
from .granularity import Granularity
from .heads import Head
from .input import Input
from .network import Counted, Domain, Factor, Network, Quantizer, Term, Value, Via, Weight
from .rules import check_network

__all__ = ["FORMAT_VERSION", "load_network", "network_arrays", "network_of", "save_network"]

FORMAT_VERSION = 3
FACTS, ARRAYS = "network.json", "network.npz"
AGAIN = "make the checkpoint and the build again"

Arrays = dict[str, NDArray[Any]]

#: Arrays of the input.
_INPUT = ("scale", "zero_point", "column")

_Wide = Annotated[int, Within(1, 1 << 24)]


class _Term(TypedDict):
    source: str | None
    offset: Count
    via: Via
    op: Literal["sum", "max"]
    factor: Factor
    of: Counted
    gain: bool
    weight_bits: Count | None


class _Quantizer(TypedDict):
    signed: bool
    granularity: Literal["per_tensor", "per_channel", "per_node", "per_degree", "nearest"]
    via: Literal["edges", "looped"]
    clip_value: bool
    zero_point: NotRequired[Count]


class _Value(TypedDict):
    name: str
    path: str
    width: _Wide
    domain: Domain
    join: Literal["sum", "max"]
    activation: dict[str, str | float]
    factor: Factor
    of: Counted
    bias: bool
    quantizer: _Quantizer | None
    terms: list[_Term]


class _Input(TypedDict):
    features: _Wide
    bits: Count
    exact: bool


class _Edges(TypedDict):
    bits: Count
    step: float
    by_row: NotRequired[bool]
    given: NotRequired[bool]


class _Network(TypedDict):
    """What JSON holds of a network; ``gain``, ``bias``, ``clip_value`` say whether there is such an array."""

    format: Literal["hwgen network"]
    version: int
    name: str
    input: _Input
    trained_nodes: Count
    head: NotRequired[Head]
    values: list[_Value]
    edges: NotRequired[dict[Weighed, _Edges]]


def save_network(network: Network, folder: Path) -> None:
    """Write a network; the folder is made if it is missing.

    Raises
    ------
    HwgenError
        If the folder cannot be written.
    """
    facts, arrays = network_arrays(network)
    files.write_npz(folder / ARRAYS, arrays)
    files.write_json(folder / FACTS, facts)


def load_network(folder: Path) -> Network:
    """Read what :func:`save_network` wrote, and verify it.

    Raises
    ------
    HwgenError
        If a file is missing, truncated, of another version, or holds a network that does not verify.
    """
    path = folder / FACTS
    facts = parse_json(read_text(path, files.BUILD), str(path), files.BUILD)
    return network_of(facts, files.read_npz(folder / ARRAYS), str(path))


def network_arrays(network: Network) -> tuple[dict[str, Any], Arrays]:
    """A network as plain facts for JSON, and plain arrays."""
    arrays: Arrays = {}
    values = [_value_facts(value, f"values.{index}", arrays) for index, value in enumerate(network.values)]
    facts = {"format": "hwgen network", "version": FORMAT_VERSION, "name": network.name,
             "input": {"features": network.input.features, "bits": network.input.bits, "exact": network.input.exact},
             "trained_nodes": network.trained_nodes, "values": values}
    for name in _INPUT:
        arrays[f"input.{name}"] = getattr(network.input, name)
    if network.edges:
        facts["edges"] = {name: {"bits": each.bits, "step": each.step,
                                 **({"by_row": True, "given": each.given} if each.by_row else {})}
                          for name, each in network.edges.items()}
    facts |= {"head": network.head} if network.head else {}
    return facts, arrays


def network_of(facts: object, arrays: Mapping[str, NDArray[Any]], where: str) -> Network:
    """The network that :func:`network_arrays` took apart, verified.

    Parameters
    ----------
    facts : object
        Out of JSON.
    where : str
        File, for messages.

    Raises
    ------
    HwgenError
        If something is missing, unknown or malformed, or the network does not verify.
    """
    version = facts.get("version") if isinstance(facts, dict) else None
    if version != FORMAT_VERSION:
        raise HwgenError(f"network format version {shown(version)}, this hwgen reads {FORMAT_VERSION}", where,
                         "train or quantize the model, and build it, again with this hwgen")
    known = read_as(_Network, facts, where, AGAIN)
    taken = _Arrays(arrays, where)
    network = Network(
        name=known["name"], trained_nodes=known["trained_nodes"], head=known.get("head", ""),
        input=Input(**known["input"], scale=taken.floats("input.scale"), zero_point=taken.ints("input.zero_point"),
                    column=taken.ints("input.column")),
        values=tuple(_value(value, f"values.{index}", taken) for index, value in enumerate(known["values"])),
        edges={name: EdgeCodes(bits=each["bits"], step=float(each["step"]), by_row=each.get("by_row", False),
                               given=each.get("given", True))
               for name, each in known.get("edges", {}).items()})
    check_network(network)
    taken.check_all_taken()
    return network


class _Arrays:
    """Arrays by name, each of which belongs to something."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], where: str) -> None:
        self._arrays, self._where, self._left = arrays, where, set(arrays)

    def floats(self, key: str) -> NDArray[np.float64]:
        return self._of(key, np.dtype(np.float64))

    def ints(self, key: str) -> NDArray[np.int64]:
        return self._of(key, np.dtype(np.int64))

    def check_all_taken(self) -> None:
        if self._left:
            raise HwgenError(f"entry {shown(min(self._left))} belongs to nothing", self._where, AGAIN)

    def _of(self, key: str, kind: np.dtype[Any]) -> NDArray[Any]:
        if key not in self._arrays:
            raise HwgenError(f"entry {key} is missing", self._where, AGAIN)
        found = self._arrays[key]
        if found.dtype.kind not in "fiu" or not np.can_cast(found.dtype, kind, "safe"):
            raise HwgenError(f"entry {key} is {found.dtype}, not {kind}", self._where, AGAIN)
        self._left.discard(key)
        return found.astype(kind)


def _value_facts(value: Value, stem: str, arrays: Arrays) -> dict[str, Any]:
    """What JSON holds of a value; its arrays are added to ``arrays``."""
    if value.bias is not None:
        arrays[f"{stem}.bias"] = value.bias
    terms = []
    for index, term in enumerate(value.terms):
        part = f"{stem}.terms.{index}"
        if term.gain is not None:
            arrays[f"{part}.gain"] = term.gain
        if term.weight is not None:
            arrays[f"{part}.weight.codes"], arrays[f"{part}.weight.step"] = term.weight.codes, term.weight.step
        terms.append({"source": term.source, "offset": term.offset, "via": term.via, "op": term.op,
                      "factor": term.factor, "of": term.of, "gain": term.gain is not None,
                      "weight_bits": None if term.weight is None else term.weight.bits})
    quantizer = None
    if value.quantizer is not None:
        q = value.quantizer
        arrays[f"{stem}.step"], arrays[f"{stem}.bits"] = q.step, q.bits
        if q.clip_value is not None:
            arrays[f"{stem}.clip_value"] = q.clip_value
        quantizer = {"signed": q.signed, "granularity": q.granularity, "via": q.via,
                     "clip_value": q.clip_value is not None, **({"zero_point": q.zero_point} if q.zero_point else {})}
    return {"name": value.name, "path": value.path, "width": value.width, "domain": value.domain, "join": value.join,
            "activation": value.activation.facts(), "factor": value.factor, "of": value.of,
            "bias": value.bias is not None, "quantizer": quantizer, "terms": terms}


def _value(facts: _Value, stem: str, arrays: _Arrays) -> Value:
    quantizer, about = None, facts["quantizer"]
    if about is not None:
        quantizer = Quantizer(
            signed=about["signed"], granularity=Granularity(about["granularity"]), via=about["via"],
            step=arrays.floats(f"{stem}.step"), bits=arrays.ints(f"{stem}.bits"),
            clip_value=arrays.floats(f"{stem}.clip_value") if about["clip_value"] else None,
            zero_point=about.get("zero_point", 0))
    with files.malformed(f"{stem}.activation", AGAIN):
        activation = activation_of(facts["activation"])
    return Value(
        name=facts["name"], path=facts["path"], width=facts["width"], domain=facts["domain"], join=facts["join"],
        activation=activation, factor=facts["factor"], of=facts["of"], quantizer=quantizer,
        bias=arrays.floats(f"{stem}.bias") if facts["bias"] else None,
        terms=tuple(_term(term, f"{stem}.terms.{index}", arrays) for index, term in enumerate(facts["terms"])))


def _term(facts: _Term, stem: str, arrays: _Arrays) -> Term:
    weight, bits = None, facts["weight_bits"]
    if bits is not None:
        weight = Weight(codes=arrays.ints(f"{stem}.weight.codes"), bits=bits,
                        step=arrays.floats(f"{stem}.weight.step"))
    return Term(source=facts["source"], offset=facts["offset"], via=facts["via"], op=facts["op"], weight=weight,
                factor=facts["factor"], of=facts["of"], gain=arrays.floats(f"{stem}.gain") if facts["gain"] else None)
