"""The calls that a forward method makes: what is called, with which values, and where the user wrote it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import HwgenError

__all__ = ["Call", "Count", "Roles", "Target", "Traced", "Value", "bind", "live", "mapped", "name_of", "origins",
           "overwrites", "path_of", "performed", "refuse", "values_in"]

SYMBOLS = {operator.add: "+", operator.iadd: "+=", operator.sub: "-", operator.isub: "-=", operator.mul: "*",
           operator.imul: "*=", operator.truediv: "/", operator.itruediv: "/=", operator.matmul: "@", operator.neg: "-",
           operator.getitem: "[...]", operator.pow: "**"}

#: A module, a function, or the name of a tensor's method.
Target = nn.Module | Callable[..., object] | str


@dataclass(frozen=True)
class Value:
    """What a call takes: ``x``, ``edge_index``, ``edge_weight``, the result of a call, or another name of a tensor."""

    name: str
    index: int = -1


@dataclass(frozen=True)
class Count:
    """How many nodes, edges or graphs there are: what ``x.size(0)`` is, and no number before there is a graph."""

    of: Literal["nodes", "edges", "graphs"]

    def __str__(self) -> str:
        return f"the number of {self.of}"


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
    args, kwargs : tuple and dict
        Tensors are a :class:`Value` each.
    """

    name: str
    path: str
    line: str
    target: Target
    args: tuple[object, ...]
    kwargs: dict[str, object]

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
        In the order of execution; those that the result does not depend on are left out.
    every : tuple of Call
        All of them; values have other numbers here.
    result : Value or other
        What forward returns.
    constants : mapping
        Parameters, buffers and other tensors by the names of their :class:`Value`.
    where : str
        Of the forward method, for errors.
    """

    model: nn.Module
    calls: tuple[Call, ...]
    every: tuple[Call, ...]
    result: object
    constants: Mapping[str, Tensor]
    where: str


@dataclass(frozen=True)
class Roles:
    """What a forward method is called with, by position or by name.

    ``x``, ``edge_index``, ``edge_weight``, ``batch`` or ``data``; ``weighs`` says whether the edges of data weigh.
    """

    positional: tuple[str, ...]
    named: dict[str, str] = field(default_factory=dict)
    weighs: bool = False


def bind(call: Call, defaults: Mapping[str, object]) -> dict[str, Any]:
    """Arguments by name; those that are not listed are refused, never ignored."""
    given: dict[str, Any] = dict(defaults)
    given.update(zip(defaults, call.args, strict=False))
    given.update(call.kwargs)
    extra = list(call.args[len(defaults):]) + [name for name in call.kwargs if name not in defaults]
    if extra:
        refuse(call, f"{call.name} with {extra[0]}", "leave that argument out")
    return given


def refuse(call: Call, what: str, fix: str) -> NoReturn:
    """Raise the error of a call."""
    raise HwgenError(what, call.where, fix)


def path_of(call: Call) -> str:
    """The user's path of a call, without the leading ``model``."""
    return call.path.removeprefix("model").removeprefix(".")


def name_of(target: Target, args: tuple[object, ...] = ()) -> str:
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


def values_in(argument: object) -> list[Value]:
    """Every :class:`Value` within tuples, lists, dictionaries and slices."""
    if isinstance(argument, Value):
        return [argument]
    if isinstance(argument, dict):
        argument = list(argument.values())
    if isinstance(argument, slice):
        argument = [argument.start, argument.stop, argument.step]
    return [value for each in argument for value in values_in(each)] if isinstance(argument, tuple | list) else []


def mapped(change: Callable[[object], object], argument: object) -> Any:
    """An argument with everything changed that lies within tuples, lists, dictionaries and slices."""
    if isinstance(argument, dict):
        return {name: mapped(change, each) for name, each in argument.items()}
    if isinstance(argument, slice):
        return slice(*(mapped(change, each) for each in (argument.start, argument.stop, argument.step)))
    if isinstance(argument, tuple | list):
        return (tuple if isinstance(argument, tuple) else list)(mapped(change, each) for each in argument)
    return change(argument)


def origins(traced: Traced) -> list[Literal["constant", "batch", "x"]]:
    """What each call computes with: constants; the batch, or what edges weigh; or ``x``, as which edges count."""
    found: list[Literal["constant", "batch", "x"]] = []
    for call in traced.calls:
        of = {found[each.index] if each.index >= 0 else "batch" if each.name in ("batch", "edge_weight") else
              "constant" if each.name in traced.constants else "x"
              for each in values_in((call.args, call.kwargs))}
        found.append("x" if "x" in of else "batch" if "batch" in of else "constant")
    return found


def overwrites(call: Call) -> bool:
    """Whether a call changes its argument."""
    name = call.target if isinstance(call.target, str) else getattr(call.target, "__name__", "")
    if isinstance(call.target, nn.Module):
        return bool(getattr(call.target, "inplace", False)) and not isinstance(call.target, nn.Dropout)
    if "dropout" in name:
        return False  # in evaluation it returns its argument
    return bool(call.kwargs.get("inplace")) or name in ("iadd", "isub", "imul", "itruediv") or name.endswith("_")


def performed(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a call gives for these arguments, as PyTorch has it."""
    if isinstance(call.target, str):
        return getattr(args[0], call.target)(*args[1:], **kwargs)
    return call.target(*args, **kwargs)


def live(calls: list[Call], result: object) -> tuple[tuple[Call, ...], object]:
    """Calls that the result depends on, or that overwrite something, and the result, with their new numbers."""
    wanted = {value.index for value in values_in(result)}
    for index in reversed(range(len(calls))):
        if index in wanted or overwrites(calls[index]):
            wanted |= {index, *(value.index for value in values_in((calls[index].args, calls[index].kwargs)))}
    number = {index: place for place, index in enumerate(sorted(wanted - {-1}))}

    def moved(each: object) -> object:
        return Value(each.name, number[each.index]) if isinstance(each, Value) and each.index >= 0 else each

    kept = (calls[index] for index in number)
    return tuple(replace(each, args=mapped(moved, each.args), kwargs=mapped(moved, each.kwargs))
                 for each in kept), mapped(moved, result)
