"""What the values of a network are called, what reads them, and how they are quantized."""

from ..network.granularity import Granularity
from ..network.network import Network, Quantizer, Value

__all__ = ["quantizer_name", "roles", "title"]


def title(name: str, path: str) -> str:
    """A value's name and its layer, which many names begin with."""
    return name if name.startswith(path) else f"{name}, {path}"


def roles(network: Network) -> dict[str, str]:
    """Of each value: result; activation if its rows have bits of their own or a linear layer reads it; or message."""
    linear = {term.source for value in network.values for term in value.terms
              if term.weight is not None and term.via == "self"}

    def role(value: Value) -> str:
        if value.quantizer is None:
            return "result"
        per_channel = value.quantizer.granularity is Granularity.PER_CHANNEL
        return "message" if per_channel and value.name not in linear else "activation"

    return {value.name: role(value) for value in network.values}


def quantizer_name(quantizer: Quantizer) -> str:
    """``per channel``, ``per tensor``, ``per node, 2,708``, ``per degree (edges), 33``, ``nearest of 1,000``."""
    kind, entries = quantizer.granularity, f"{quantizer.step.size:,}"
    words = kind.replace("_", " ")
    if not kind.by_row:
        return words
    if kind is Granularity.NEAREST:
        return f"{words} of {entries}"
    return f"{words} ({quantizer.via}), {entries}" if kind is Granularity.PER_DEGREE else f"{words}, {entries}"
