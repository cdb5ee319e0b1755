"""The torch.fx machinery behind :mod:`.trace`: which modules and functions stay whole, and where users called them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
import torch_geometric.nn as pyg
import torch_geometric.utils as pyg_utils
from torch import fx, nn
from torch_geometric.utils import scatter

from .calls import Count, mapped
from .stand_in import Shape, StandIn
from .user_code import is_own, is_users

__all__ = ["Tracer", "same_rows", "whole_pooling"]

#: Functions of PyTorch that make rows of equal numbers.
MAKERS = ("zeros", "ones", "full")

#: Whose frames call the user's forward.
TRACE = str(Path(__file__).with_name("trace.py"))


@contextmanager
def whole_pooling() -> Iterator[None]:
    """Keep PyG's pooling whole: functions by whatever name forward reaches them, modules without their checks."""
    home = vars(sys.modules[pyg.global_add_pool.__module__])

    def recorded(x: object, batch: object, **kwargs: object) -> object:
        if not isinstance(x, fx.Proxy):
            return scatter(x, batch, **kwargs)
        pool = home[sys._getframe(1).f_code.co_name]
        return x.tracer.create_proxy("call_function", pool, (x, batch, kwargs["dim_size"]), {})

    aggregation, checked = pyg.Aggregation, pyg.Aggregation.__call__
    home["scatter"] = recorded
    aggregation.__call__ = lambda layer, *args, **kwargs: nn.Module.__call__(layer, *args, **kwargs)
    try:
        yield
    finally:
        home["scatter"], aggregation.__call__ = scatter, checked


@contextmanager
def same_rows() -> Iterator[None]:
    """Give ``torch.zeros(x.size(0), 8)`` and its like one row, which stands for all: they are equal."""
    makers = {name: vars(torch)[name] for name in MAKERS}

    def one(each: object) -> object:
        return 1 if isinstance(each, Count) else each

    def making(make: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        return lambda *args, **kwargs: make(*mapped(one, args), **mapped(one, kwargs))

    vars(torch).update({name: making(make) for name, make in makers.items()})
    try:
        yield
    finally:
        vars(torch).update(makers)


class Tracer(fx.Tracer):
    """Keeps library layers and PyG's functions whole, and remembers the user's line of every call.

    Parameters
    ----------
    shape_of : callable
        Gives the shape of what a node of the graph so far computes.
    """

    def __init__(self, shape_of: Callable[[fx.Node], Shape]) -> None:
        self.open = (nn.Sequential, nn.ModuleList, nn.ModuleDict, pyg.Sequential, pyg.MLP, pyg.DeepGCNLayer,
                     pyg.models.basic_gnn.BasicGNN)
        whole = [each for home in (pyg, pyg_utils) for each in vars(home).values() if inspect.isfunction(each)]
        super().__init__(autowrap_functions=tuple(whole))
        # forward may call a helper in another file, or a function by its module
        self._autowrap_search += [pyg, pyg_utils, *(
            each for each in tuple(sys.modules.values()) if is_own(getattr(each, "__file__", None)))]
        self._shape_of, self._asks = shape_of, False

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, pyg.MessagePassing) or (
            type(m).__module__.startswith(("torch.nn.", "torch_geometric.nn.")) and not isinstance(m, self.open))

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return StandIn(node, self)

    def create_arg(self, a: object) -> fx.node.Argument:
        return super().create_arg(a.item() if isinstance(a, np.generic) else a)

    def getattr(self, attr: str, attr_val: object, parameter_proxy_cache: dict[str, fx.Proxy]) -> object:
        return attr_val if self._asks else super().getattr(attr, attr_val, parameter_proxy_cache)

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...],
                    kwargs: dict[str, Any]) -> Any:
        return forward(*args, **kwargs) if self._asks else super().call_module(m, forward, args, kwargs)

    def create_node(self, kind: str, target: fx.node.Target, args: tuple[fx.node.Argument, ...],
                    kwargs: dict[str, fx.node.Argument], name: str | None = None,
                    type_expr: object = None) -> fx.Node:
        node = super().create_node(kind, target, args, kwargs, name, type_expr)
        node.meta["line"] = _caller(sys._getframe(1))
        # A tensor's attribute is read where it is used, which may be a layer that stays whole.
        inside = [path for path, _ in self.module_stack.values() if not self._whole(path)]
        node.meta["path"] = inside[-1] if inside else "model"
        return node

    def shape(self, node: fx.Node) -> Shape:
        """Shape of what a node computes: the graph so far is read for it, once."""
        if "shape" not in node.meta:
            known = self.constant(node)
            self._asks = True
            try:
                node.meta["shape"] = tuple(known.shape) if known is not None else self._shape_of(node)
            finally:
                self._asks = False
        shape: Shape = node.meta["shape"]
        return shape

    def constant(self, node: fx.Node) -> torch.Tensor | None:
        """The weight that a node is a name of."""
        if node.op != "get_attr":
            return None
        found = reduce(_held, str(node.target).split("."), self.root)
        return found if isinstance(found, torch.Tensor) else None

    def is_index(self, node: fx.Node) -> bool:
        """Whether it is made of edges and the batch only."""
        if node.op == "placeholder":
            return node.target in ("edge_index", "batch")
        return bool(node.all_input_nodes) and all(map(self.is_index, node.all_input_nodes))

    def _whole(self, path: str) -> bool:
        return self.is_leaf_module(self.root.get_submodule(path), path)


def _held(module: nn.Module, name: str) -> Any:
    """An attribute, without the attribute access that tracing watches."""
    return next(held[name] for held in (vars(module), module._modules, module._parameters, module._buffers)
                if name in held)


def _caller(frame: FrameType | None) -> str:
    """The innermost line that belongs to the user."""
    while frame is not None and frame.f_code.co_filename != TRACE:
        if is_users(frame.f_code.co_filename):
            return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
