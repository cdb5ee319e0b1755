"""Networks in a folder: ``network.npz`` and ``network.json``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from .. import files
from ..errors import HwgenError
from .activation import activation_of
from .granularity import Granularity
from .network import Counted, Domain, Factor, Network, Quantizer, Term, Value, Via, Weight
from .rules import check_network

__all__ = ["FORMAT_VERSION", "load_network", "network_arrays", "network_of", "save_network"]

FORMAT_VERSION = 2
FACTS, ARRAYS = "network.json", "network.npz"

Arrays = dict[str, NDArray[Any]]

_WORDS: Mapping[str, tuple[str, ...]] = {
    "domain": get_args(Domain), "via": get_args(Via), "op": ("sum", "max"), "join": ("sum", "max"),
    "factor": get_args(Factor), "of": get_args(Counted), "granularity": tuple(Granularity)}


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
    return network_of(files.read_json(folder / FACTS), files.read_npz(folder / ARRAYS), str(folder / FACTS))


def network_arrays(network: Network) -> tuple[dict[str, Any], Arrays]:
    """A network as plain facts for JSON, and plain arrays."""
    arrays: Arrays = {}
    values = [_value_facts(value, f"values.{index}", arrays) for index, value in enumerate(network.values)]
    facts = {"format": "hwgen network", "version": FORMAT_VERSION, "name": network.name, "features": network.features,
             "input_bits": network.input_bits, "input_scale": network.input_scale,
             "trained_nodes": network.trained_nodes, "values": values}
    return facts, arrays


def network_of(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], where: str) -> Network:
    """The network that :func:`network_arrays` took apart, verified.

    Parameters
    ----------
    where : str
        File, for messages.

    Raises
    ------
    HwgenError
        If something is missing or malformed, or the network does not verify.
    """
    if facts.get("version") != FORMAT_VERSION:
        raise HwgenError(f"network format version {facts.get('version')!r}, this hwgen reads {FORMAT_VERSION}", where,
                         "train or quantize the model, and build it, again with this hwgen")
    with files.malformed(where):
        network = Network(
            name=str(facts["name"]), features=int(facts["features"]), input_bits=int(facts["input_bits"]),
            input_scale=float(facts["input_scale"]), trained_nodes=int(facts["trained_nodes"]),
            values=tuple(_value(value, f"values.{index}", arrays) for index, value in enumerate(facts["values"])))
    check_network(network)
    return network


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
                     "clip_value": q.clip_value is not None}
    return {"name": value.name, "path": value.path, "width": value.width, "domain": value.domain, "join": value.join,
            "activation": value.activation.facts(), "factor": value.factor, "of": value.of,
            "bias": value.bias is not None, "quantizer": quantizer, "terms": terms}


def _value(facts: Mapping[str, Any], stem: str, arrays: Mapping[str, NDArray[Any]]) -> Value:
    quantizer = None
    if facts["quantizer"] is not None:
        about = facts["quantizer"]
        quantizer = Quantizer(
            signed=bool(about["signed"]), granularity=Granularity(_word(about, "granularity")),
            via=_word(about, "via"), step=_floats(arrays, f"{stem}.step"), bits=_ints(arrays, f"{stem}.bits"),
            clip_value=_floats(arrays, f"{stem}.clip_value") if about["clip_value"] else None)
    return Value(
        name=str(facts["name"]), path=str(facts["path"]), width=int(facts["width"]), domain=_word(facts, "domain"),
        join=_word(facts, "join"), activation=activation_of(facts["activation"]), factor=_word(facts, "factor"),
        of=_word(facts, "of"), quantizer=quantizer, bias=_floats(arrays, f"{stem}.bias") if facts["bias"] else None,
        terms=tuple(_term(term, f"{stem}.terms.{index}", arrays) for index, term in enumerate(facts["terms"])))


def _term(facts: Mapping[str, Any], stem: str, arrays: Mapping[str, NDArray[Any]]) -> Term:
    weight = None
    if facts["weight_bits"] is not None:
        weight = Weight(codes=_ints(arrays, f"{stem}.weight.codes"), bits=int(facts["weight_bits"]),
                        step=_floats(arrays, f"{stem}.weight.step"))
    source = facts["source"]
    return Term(source=None if source is None else str(source), offset=int(facts["offset"]), via=_word(facts, "via"),
                op=_word(facts, "op"), weight=weight, factor=_word(facts, "factor"), of=_word(facts, "of"),
                gain=_floats(arrays, f"{stem}.gain") if facts["gain"] else None)


def _word(facts: Mapping[str, Any], key: str) -> Any:
    """One of the words that the key allows."""
    if facts[key] not in _WORDS[key]:
        raise ValueError(f"{key} {facts[key]!r}")
    return facts[key]


def _floats(arrays: Mapping[str, NDArray[Any]], key: str) -> NDArray[np.float64]:
    return arrays[key].astype(np.float64, casting="safe")


def _ints(arrays: Mapping[str, NDArray[Any]], key: str) -> NDArray[np.int64]:
    return arrays[key].astype(np.int64, casting="safe")
