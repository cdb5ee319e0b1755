"""Which values of a traced network can be negative: a bit is not wasted on the sign of what a ReLU leaves."""

from torch import Tensor

from ..traced import TracedNetwork

__all__ = ["signs_of"]


def signs_of(plan: TracedNetwork) -> dict[str, bool]:
    """Whether each value can be negative, by name."""
    signed: dict[str, bool] = {}
    for value in plan.values:
        signed[value.name] = value.activation.keeps_sign and (_negative(value.bias) or any(
            term.weight is not None or _negative(term.gain) or (term.via == "sources" and not plan.plain)
            or (term.source is not None and signed[term.source])
            for term in value.terms))
    return signed


def _negative(tensor: Tensor | None) -> bool:
    return tensor is not None and bool((tensor < 0).any())
