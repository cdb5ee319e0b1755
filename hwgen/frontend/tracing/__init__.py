"""From a user's module to a plan: any forward made of the layers that hardware runs.

``trace`` lists the calls that a forward makes, ``reader`` goes through them, ``layers``, ``shapes`` and
``convolutions`` say what each computes, ``algebra`` splices and folds, ``storage`` decides what is stored.
"""

from __future__ import annotations

from dataclasses import replace

import torch.nn.functional as F
from torch import nn

from ...errors import HwgenError
from ..calls import Roles, Traced, Value, values_in
from ..stand_in import Shape
from ..trace import trace
from ..traced import TracedNetwork
from .expr import Expr
from .outcomes import End
from .reader import Reader
from .recognisers import RECOGNISERS
from .roles import roles_of
from .storage import assign_storage

__all__ = ["plan_of", "some_plan_of", "traced_of"]


def plan_of(module: nn.Module, *, weighs: bool = False) -> TracedNetwork:
    """Say what a module computes as values that hardware can store, or why hardware cannot run it.

    Parameters
    ----------
    module : Module
        With ``forward(x, edge_index)``, ``forward(x, edge_index, batch)`` or ``forward(data)``. It is left alone, and
        nothing is run: the plan holds copies of its weights, with batch norms in evaluation mode folded.
    weighs : bool
        Whether its forward gets what edges weigh, where it need not.

    Raises
    ------
    HwgenError
        The first construct that is not supported: its module path and line, what it is, and what to use instead.
    """
    roles = roles_of(module, weighs=weighs)
    traced = traced_of(module, roles)
    features = _features(traced)
    reader = _reader(traced, roles, features or 1)
    if features is None and traced.calls:
        raise HwgenError("the width of x is unknown", traced.where, "let x go into a convolution or Linear")
    end = reader.run()
    result = end.expr if isinstance(end, End) else end
    if result.is_input:
        raise HwgenError("forward returns its input", traced.where, "return the result of a layer")
    if result.stored.cap is not None:
        raise HwgenError(f"the result saturates at {result.stored.cap:g}", traced.calls[-1].where,
                         "leave it out at the end, or put a layer behind it: results have no codes that end there")
    cached = [call.where for call in traced.calls if getattr(call.target, "cached", False)]
    return replace(assign_storage(result.stored, features or 1), head=end.head if isinstance(end, End) else "",
                   is_vector=reader.is_flat, one_graph=cached[0] if cached else "")


def some_plan_of(module: nn.Module) -> TracedNetwork:
    """The same before it is known whether edges weigh: as if none did or, where forward counts on it, as if they did.

    Raises
    ------
    HwgenError
        As :func:`plan_of`, of a forward that is supported neither way.
    """
    try:
        return plan_of(module)
    except HwgenError:
        try:
            return plan_of(module, weighs=True)
        except HwgenError:
            pass
        raise


def traced_of(module: nn.Module, roles: Roles, *, training: bool = False) -> Traced:
    """Trace a module, with as many input channels as its layers take where forward asks for that.

    Raises
    ------
    HwgenError
        As :func:`hwgen.frontend.trace.trace`; a layer that is not supported before a place that asks for a shape.
    """
    first: HwgenError | None = None
    for width in dict.fromkeys(filter(None, map(_width, (module, *module.modules())))) or {1: None}:
        asked = False

        def shape_of(traced: Traced, assumed: int = width) -> Shape:
            nonlocal asked
            asked = True
            return _reader(traced, roles, assumed).shape()

        try:
            traced = trace(module, roles, shape_of, training=training)
        except HwgenError as error:
            if not asked:
                raise
            first = first or error
            continue
        if not asked or _features(traced) == width:
            return traced
    if first is not None:
        raise first
    return traced


def _reader(traced: Traced, roles: Roles, features: int) -> Reader:
    batched = bool({*roles.positional, *roles.named.values()} & {"batch", "data"})
    return Reader(traced, Expr(path="x", width=features, shared=True), RECOGNISERS, batched=batched)


def _features(traced: Traced) -> int | None:
    """Width of the input: that of the first layer which states one and reads x, or what is as wide as x."""
    carriers: set[object] = {Value("x")}
    for index, call in enumerate(traced.every):
        given = [each for each in (*call.args, *call.kwargs.values()) if isinstance(each, Value) and each in carriers]
        if not given:
            continue
        known = RECOGNISERS.find(call)
        width = _width(call.target) if isinstance(call.target, nn.Module) else None
        if width is None and known is not None and known.kind == "linear":
            weights = [traced.constants[each.name] for each in values_in((call.args, call.kwargs))
                       if each.name in traced.constants]
            width = int(weights[0].shape[1 if call.target is F.linear else 0]) if weights else None
        if width is not None:
            return width
        if known is not None and known.kind not in ("jump", "cat", "linear"):
            carriers.add(Value("", index))
    return None


def _width(layer: nn.Module) -> int | None:
    for each in layer.modules():  # GINConv has none of its own, but its module does
        for name in ("in_channels", "in_features", "num_features", "channels"):
            width = getattr(each, name, None)
            width = width[0] if isinstance(width, tuple) else width
            if isinstance(width, int) and width > 0:
                return width
    return None
