"""What a value computes, in one line."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .edges import CODED

__all__ = ["formula", "is_identity"]

FACTORS = {"one": "", "mean": "1/d · ", "rsqrt": "d^-1/2 · "}


def formula(value: Any, matrix: Callable[[Any], NDArray[Any]]) -> str:
    """``relu(g · Σ[edges] v1 + v0 + b)``: lists in brackets, g a gain, W a weight, b the bias, ‖ a concatenation.

    Edges that weigh multiply each listed row by n.

    Parameters
    ----------
    value : hwgen.network.network.Value
        Or what has the same fields, with weights, gains and biases of another type.
    matrix : callable
        Elements [in, out] of a term's weight.
    """
    parts = []
    for offset in sorted({term.offset for term in value.terms}):
        terms = [_term(term, matrix) for term in value.terms if term.offset == offset]
        parts.append(f"max({', '.join(terms)})" if value.join == "max" else " + ".join(terms))
    inside = " ‖ ".join(parts)
    if value.bias is not None:
        inside += " + b" if len(parts) == 1 else " (+ b)"
    inside = value.activation.text(inside)
    return f"{FACTORS[value.factor]}({inside})" if value.factor != "one" else inside


def is_identity(matrix: NDArray[Any]) -> bool:
    """Whether a weight only brings the input into the network: no linear layer of the user's."""
    return bool(matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, np.eye(len(matrix))))


def _term(term: Any, matrix: Callable[[Any], NDArray[Any]]) -> str:
    source = term.source or ("x" if term.via == "features" else "1")
    if term.weight is not None and not is_identity(matrix(term.weight)):
        source += " W"
    gain = "" if term.gain is None else "g · "
    if term.via not in ("self", "features"):
        source = f"{'max' if term.op == 'max' else 'Σ'}[{term.via}] {'n · ' if term.via in CODED else ''}{source}"
    return FACTORS[term.factor] + gain + source
