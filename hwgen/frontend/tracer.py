"""The torch.fx machinery behind :mod:`.trace`: which modules and functions stay whole, and where users called them."""

from __future__ import annotations

import inspect
import operator
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from torch import fx, nn

from .user_code import is_users

__all__ = ["Tracer", "whole_pooling"]

#: Whose frames call the user's forward.
TRACE = str(Path(__file__).with_name("trace.py"))


class _Proxy(fx.Proxy):
    """Records ``x += y`` as what it is: it overwrites x for everyone who holds it."""

    def __iadd__(self, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})

    def __imul__(self, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.imul, (self, other), {})

    def __itruediv__(self, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.itruediv, (self, other), {})

    def __isub__(self, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.isub, (self, other), {})


@contextmanager
def whole_pooling() -> Iterator[None]:
    """Keep PyG's pooling whole: functions by whatever name forward reaches them, modules without their checks."""
    import torch_geometric.nn
    from torch_geometric.utils import scatter

    home: Any = sys.modules[torch_geometric.nn.global_add_pool.__module__]

    def recorded(x: Any, batch: Any, **kwargs: Any) -> Any:
        if not isinstance(x, fx.Proxy):
            return scatter(x, batch, **kwargs)
        pool = getattr(home, sys._getframe(1).f_code.co_name)
        return x.tracer.create_proxy("call_function", pool, (x, batch, kwargs["dim_size"]), {})

    aggregation, checked = torch_geometric.nn.Aggregation, torch_geometric.nn.Aggregation.__call__
    home.scatter = recorded
    aggregation.__call__ = lambda layer, *args, **kwargs: nn.Module.__call__(layer, *args, **kwargs)
    try:
        yield
    finally:
        home.scatter, aggregation.__call__ = scatter, checked


class Tracer(fx.Tracer):
    """Keeps library layers and PyG's functions whole, and remembers the user's line of every call."""

    def __init__(self) -> None:
        import torch_geometric.nn
        import torch_geometric.utils

        self.open = (nn.Sequential, nn.ModuleList, nn.ModuleDict, torch_geometric.nn.Sequential,
                     torch_geometric.nn.MLP, torch_geometric.nn.models.basic_gnn.BasicGNN)
        self.layer = torch_geometric.nn.MessagePassing
        whole = [each for home in (torch_geometric.nn, torch_geometric.utils) for each in vars(home).values()
                 if inspect.isfunction(each)]
        super().__init__(autowrap_functions=tuple(whole))

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        if isinstance(m, self.layer):
            return True
        return type(m).__module__.startswith(("torch.nn.", "torch_geometric.nn.")) and not isinstance(m, self.open)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Proxy(node, self)

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        node = super().create_node(*args, **kwargs)
        node.meta["line"] = _caller(sys._getframe(1))
        # A tensor's attribute is read where it is used, which may be a layer that stays whole.
        inside = [path for path, _ in self.module_stack.values() if not self._whole(path)]
        node.meta["path"] = inside[-1] if inside else "model"
        return node

    def _whole(self, path: str) -> bool:
        return self.is_leaf_module(self.root.get_submodule(path), path)


def _caller(frame: FrameType | None) -> str:
    """The innermost line that belongs to the user."""
    while frame is not None and frame.f_code.co_filename != TRACE:
        if is_users(frame.f_code.co_filename):
            return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
