"""Trace a user's module with torch.fx: its forward becomes a list of calls, each with its module path and its line.

Layers of ``torch.nn`` and ``torch_geometric.nn``, and every subclass of PyG's ``MessagePassing``, stay whole; the
user's own modules and their containers are looked into. Nothing is judged here: :mod:`.tracing` does that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from torch import Tensor, fx, nn

from ..errors import HwgenError
from .calls import Call, Roles, Traced, Value, live, name_of
from .copying import copy_of
from .stand_in import CountOf, Data, Shape, StandIn, Undecided
from .tracer import Tracer, same_rows, whole_pooling
from .user_code import line_of, said, users_code

__all__ = ["ShapeOf", "trace", "trace_part"]

#: Gives the shape of the result of what was traced so far.
ShapeOf = Callable[[Traced], Shape]


def trace(model: nn.Module, roles: Roles, shape_of: ShapeOf, *, training: bool = False) -> Traced:
    """Trace a module as it is in evaluation mode, or in training; the module itself is left alone.

    Parameters
    ----------
    model : Module
    roles : Roles
    shape_of : callable
        Asked where forward looks at the shape of a tensor.

    Raises
    ------
    HwgenError
        A module that cannot be copied, or a forward whose path depends on the values it computes.
    """
    copied = copy_of(model, training=training)
    return _trace(_Entry(copied, roles), copied, f"model ({type(copied).__name__}.forward)", shape_of)


def trace_part(module: nn.Module, path: str, shape_of: ShapeOf) -> Traced:
    """Trace a module that a layer holds and calls with one tensor, ``x``, such as GINConv's; ``path`` is its own."""
    traced = _trace(_Entry(module, Roles(("x",))), module, path, shape_of)
    calls = [replace(call, path=path + call.path.removeprefix("model")) for call in traced.calls]
    return replace(traced, calls=tuple(calls))


def _trace(entry: _Entry, model: nn.Module, where: str, shape_of: ShapeOf) -> Traced:
    def traced(graph: fx.Graph, wanted: fx.Node | None = None) -> Traced:
        calls, result, constants = _calls(graph, tracer, wanted)
        kept, moved = live(calls, result)
        return Traced(model=model, calls=kept, every=tuple(calls), result=moved, constants=constants, where=where)

    def refusal(error: BaseException) -> HwgenError:
        place = line_of(error)
        what = (str(error) if isinstance(error, Undecided) else "forward decides by the values of a tensor"
                if isinstance(error, fx.proxy.TraceError) else
                f"forward cannot be traced: {said(error)}".replace(CountOf.__name__, "what only a graph tells"))
        return HwgenError(what, f"{where.split(' ')[0]} ({place})" if place else where,
                          "let forward make the same calls for every input: no if, while or loop over a tensor or over "
                          "how many rows it has, and no int(), float() or len() of one")

    with users_code(refusal), whole_pooling(), same_rows():
        tracer = Tracer(lambda node: shape_of(traced(node.graph, node)))
        graph = tracer.trace(entry)
    return traced(graph)


class _Entry(nn.Module):
    """Calls the user's model: every path gets the prefix ``model``, and arguments arrive by their roles."""

    def __init__(self, model: nn.Module, roles: Roles) -> None:
        super().__init__()
        self.model, self.roles = model, roles

    def forward(self, x: StandIn, edge_index: StandIn, edge_weight: StandIn, batch: StandIn, data: StandIn) -> object:
        weight = edge_weight if self.roles.weighs else None
        given = {"x": x, "edge_index": edge_index, "edge_weight": edge_weight, "batch": batch,
                 "data": Data(data, x, edge_index, batch, weight)}
        return self.model(*[given[role] for role in self.roles.positional],
                          **{name: given[role] for name, role in self.roles.named.items()})


def _calls(graph: fx.Graph, tracer: Tracer, wanted: fx.Node | None) -> tuple[list[Call], object, dict[str, Tensor]]:
    """All calls, what is returned (or ``wanted``, a node that is looked at before the end), and constants."""
    values: dict[fx.Node, Value] = {}
    calls: list[Call] = []
    constants: dict[str, Tensor] = {}
    result: object = None
    for node in graph.nodes:
        if node.op in ("placeholder", "get_attr"):
            values[node] = Value(str(node.target))
            known = tracer.constant(node)
            if known is not None:
                constants[str(node.target)] = known
            continue
        args, kwargs = (fx.node.map_arg(each, cast(Any, values.__getitem__)) for each in (node.args, node.kwargs))
        if node.op == "output":
            result = args[0]
            continue
        target = node.target if node.op != "call_module" else tracer.root.get_submodule(str(node.target))
        path = str(node.target) if node.op == "call_module" else node.meta["path"]
        values[node] = Value("", len(calls))
        calls.append(Call(name=name_of(target, args), path=path, line=node.meta["line"], target=target, args=args,
                          kwargs=kwargs))
    return calls, result if wanted is None else values[wanted], constants
