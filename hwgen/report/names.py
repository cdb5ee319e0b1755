"""What the values of a network are called, what reads them, and how they are quantized."""

import numpy as np

from ..network.network import Network, Quantizer, Value

__all__ = ["quantizer_name", "roles", "title"]


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
    """``per channel``, ``per tensor``, ``per node, 2,708``, ``per degree (edges), 33``, ``nearest of 1,000``."""
    if quantizer.by == "column":
        return "per tensor" if np.unique(quantizer.step).size == 1 else "per channel"
    entries = f"{quantizer.step.size:,}"
    if quantizer.by == "nearest":
        return f"nearest of {entries}"
    return f"per degree ({quantizer.via}), {entries}" if quantizer.by == "degree" else f"per node, {entries}"
