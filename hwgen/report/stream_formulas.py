"""What the values of a network compute, in one line each."""

import numpy as np

from ..ir.network import Network, Quantizer, Term, Value, Weight

__all__ = ["formula", "is_identity", "quantizer_name", "roles", "title"]

FACTORS = {"one": "", "mean": "1/d · ", "rsqrt": "d^-1/2 · "}


def formula(value: Value) -> str:
    """``relu(g · Σ[edges] v1 + v0 + b)``: lists in brackets, g a gain, W a weight, b the bias, ‖ a concatenation."""
    parts = []
    for offset in sorted({term.offset for term in value.terms}):
        terms = [_term(term) for term in value.terms if term.offset == offset]
        parts.append(f"max({', '.join(terms)})" if value.join == "max" else " + ".join(terms))
    inside = " ‖ ".join(parts)
    if value.bias is not None:
        inside += " + b" if len(parts) == 1 else " (+ b)"
    if value.slope == 0:
        inside = f"relu({inside})"
    elif value.slope != 1:
        inside = f"leaky({inside}, {value.slope:.4g})"
    return f"{FACTORS[value.factor]}({inside})" if value.factor != "one" else inside


def title(name: str, path: str) -> str:
    """A value's name and its layer, which many names begin with."""
    return name if name.startswith(path) else f"{name}, {path}"


def roles(network: Network) -> dict[str, str]:
    """Of each value: ``result``; ``row`` if it has bits by row, or a linear layer reads it; else ``message``."""
    linear = {term.source for value in network.values for term in value.terms
              if term.weight is not None and term.via == "self"}

    def role(value: Value) -> str:
        if value.quantizer is None:
            return "result"
        return "row" if value.quantizer.by != "column" or value.name in linear else "message"

    return {value.name: role(value) for value in network.values}


def quantizer_name(quantizer: Quantizer) -> str:
    """``nearest of 1,000``, ``degree (edges), 33``, ``node, 2,708``, ``column``."""
    if quantizer.by == "column":
        return "column"
    entries = f"{quantizer.step.size:,}"
    if quantizer.by == "nearest":
        return f"nearest of {entries}"
    return f"degree ({quantizer.via}), {entries}" if quantizer.by == "degree" else f"node, {entries}"


def is_identity(weight: Weight) -> bool:
    """Whether a weight only brings the input into the network: no linear layer of the user's."""
    codes = weight.codes
    return bool(codes.shape[0] == codes.shape[1] and np.array_equal(codes, np.eye(len(codes), dtype=codes.dtype)))


def _term(term: Term) -> str:
    source = term.source or ("x" if term.via == "features" else "1")
    if term.weight is not None and not is_identity(term.weight):
        source += " W"
    gain = "" if term.gain is None else "g · "
    if term.via in ("edges", "looped", "members"):
        source = f"{'max' if term.op == 'max' else 'Σ'}[{term.via}] {source}"
    return FACTORS[term.factor] + gain + source
