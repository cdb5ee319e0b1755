"""Go through a traced forward, call by call, and keep what each of them computes as a symbolic value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ...errors import HwgenError
from ..calls import refuse
from ..trace import Call, Traced, Value
from .expr import Expr
from .refusals import fix_for
from .table import Recogniser, Recognisers

__all__ = ["End", "Read", "Reader", "demand_finite", "path_of"]

#: Reads a call of a layer (None for a function or method).
Read = Callable[["Reader", Call, Any], "Expr | End"]
Weights = dict[nn.Module, tuple[Tensor, Tensor | None]]


@dataclass(frozen=True)
class End:
    """Logits behind a softmax, which is left out: nothing may follow."""

    expr: Expr
    name: str
    head: Literal["log_softmax", "softmax"]


class Reader:
    """Reads one traced forward.

    Parameters
    ----------
    traced : Traced
    given : Expr
        What the forward gets as ``x``.
    recognisers : Recognisers
    batched : bool
        Whether several graphs come at once, so that pooling needs to be told which node is whose.
    weights : dict or None
        Weights and biases seen so far, by their layer: one that is called twice has one.
    """

    def __init__(self, traced: Traced, given: Expr, recognisers: Recognisers, *, batched: bool,
                 weights: Weights | None = None) -> None:
        self.traced, self.recognisers, self.batched = traced, recognisers, batched
        self.weights: Weights = {} if weights is None else weights
        self._found = [self._recogniser(call) for call in traced.calls]  # errors speak of layers first
        roots = self._roots()
        self._uses = self._count(roots)
        self._given = given if given.is_input else replace(given, shared=self._uses[Value("x")] > 1)
        self._read: list[Expr | End] = []
        self._check_in_place(roots)

    def run(self) -> Expr | End:
        """The result of forward.

        Raises
        ------
        HwgenError
            The first call whose arguments are not supported; unknown layers and functions were refused before.
        """
        traced = self.traced
        for index, (call, known) in enumerate(zip(traced.calls, self._found, strict=True)):
            out = known.read(self, call, call.target if isinstance(call.target, nn.Module) else None)
            if isinstance(out, Expr) and not any(out is each for each in (self._given, *self._read)):
                out = replace(out, shared=self._uses[Value("", index)] > 1)
            self._read.append(out)
        if isinstance(traced.result, tuple | list | dict):
            raise HwgenError(f"forward returns {len(traced.result)} values", traced.where, "return the logits only")
        result = traced.result
        if not isinstance(result, Value) or (result.index < 0 and result != Value("x")):
            raise HwgenError("forward does not return what its layers compute", traced.where, "return the logits")
        return self._read[result.index] if result.index >= 0 else self._given

    def part(self, traced: Traced, given: Expr) -> Expr | End:
        """The result of a module that a layer holds."""
        return Reader(traced, given, self.recognisers, batched=self.batched, weights=self.weights).run()

    def expr(self, call: Call, value: Any) -> Expr:
        """The symbolic value that a call takes.

        Raises
        ------
        HwgenError
            Not a value of nodes or graphs, or one behind a softmax.
        """
        if value == Value("x"):
            return self._given
        if not isinstance(value, Value) or value.index < 0:
            name = value.name.removeprefix("model.") if isinstance(value, Value) else repr(value)
            refuse(call, f"{call.name} of {name}", "compute with x and the results of layers only")
        out = self._read[value.index]
        if isinstance(out, End):
            refuse(call, f"{call.name} after {out.name}", f"make {out.name} the last call")
        return out

    def exprs(self, call: Call, values: Any) -> list[Expr]:
        """The symbolic values of a list that a call takes, all of nodes or all of graphs."""
        if not isinstance(values, tuple | list) or not values:
            refuse(call, f"{call.name} of something that is not a list", "give it a list of results of layers")
        exprs = [self.expr(call, each) for each in values]
        if len({each.domain for each in exprs}) > 1:
            refuse(call, f"{call.name} of values of nodes and of graphs", "pool the values of nodes first")
        return exprs

    def _recogniser(self, call: Call) -> Recogniser:
        target, found = call.target, self.recognisers.find(call)
        if found is None:
            refuse(call, f"{call.name} is not supported", fix_for(call, self.recognisers))
        if isinstance(target, nn.Module):
            if _has_hooks(target):
                refuse(call, f"{call.name} with a hook",
                       "remove hooks and weight normalisation: they may compute anything")
            for name, tensor in (*target.named_parameters(), *target.named_buffers()):
                demand_finite(call, f"{call.path}.{name}", tensor)
        return found

    def _roots(self) -> dict[Value, Value]:
        """The value that each name of a tensor stands for: dropout and its like return their argument."""
        roots = {Value("x"): Value("x")}
        for index, (call, known) in enumerate(zip(self.traced.calls, self._found, strict=True)):
            own = Value("", index)
            roots[own] = own
            if known.is_alias:
                first = next(iter([*call.args, *call.kwargs.values()]), None)
                roots[own] = roots.get(first, own) if isinstance(first, Value) else own
        return roots

    def _count(self, roots: dict[Value, Value]) -> Counter[Value]:
        calls = zip(self.traced.calls, self._found, strict=True)
        uses = Counter(roots[value] for call, known in calls if not known.is_alias
                       for value in values_in((call.args, call.kwargs)) if value in roots)
        uses.update(roots[value] for value in values_in(self.traced.result) if value in roots)
        return Counter({value: uses[root] for value, root in roots.items()})

    def _check_in_place(self, roots: dict[Value, Value]) -> None:
        """A call that overwrites its argument must be the last one that reads it."""
        for index, call in enumerate(self.traced.calls):
            if not _overwrites(call):
                continue
            target = roots.get(next(iter(values_in((call.args, call.kwargs))), Value("")))
            after = [(each.args, each.kwargs) for each in self.traced.calls[index + 1:]]
            if target is not None and target in [roots.get(value) for value in values_in([after, self.traced.result])]:
                refuse(call, f"{call.name} overwrites a value that is used again",
                       "use the form that returns a new tensor: no inplace=True, no +=")


def path_of(call: Call) -> str:
    """The user's path of a call, without the leading ``model``."""
    return call.path.removeprefix("model").removeprefix(".")


def values_in(argument: Any) -> list[Value]:
    """Every :class:`Value` within tuples, lists and dictionaries."""
    if isinstance(argument, Value):
        return [argument]
    if isinstance(argument, dict):
        argument = list(argument.values())
    return [value for each in argument for value in values_in(each)] if isinstance(argument, tuple | list) else []


def demand_finite(call: Call, name: str, tensor: Tensor) -> None:
    """Refuse weights that diverged, and complex ones."""
    if tensor.is_complex():
        refuse(call, f"{name} is complex", "use real numbers: hardware has no complex ones")
    wrong = tensor.detach()[~torch.isfinite(tensor)]
    if len(wrong):
        refuse(call, f"{name} holds {float(wrong[0])}, which is not finite",
               "train again with a lower learning rate, or load other weights")


def _overwrites(call: Call) -> bool:
    name = call.target if isinstance(call.target, str) else getattr(call.target, "__name__", "")
    if isinstance(call.target, nn.Module):
        return bool(getattr(call.target, "inplace", False)) and not isinstance(call.target, nn.Dropout)
    if "dropout" in name:
        return False  # in evaluation it returns its argument
    return bool(call.kwargs.get("inplace")) or name in ("iadd", "imul", "itruediv") or name.endswith("_")


def _has_hooks(layer: nn.Module) -> bool:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_propagate_forward_pre_hooks", "_propagate_forward_hooks",
             "_message_forward_pre_hooks", "_message_forward_hooks", "_aggregate_forward_pre_hooks",
             "_aggregate_forward_hooks")
    return any(getattr(each, kind, None) for each in layer.modules() for kind in kinds)
