"""Go through a traced forward, call by call, and keep what each of them computes as a symbolic value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import HwgenError
from ..calls import Call, Count, Traced, Value, mapped, origins, overwrites, performed, refuse, values_in
from ..stand_in import CountOf, Shape, Undecided
from ..user_code import said
from .expr import Expr
from .outcomes import OF_BATCH, End, Fixed, Outcome, Shaped
from .refusals import fix_for
from .table import ELEMENTWISE, Recogniser, Recognisers

__all__ = ["Read", "Reader"]

#: Reads a call of a layer (None for a function or method).
Read = Callable[["Reader", Call, Any], Outcome | Shaped]
Weights = dict[object, tuple[Tensor, Tensor | None]]


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
        self._of = origins(traced)
        self._rows = [self._recogniser(call, of) for call, of in zip(traced.calls, self._of, strict=True)]
        roots = self._roots()
        self._uses = self._count(roots)
        self._given = given if given.is_input else replace(given, shared=self._uses[Value("x")] > 1)
        self._read: list[Outcome] = []
        self._flat: set[Value] = set()
        self._check_in_place(self._roots(copies=True))

    def run(self) -> Expr | End:
        """The result of forward.

        Raises
        ------
        HwgenError
            The first call whose arguments are not supported; unknown layers and functions were refused before.
        """
        traced = self.traced
        self._run()
        if isinstance(traced.result, tuple | list | dict):
            raise HwgenError(f"forward returns {len(traced.result)} values", traced.where,
                             "return the logits only; keep others as attributes: self.embedding = h")
        result = self.outcome(traced.result)
        if not isinstance(result, Expr | End):
            kind = "" if isinstance(traced.result, Value) else f", but a {type(traced.result).__name__}"
            raise HwgenError(f"forward does not return what its layers compute{kind}", traced.where,
                             "return the logits; what forward gets while it is traced is no torch.Tensor")
        return result

    def shape(self) -> Shape:
        """Shape of what the calls so far compute, for a forward that asks for it."""
        self._run()
        result = self.outcome(self.traced.result)
        if isinstance(result, Expr | End):
            expr = result.expr if isinstance(result, End) else result
            return (CountOf(expr.domain),) if self.is_flat else (CountOf(expr.domain), expr.width)
        if isinstance(result, Fixed):
            return tuple(torch.as_tensor(result.value).shape)
        if result == Value("edge_index"):
            return 2, CountOf("edges")
        if result in (Value("batch"), Value("edge_weight")):
            return (CountOf("nodes" if result == Value("batch") else "edges"),)
        raise Undecided("forward decides by the edges, or by the graph of each node")

    @property
    def is_flat(self) -> bool:
        """Whether the result is a vector."""
        return self.traced.result in self._flat

    def part(self, traced: Traced, given: Expr) -> Reader:
        """A reader of a module that a layer holds."""
        return Reader(traced, given, self.recognisers, batched=self.batched, weights=self.weights)

    def outcome(self, value: object) -> Outcome:
        """What an argument of a call stands for."""
        if not isinstance(value, Value):
            return Fixed(value)
        if value.index >= 0:
            return self._read[value.index]
        if value == Value("x"):
            return self._given
        known = self.traced.constants.get(value.name)
        return value if known is None else Fixed(known)

    def returned(self, call: Call, value: object) -> Expr | End:
        """The symbolic value that a call takes, also behind a softmax.

        Raises
        ------
        HwgenError
            Not a value of nodes or graphs.
        """
        out = self.outcome(value)
        if isinstance(out, Expr | End):
            return out
        refuse(call, f"{call.name} of {self._named(value)}", "compute with x and the results of layers only")

    def expr(self, call: Call, value: object) -> Expr:
        """The same, but not behind a softmax."""
        out = self.returned(call, value)
        if isinstance(out, End):
            instead = f", or use {self.recognisers.names('activation')}" if out.head == "sigmoid" else ""
            refuse(call, f"{call.name} after {out.name}", f"make {out.name} the last call{instead}")
        return out

    def exprs(self, call: Call, values: object) -> list[Expr]:
        """The symbolic values of a list that a call takes, all of nodes or all of graphs."""
        if not isinstance(values, tuple | list) or not values:
            refuse(call, f"{call.name} of something that is not a list", "give it a list of results of layers")
        exprs = [self.expr(call, each) for each in values]
        if len({each.domain for each in exprs}) > 1:
            refuse(call, f"{call.name} of values of nodes and of graphs", "pool the values of nodes first")
        return exprs

    def constant(self, call: Call, value: object) -> Tensor | None:
        """The numbers that an argument stands for: float64, a weight or a plain number; None if it is computed."""
        out = self.outcome(value)
        found = out.value if isinstance(out, Fixed) else None
        if isinstance(found, bool) or not isinstance(found, int | float | Tensor):
            return None
        tensor = torch.as_tensor(found)
        self._demand_finite(call, self._named(value), tensor)
        return tensor.detach().double()

    def number(self, call: Call, value: object) -> float | None:
        """The one number that an argument stands for; None if it is something else."""
        found = self.constant(call, value)
        return None if found is None or found.numel() != 1 else float(found)

    def is_vector(self, value: object) -> bool:
        """Whether a value has lost its one column."""
        return value in self._flat

    def _run(self) -> None:
        for index, (call, row) in enumerate(zip(self.traced.calls, self._rows, strict=True)):
            value = Value("", index)
            if row is None:
                self._read.append(self._evaluated(call) if self._of[index] == "constant" else OF_BATCH)
                continue
            if self._is_elementwise_on_vectors(call, row):
                self._flat.add(value)
            if self._of[index] == "batch" and self._weighs(call):
                self._read.append(Value("edge_weight"))  # in another shape: convolutions take any
                continue
            out = row.read(self, call, call.target if isinstance(call.target, nn.Module) else None)
            if isinstance(out, Shaped):
                self._flat = self._flat | {value} if out.flat else self._flat - {value}
                out = out.of
            if isinstance(out, Expr) and not any(out is each for each in (self._given, *self._read)):
                out = replace(out, shared=self._uses[value] > 1)
            self._read.append(out)

    def _weighs(self, call: Call) -> bool:
        """Whether a call takes what edges weigh."""
        return any(self.outcome(each) == Value("edge_weight") for each in values_in((call.args, call.kwargs)))

    def _is_elementwise_on_vectors(self, call: Call, row: Recogniser) -> bool:
        tensors = [each for each in values_in((call.args, call.kwargs)) if isinstance(self.outcome(each), Expr | End)]
        vectors = [each for each in tensors if each in self._flat]
        if vectors and (row.kind not in ELEMENTWISE or len(vectors) < len(tensors)) and row.kind != "shape":
            refuse(call, f"{call.name} of a vector" + (" and a matrix" if len(vectors) < len(tensors) else ""),
                   "drop the last dimension at the end of forward, of every value alike")
        return bool(vectors)

    def _evaluated(self, call: Call) -> Fixed:
        """A call that takes weights and numbers only."""
        def fixed(each: object) -> object:
            out = self.outcome(each)
            assert isinstance(out, Fixed)
            return out.value.clone() if overwrites(call) and isinstance(out.value, Tensor) else out.value

        args, kwargs = mapped(fixed, call.args), mapped(fixed, call.kwargs)
        try:
            with torch.no_grad():
                return Fixed(performed(call, args, kwargs))
        except Exception as error:  # whatever PyTorch says of such arguments
            raise HwgenError(f"{call.name} fails: {said(error)}", call.where, "give it arguments that fit") from error

    def _recogniser(self, call: Call, of: str) -> Recogniser | None:
        target, found = call.target, self.recognisers.find(call)
        if of == "constant" or (of == "batch" and (found is None or not found.is_alias)):
            return None
        if found is None:
            refuse(call, f"{call.name} is not supported", fix_for(call, self.recognisers))
        if isinstance(target, nn.Module):
            if _has_hooks(target):
                refuse(call, f"{call.name} with a hook",
                       "remove hooks, pruning and weight normalisation (prune.remove, remove_weight_norm): they may "
                       "compute anything")
            for name, tensor in (*target.named_parameters(), *target.named_buffers()):
                self._demand_finite(call, f"{call.path}.{name}", tensor)
        return found

    def _demand_finite(self, call: Call, name: str, tensor: Tensor) -> None:
        if tensor.is_complex():
            refuse(call, f"{name} is complex", "use real numbers: hardware has no complex ones")
        wrong = tensor.detach()[~torch.isfinite(tensor)]
        if len(wrong):
            refuse(call, f"{name} holds {float(wrong[0])}, which is not finite",
                   "train again with a lower learning rate, or load other weights")

    def _named(self, value: object) -> str:
        if not isinstance(value, Value):
            return str(value) if isinstance(value, Count) else repr(value)
        out = self.outcome(value)
        if isinstance(out, Value):
            return out.name
        if value.index >= 0 or "_tensor_constant" in value.name:
            return "a tensor that does not depend on the graph"
        return value.name.removeprefix("model.")

    def _roots(self, *, copies: bool = False) -> dict[Value, Value]:
        """The value that each name of a tensor stands for: dropout and its like return their argument.

        ``copies``: what is cloned is a value of its own.
        """
        roots = {Value("x"): Value("x")}
        for index, (call, row) in enumerate(zip(self.traced.calls, self._rows, strict=True)):
            own = Value("", index)
            roots[own] = own
            if row is not None and row.is_alias and not (copies and call.target in ("clone", torch.clone)):
                first = next(iter([*call.args, *call.kwargs.values()]), None)
                roots[own] = roots.get(first, own) if isinstance(first, Value) else own
        return roots

    def _count(self, roots: dict[Value, Value]) -> Counter[Value]:
        calls = zip(self.traced.calls, self._rows, strict=True)
        uses = Counter(roots[value] for call, row in calls if row is not None and not row.is_alias
                       for value in values_in((call.args, call.kwargs)) if value in roots)
        uses.update(roots[value] for value in values_in(self.traced.result) if value in roots)
        return Counter({value: uses[root] for value, root in roots.items()})

    def _check_in_place(self, roots: dict[Value, Value]) -> None:
        """A call that overwrites its argument must be the last one that reads it."""
        for index, call in enumerate(self.traced.calls):
            if not overwrites(call):
                continue
            target = roots.get(next(iter(values_in((call.args, call.kwargs))), Value("")))
            after = [(each.args, each.kwargs) for each in self.traced.calls[index + 1:]]
            if target is not None and target in [roots.get(value) for value in values_in([after, self.traced.result])]:
                refuse(call, f"{call.name} overwrites a value that is used again",
                       "use the form that returns a new tensor: no inplace=True, no +=")


def _has_hooks(layer: nn.Module) -> bool:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_propagate_forward_pre_hooks", "_propagate_forward_hooks",
             "_message_forward_pre_hooks", "_message_forward_hooks", "_aggregate_forward_pre_hooks",
             "_aggregate_forward_hooks")
    return any(getattr(each, kind, None) for each in layer.modules() for kind in kinds)
