"""What the values of a network are called, what reads them, and how they are quantized."""

from ..network.granularity import Granularity
from ..network.network import Network, Quantizer

__all__ = ["quantizer_name", "roles", "title"]


def title(name: str, path: str) -> str:
    """A value's name and its layer, which many names begin with."""
    return name if name.startswith(path) else f"{name}, {path}"


def roles(network: Network) -> dict[str, str]:
    """Of each value: result; activation if its rows have steps of their own or a linear layer reads it; or message."""
    linear = {term.source for value in network.values for term in value.terms
              if term.weight is not None and term.via == "self"}

    return {value.name: "result" if value.quantizer is None else
            "activation" if value.quantizer.granularity.by_row or value.name in linear else "message"
            for value in network.values}


def quantizer_name(quantizer: Quantizer) -> str:
    """``per tensor, zero point 7``, ``per channel``, ``per node, 27``, ``per degree (edges), 3``, ``nearest of 9``."""
    kind, entries = quantizer.granularity, f"{quantizer.step.size:,}"
    words = kind.replace("_", " ")
    if not kind.by_row:
        return f"{words}, zero point {quantizer.zero_point}" if quantizer.zero_point else words
    if kind is Granularity.NEAREST:
        return f"{words} of {entries}"
    return f"{words} ({quantizer.via}), {entries}" if kind is Granularity.PER_DEGREE else f"{words}, {entries}"
