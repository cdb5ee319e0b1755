"""Trace a user's module with torch.fx: its forward becomes a list of calls, each with its module path and its line.

Layers of ``torch.nn`` and ``torch_geometric.nn``, and every subclass of PyG's ``MessagePassing``, stay whole; the
user's own modules and their containers are looked into. Nothing is judged here: :mod:`.tracing` does that.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import fx, nn

from ..errors import HwgenError
from .copying import copy_of
from .tracer import Tracer, whole_pooling
from .user_code import line_of, said, users_code

__all__ = ["Call", "Roles", "Traced", "Value", "name_of", "trace", "trace_part"]

#: Arguments that PyG's conventions name and hwgen has nothing for; those with defaults are left at them.
FOREIGN = ("edge_weight", "edge_attr", "batch", "pos", "ptr")
SYMBOLS = {operator.add: "+", operator.iadd: "+=", operator.sub: "-", operator.isub: "-=", operator.mul: "*",
           operator.imul: "*=", operator.truediv: "/", operator.matmul: "@", operator.getitem: "[...]"}


@dataclass(frozen=True)
class Value:
    """Something that a call takes: ``x``, ``edge_index``, the result of call ``index``, or another name of a tensor."""

    name: str
    index: int = -1


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that the forward method makes.

    Parameters
    ----------
    name : str
        What is called, as the user knows it: ``GCNConv``, ``F.relu``, ``.mean()``, ``+``.
    path : str
        Path of the module called, or of the one whose forward calls a function; it starts with ``model``.
    line : str
        File and line of the call, such as ``net.py:23``; empty where a library makes it.
    target : module, function, or str
        A str is the name of a tensor's method.
    args, kwargs : tuple and dict
        Tensors are a :class:`Value` each.
    """

    name: str
    path: str
    line: str
    target: nn.Module | Callable[..., Any] | str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def where(self) -> str:
        """Place for an error: the module's path, and the line."""
        own = self.path if isinstance(self.target, nn.Module) else f"{self.path}.forward"
        return f"{own} ({self.line})" if self.line else own


@dataclass(frozen=True, kw_only=True)
class Traced:
    """A traced model.

    Parameters
    ----------
    model : Module
        A copy of the user's, on the CPU, in evaluation mode; calls refer to its modules.
    calls : tuple of Call
        In the order of execution.
    result : Value or other
        What forward returns.
    where : str
        Of the forward method, for errors.
    """

    model: nn.Module
    calls: tuple[Call, ...]
    result: Any
    where: str


@dataclass(frozen=True)
class Roles:
    """What a forward method is called with: ``x``, ``edge_index``, ``batch`` or ``data``, by position or by name.

    ``read`` are the attributes of ``data`` that are known.
    """

    positional: tuple[str, ...]
    named: dict[str, str] = field(default_factory=dict)
    read: tuple[str, ...] = ("x", "edge_index")


def trace(model: nn.Module, roles: Roles, *, training: bool = False) -> Traced:
    """Trace a module as it is in evaluation mode, or in training; the module itself is left alone.

    Parameters
    ----------
    model : Module
    roles : Roles

    Raises
    ------
    HwgenError
        A module that cannot be copied, or a forward whose path depends on the values it computes.
    """
    copied = copy_of(model, training=training)
    return _trace(_Entry(copied, roles), copied, f"model ({type(copied).__name__}.forward)", roles)


def trace_part(module: nn.Module, path: str) -> Traced:
    """Trace a module that a layer holds and calls with one tensor, ``x``, such as GINConv's; ``path`` is its own."""
    traced = _trace(_Part(module), module, path, Roles(("x",)))
    calls = [replace(call, path=path + call.path.removeprefix("model")) for call in traced.calls]
    return replace(traced, calls=tuple(calls))


def _trace(entry: nn.Module, model: nn.Module, where: str, roles: Roles) -> Traced:
    def refusal(error: BaseException) -> HwgenError:
        place = line_of(error)
        what = ("forward decides by the values of a tensor" if isinstance(error, fx.proxy.TraceError)
                else f"forward cannot be traced: {said(error)}")
        return HwgenError(what, f"{where.split(' ')[0]} ({place})" if place else where,
                          "let forward make the same calls for every input: no if, while or loop over a tensor, and no "
                          "int(), float() or len() of one")

    with users_code(refusal), whole_pooling():
        graph = Tracer().trace(entry)
    calls, result = _calls(graph, entry, roles)
    return Traced(model=model, calls=tuple(calls), result=result, where=where)


class _Entry(nn.Module):
    """Calls the user's model: every path gets the prefix ``model``, and arguments arrive by their roles."""

    def __init__(self, model: nn.Module, roles: Roles) -> None:
        super().__init__()
        self.model, self.roles = model, roles

    def forward(self, x: Any, edge_index: Any, batch: Any, data: Any) -> Any:
        given = {"x": x, "edge_index": edge_index, "batch": batch, "data": data}
        return self.model(*[given[role] for role in self.roles.positional],
                          **{name: given[role] for name, role in self.roles.named.items()})


class _Part(nn.Module):
    """Calls a module with one tensor."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Any) -> Any:
        return self.model(x)


def _calls(graph: fx.Graph, entry: nn.Module, roles: Roles) -> tuple[list[Call], Any]:
    values: dict[fx.Node, Value] = {}
    calls: list[Call] = []
    result: Any = None
    for node in graph.nodes:
        if node.op in ("placeholder", "get_attr"):
            values[node] = Value(str(node.target))
            continue
        args, kwargs = (_with_values(each, values) for each in (node.args, node.kwargs))
        if node.op == "output":
            result = args[0]
            continue
        target: Any = node.target
        if target is getattr:
            if not node.users:
                continue
            if args[0] == Value("data") and args[1] in roles.read:
                values[node] = Value(args[1])
                continue
        if node.op == "call_module":
            target = entry.get_submodule(target)
        path = str(node.target) if node.op == "call_module" else node.meta["path"]
        values[node] = Value("", len(calls))
        calls.append(Call(name=name_of(target, args), path=path, line=node.meta["line"], target=target, args=args,
                          kwargs=kwargs))
    return calls, result


def _with_values(argument: Any, values: dict[fx.Node, Value]) -> Any:
    return fx.node.map_arg(argument, cast(Any, values.__getitem__))


def name_of(target: Any, args: tuple[Any, ...] = ()) -> str:
    """What is called, as the user wrote it."""
    if isinstance(target, nn.Module):
        return type(target).__name__
    if isinstance(target, str):
        return f".{target}()"
    if target is getattr:
        return f"data.{args[1]}" if args[0] == Value("data") else f".{args[1]}"
    if target in SYMBOLS:
        return SYMBOLS[target]
    name = getattr(target, "__name__", str(target))
    for home, prefix in ((F, "F."), (torch, "torch.")):
        if getattr(home, name, None) is target:
            return prefix + name
    return str(name)
