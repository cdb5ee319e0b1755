"""What forward methods get instead of tensors when they are traced: it records calls, and knows shapes and types.

Numbers of channels are known, so that checks of shapes are decided as they will be; how many nodes, edges and graphs
there are is not. A branch that only raises is not taken: what an ``assert`` demands is assumed to hold.
"""

from __future__ import annotations

import dis
import operator
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, Protocol, cast

import torch
from torch import fx
from torch_geometric.data import Data as TheirData

from .calls import Count

__all__ = ["CountOf", "Data", "Shape", "StandIn", "Undecided"]


class Undecided(Exception):
    """Forward wants to know what no graph has told yet."""


def _in_place(function: Callable[..., object]) -> Callable[[fx.Proxy, object], fx.Proxy]:
    """The method of ``x += y`` and its like, which overwrites x for everyone who holds it."""
    return lambda own, other: own.tracer.create_proxy("call_function", function, (own, other), {})


class Tensor(fx.Proxy):
    """A stand-in. It has the name of what it stands for: Python's own messages name it."""

    @property
    def shape(self) -> Shape:
        """Channels as numbers, rows as what they count."""
        return cast(Knows, self.tracer).shape(self.node)

    @property
    def ndim(self) -> int:
        """How many dimensions it has."""
        return len(self.shape)

    @property
    def dtype(self) -> torch.dtype:
        """float32, or int64 of edges and of the batch; that of the weight of which it is a name."""
        known = cast(Knows, self.tracer).constant(self.node)
        if known is not None:
            return known.dtype
        return torch.int64 if cast(Knows, self.tracer).is_index(self.node) else torch.float32

    @property
    def device(self) -> torch.device:
        """The CPU, where modules are traced and compared."""
        return torch.device("cpu")

    is_cuda = is_sparse = is_meta = is_quantized = is_nested = requires_grad = False

    def size(self, dim: int | None = None) -> object:
        """Shape, or a part of it."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """How many dimensions it has."""
        return len(self.shape)

    def is_floating_point(self) -> bool:
        """Whether it holds real numbers."""
        return self.dtype.is_floating_point

    def __repr__(self) -> str:
        return "a tensor that is traced"

    def __len__(self) -> int:
        raise Undecided(f"forward takes the len() of a tensor: {self.shape[0]}")

    def __bool__(self) -> bool:
        return _checked("the values of a tensor")

    def _taken(self) -> NoReturn:
        raise Undecided("forward takes a number out of a tensor")

    __int__ = __float__ = __index__ = __complex__ = _taken

    def __iter__(self) -> Iterator[fx.Proxy]:
        frame = sys._getframe(1)
        at = next(each for each in dis.get_instructions(frame.f_code) if each.offset >= frame.f_lasti)
        if at.opname.startswith("UNPACK_SEQUENCE"):
            return (self.tracer.create_proxy("call_function", operator.getitem, (self, index), {})
                    for index in range(at.arg or 0))
        raise Undecided("forward loops over the rows of a tensor")

    def __setitem__(self, where: object, value: object) -> None:
        raise Undecided("forward writes into parts of a tensor")

    def __contains__(self, value: object) -> bool:
        raise Undecided("forward decides by the values of a tensor")

    __iadd__, __isub__ = _in_place(operator.iadd), _in_place(operator.isub)
    __imul__, __itruediv__ = _in_place(operator.imul), _in_place(operator.itruediv)


class CountOf(Count):
    """How many nodes, edges or graphs there are, while forward is traced: it goes into calls, and decides nothing."""

    def __fx_create_arg__(self, tracer: fx.Tracer) -> Count:
        return Count(self.of)

    def __repr__(self) -> str:
        return str(self)

    def __hash__(self) -> int:
        return hash(self.of)

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Count) and other.of == self.of) or _checked(str(self))

    def __ne__(self, other: object) -> bool:
        return not (isinstance(other, Count) and other.of == self.of) and _checked(str(self))

    def _compared(self, other: object) -> bool:
        return _checked(str(self))

    def _computed(self, *others: object) -> NoReturn:
        raise Undecided(f"forward computes with {self}")

    __lt__ = __le__ = __gt__ = __ge__ = _compared
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _computed
    __floordiv__ = __mod__ = __pow__ = __neg__ = __int__ = __float__ = __index__ = _computed

    def __bool__(self) -> bool:
        return _checked(str(self))


class Data:
    """A stand-in for a ``Data`` or ``Batch``: it has features, edges, the graph of each node, and what edges weigh.

    Parameters
    ----------
    proxy : Proxy
        Records what else forward reads of it: that is refused, unless it is not used.
    """

    if not TYPE_CHECKING:
        __class__ = property(lambda self: TheirData)

    def __init__(self, proxy: fx.Proxy, x: Tensor, edge_index: Tensor, batch: Tensor,
                 edge_weight: Tensor | None) -> None:
        self._proxy = proxy
        self.x, self.edge_index, self.batch = x, edge_index, batch
        if edge_weight is not None:
            self.edge_weight = self.edge_attr = edge_weight
        self.num_nodes, self.num_edges = CountOf("nodes"), CountOf("edges")
        self.num_graphs = self.batch_size = CountOf("graphs")

    @property
    def num_features(self) -> object:
        """Channels of the input."""
        return self.x.shape[1]

    num_node_features = num_features

    def to(self, *args: object, **kwargs: object) -> Data:
        """Nothing: it is wherever the model is."""
        return self

    cpu = cuda = clone = contiguous = detach = to

    def __contains__(self, key: str) -> bool:
        return key in ("x", "edge_index", "batch")

    def __getitem__(self, key: str) -> object:
        return getattr(self, key)

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._proxy, name)


class Knows(Protocol):
    """What a tracer tells its stand-ins."""

    def shape(self, node: fx.Node) -> Shape:
        """Shape of what a node computes."""
        ...

    def constant(self, node: fx.Node) -> torch.Tensor | None:
        """The weight that a node is a name of."""
        ...

    def is_index(self, node: fx.Node) -> bool:
        """Whether it is made of edges and the batch only."""
        ...


#: Instructions that ask for the truth of something, in any version of Python.
ASKS = ("POP_JUMP", "TO_BOOL", "UNARY_NOT", "COMPARE_OP", "CONTAINS_OP", "CALL")


def _checked(what: str) -> bool:
    """The answer that does not lead to a ``raise``, to a question that only values answer.

    Raises
    ------
    Undecided
        Both answers lead on.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    assert frame is not None
    every = list(dis.get_instructions(frame.f_code))
    at = next(index for index, each in enumerate(every) if each.offset >= frame.f_lasti)
    turned = False
    while every[at].opname.startswith(ASKS):
        each = every[at]
        turned ^= each.opname == "UNARY_NOT"
        if "JUMP" in each.opname:
            target = next(index for index, other in enumerate(every) if other.offset == each.argval)
            for index, answer in ((at + 1, "IF_TRUE" in each.opname), (target, "IF_FALSE" in each.opname)):
                if _only_raises(every[index:]):
                    return answer ^ turned
        at += 1
    raise Undecided(f"forward decides by {what}")


def _only_raises(instructions: list[dis.Instruction]) -> bool:
    for each in instructions:
        if each.opname == "RAISE_VARARGS":
            return True
        if "JUMP" in each.opname or each.opname.startswith(("RETURN", "FOR_ITER", "SEND", "YIELD")):
            return False
    return False


StandIn = Tensor
#: Of a tensor: numbers of channels, and what its rows count.
Shape = tuple[int | Count, ...]
