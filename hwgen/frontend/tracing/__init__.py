"""From a user's module to a plan: any forward made of the layers that hardware runs.

``trace`` lists the calls that a forward makes, ``reader`` goes through them, ``layers`` and ``convolutions`` say what
each computes, ``algebra`` splices and folds, ``storage`` decides what is stored.
"""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from ...errors import HwgenError
from ..trace import Traced, Value, trace
from ..traced import TracedNetwork
from .expr import Expr
from .reader import End, Reader
from .recognisers import RECOGNISERS
from .roles import roles_of
from .storage import assign_storage

__all__ = ["plan_of"]


def plan_of(module: nn.Module) -> TracedNetwork:
    """Say what a module computes as values that hardware can store, or why hardware cannot run it.

    Parameters
    ----------
    module : Module
        With ``forward(x, edge_index)``, ``forward(x, edge_index, batch)`` or ``forward(data)``. It is left alone, and
        nothing is run: the plan holds copies of its weights, with batch norms in evaluation mode folded.

    Raises
    ------
    HwgenError
        The first construct that is not supported: its module path and line, what it is, and what to use instead.
    """
    roles = roles_of(module)
    traced = trace(module, roles)
    taken = {*roles.positional, *roles.named.values()}
    features = _features(traced)
    reader = Reader(traced, Expr(path="x", width=features or 1, shared=True), RECOGNISERS,
                    batched=bool(taken & {"batch", "data"}))
    if features is None:
        raise HwgenError("the width of x is unknown", traced.where, "let x go into a convolution or Linear")
    end = reader.run()
    result = end.expr if isinstance(end, End) else end
    if result.is_input:
        raise HwgenError("forward returns its input", traced.where, "return the result of a layer")
    plan = assign_storage(result.stored, features)
    return replace(plan, head=end.head) if isinstance(end, End) else plan


def _features(traced: Traced) -> int | None:
    """Width of the input: that of the first layer which states one and reads x, or a pooled or dropped-out x."""
    carriers = {Value("x")}
    for index, call in enumerate(traced.calls):
        first = next(iter([*call.args, *call.kwargs.values()]), None)
        if not isinstance(first, Value) or first not in carriers:
            continue
        width = _width(call.target) if isinstance(call.target, nn.Module) else None
        if width is not None:
            return width
        if call.name not in ("JumpingKnowledge", "+"):
            carriers.add(Value("", index))
    return None


def _width(layer: nn.Module) -> int | None:
    for each in layer.modules():  # GINConv has none of its own, but its module does
        for name in ("in_channels", "in_features", "num_features"):
            width = getattr(each, name, None)
            width = width[0] if isinstance(width, tuple) else width
            if isinstance(width, int) and width > 0:
                return width
    return None
