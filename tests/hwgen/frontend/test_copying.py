"""A user's module is looked at in a copy: out of wrappers, without locks and old values, lazy layers as they became."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch_geometric.nn import GCNConv, GINConv, SAGEConv, global_mean_pool
from user_modules import Net, conv, graphs, middle, randomise

from hwgen.errors import HwgenError
from hwgen.frontend.copying import copy_of, unwrapped
from hwgen.frontend.quantize import QuantizedNetwork
from hwgen.frontend.tracing import plan_of
from hwgen.frontend.tracing.roles import roles_of


def pooled() -> Net:
    return randomise(middle(lambda s, h, e, b: s.a(global_mean_pool(h.relu(), b)), a=nn.Linear(6, 3)))


class Forwards(nn.Module):
    """Somebody's own wrapper: it hands on what it gets."""

    def __init__(self, inner: nn.Module, scale: float = 1.0) -> None:
        super().__init__()
        self.inner, self.scale = inner, scale

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        return self.inner(*args, **kwargs) * self.scale


class Named(nn.Module):
    """Takes its arguments by name alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = GCNConv(7, 3)

    def forward(self, *, edge_index: Tensor, x: Tensor) -> Tensor:
        return self.conv(x, edge_index)


def same(module: nn.Module, wrapped: nn.Module, scale: float = 1.0) -> bool:
    given = graphs()
    with torch.no_grad():
        return torch.allclose(QuantizedNetwork(plan_of(wrapped))(*given), scale * module(*given), atol=1e-5)


@pytest.mark.parametrize("wrap", [nn.DataParallel, AveragedModel, Forwards, lambda inner: Forwards(Forwards(inner)),
                                  lambda inner: AveragedModel(nn.DataParallel(inner))])
def test_wrappers_are_looked_into(wrap: Callable[[nn.Module], nn.Module]) -> None:
    module = pooled()
    wrapped = wrap(module).eval()
    assert roles_of(wrapped) == roles_of(module)
    assert same(module, wrapped)


def test_a_wrapper_that_computes_is_not_skipped() -> None:
    assert same(pooled(), Forwards(pooled(), scale=-3.0), scale=-3.0)


@pytest.mark.slow
def test_compiled_modules() -> None:
    """Whole, and a layer of one; Dynamo takes seconds to import."""
    module = pooled()
    assert unwrapped(torch.compile(module)) is module
    inside = pooled()
    inside.a = torch.compile(inside.a)
    assert same(module, torch.compile(module))
    assert same(pooled(), inside)


def test_arguments_by_name() -> None:
    x, edges, batch = graphs()
    module = randomise(Named())
    with torch.no_grad():
        assert torch.allclose(QuantizedNetwork(plan_of(module))(x, edges, batch), module(x=x, edge_index=edges),
                              atol=1e-5)


def test_what_is_beside_the_layers_need_not_be_copied(tmp_path: Path) -> None:
    module = pooled()
    module.seen = [module(*graphs())]  # has a gradient: it cannot be copied
    module.last = module.seen[0]
    module.register_buffer("state", module.last * 2)
    module.lock = threading.Lock()
    with (tmp_path / "log").open("w") as module.log:
        copied = copy_of(module)
        assert same(pooled(), module)
    assert torch.equal(copied.last, module.last)
    assert not copied.last.requires_grad
    assert copied.lock is module.lock
    assert copied.seen is not module.seen
    assert copied.a.weight is not module.a.weight


def test_the_module_is_left_alone() -> None:
    def keeps(s: Any, h: Tensor, e: Tensor, b: Tensor) -> Tensor:
        s.embedding = h.relu()
        s.calls.append(1)
        return s.a(s.embedding)

    module = randomise(middle(keeps, a=nn.Linear(6, 3))).train().double()
    module.calls = []
    plan_of(module)
    assert module.calls == []
    assert not hasattr(module, "embedding")
    assert module.training
    assert module.a.weight.dtype == torch.float64


class Lazy(nn.Module):
    """Layers that learn their width from the first input."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = GINConv(nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyBatchNorm1d()))
        self.sage, self.norm = SAGEConv(-1, 6), nn.LazyBatchNorm1d()

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        return self.norm(self.sage(self.conv(x, edge_index), edge_index))


def test_lazy_layers_with_weights_from_a_file() -> None:
    trained, loaded = Lazy(), Lazy()
    trained(*graphs())
    randomise(trained)
    loaded.load_state_dict(trained.state_dict())
    assert same(trained, loaded.eval())
    assert type(loaded.norm) is nn.LazyBatchNorm1d  # the user's own is as it was
    with pytest.raises(HwgenError, match="does not know its number of inputs yet"):
        plan_of(Lazy())


class Uncopied(nn.Linear):
    def __deepcopy__(self, memo: object) -> nn.Module:
        raise SystemExit(3)


class Complex(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.layer(x)


def diverged(value: float, name: str = "a.weight") -> nn.Module:
    module = pooled()
    module.get_parameter(name).data.view(-1)[1] = value
    return module


def statistics() -> nn.Module:
    module = randomise(middle(lambda s, h, e, b: s.n(h), n=nn.BatchNorm1d(6)))
    module.n.running_mean[2] = -torch.inf
    return module


@pytest.mark.parametrize(("module", "what", "where"), [
    (Uncopied(7, 3), r"the module cannot be copied: sys.exit\(3\) ends the program", r"test_copying\.py:\d+"),
    (Complex(nn.Linear(7, 3, dtype=torch.complex64)), "layer.weight is complex", r"model \(Complex\)"),
    (Complex(nn.Linear(7, 3, device="meta")), "layer.weight is on the meta device", r"model \(Complex\)"),
    (conv, "the model is a function, not", "model"),
    (Net, "the model is the class Net, not", "model"),
    (diverged(torch.nan), "model.a.weight holds nan, which is not finite", r"model\.a \(test_copying"),
    (diverged(torch.inf, "first.lin_rel.bias"), "model.first.lin_rel.bias holds inf", r"model\.first \("),
    (statistics(), "model.n.running_mean holds -inf", r"model\.n \("),
])
def test_what_is_refused(module: nn.Module, what: str, where: str) -> None:
    with pytest.raises(HwgenError, match=what) as caught:
        plan_of(module)
    assert re.match(where, caught.value.where), caught.value.where


def test_torchscript_is_refused(recwarn: pytest.WarningsRecorder) -> None:
    module = torch.jit.script(nn.Linear(7, 3))
    with pytest.raises(HwgenError, match="a TorchScript module") as caught:
        plan_of(module)
    assert caught.value.fix == "pass the module that it was made from"
