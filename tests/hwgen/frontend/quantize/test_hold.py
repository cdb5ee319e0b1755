"""Channels that are dead, rare, small or pruned are quantized such that hardware takes them; others stay."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv, GINConv, global_add_pool, global_mean_pool

import hwgen
from hwgen.errors import HwgenError
from hwgen.frontend.quantize.prepare import quantize
from hwgen.numeric import MAX_STEPS, MOST_STEPS
from hwgen.targets import check_accepted

WIDTH, HALF = 16, 8


class Gcn(nn.Module):
    """Two layers; the second is summed over the nodes of a graph."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.head = GCNConv(6, WIDTH), GCNConv(WIDTH, WIDTH), nn.Linear(WIDTH, 3)
        self.norm = nn.BatchNorm1d(WIDTH)

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        h = self.b(self.norm(self.a(x, edge_index)).relu(), edge_index).relu()
        out: Tensor = self.head(global_mean_pool(h, batch))
        return out


class Gin(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.b = GINConv(nn.Sequential(nn.Linear(6, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH)))
        self.head = nn.Linear(WIDTH, 3)

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        out: Tensor = self.head(global_add_pool(self.b(x, edge_index).relu(), batch))
        return out


def graphs(count: int = 16, top: int = 4) -> list[Data]:
    torch.manual_seed(1)
    sizes = torch.randint(8, 24, (count,)).tolist()
    return [Data(x=torch.randint(0, top, (n, 6)).float(), edge_index=torch.randint(0, n, (2, 3 * n)),
                 y=torch.tensor([n % 3])) for n in sizes]


def dead(net: nn.Module) -> None:
    _bias(net)[:HALF] = -1000.0


def small(net: nn.Module) -> None:
    _weight(net)[:HALF] *= 0.01


def pruned(net: nn.Module) -> None:
    _weight(net)[:HALF] = 0.0
    _bias(net)[:HALF] = -1e-4


def rare(net: nn.Module) -> None:
    """Above zero by a little, on one node of all graphs."""
    seen: list[Tensor] = []
    hook = net.get_submodule("b").register_forward_hook(lambda _, given, out: seen.append(out))
    for each in graphs():
        net(each.x, each.edge_index, torch.zeros(len(each.x), dtype=torch.long))
    hook.remove()
    _weight(net)[0] *= 4
    _bias(net)[0] *= 4
    _bias(net)[0] -= 4 * torch.cat(seen)[:, 0].max() - 1e-3


def _weight(net: nn.Module) -> Tensor:
    return net.b.lin.weight if isinstance(net, Gcn) else net.b.nn[2].weight


def _bias(net: nn.Module) -> Tensor:
    return net.b.bias if isinstance(net, Gcn) else net.b.nn[2].bias


@pytest.mark.parametrize("kind", [Gcn, Gin])
@pytest.mark.parametrize("how", [dead, *(pytest.param(each, marks=pytest.mark.slow) for each in (small, pruned, rare))])
@pytest.mark.parametrize("scheme", ["nns", *(pytest.param(each, marks=pytest.mark.slow)
                                             for each in ("mega", "uniform"))])
def test_what_quantize_accepts_is_lowered(kind, how, scheme: str, tmp_path) -> None:
    net, data = kind().eval(), graphs()
    with torch.no_grad():
        how(net)
    quantized = quantize(net, scheme, data=data, message_bits=8)
    hwgen.save(quantized, data, tmp_path / "m.pt")
    check_accepted(*hwgen.load(tmp_path / "m.pt"))


@pytest.mark.slow
def test_only_steps_of_such_channels_rise() -> None:
    net = Gcn().eval()
    ordinary = quantize(net, "nns", data=graphs())
    _bias(net).data[:HALF] = -1000.0
    held = quantize(net, "nns", data=graphs())
    step, floor = held.quantizers.messages["b"].step[0], held.quantizers.messages["b"].floor[0]
    assert ((step[:HALF] > 999.0 / MOST_STEPS) & (step[:HALF] < 1001.0 / MAX_STEPS)).all()
    before = ordinary.quantizers.messages["b"].step[0]
    alive = torch.arange(WIDTH) >= HALF
    alive &= before > before.min()  # a channel of zeros takes the finest step of the others
    assert alive.sum() > 3
    torch.testing.assert_close(step[alive], before[alive], rtol=0.01, atol=0)
    assert (floor[alive] < step[alive]).all()


def test_steps_do_not_sink_below_in_training_and_rise_after_it() -> None:
    net, data = Gcn().eval(), graphs()
    _bias(net).data[:HALF] = -1000.0
    model = quantize(net, "nns", data=data)
    messages = model.quantizers.messages["b"]
    with torch.no_grad():
        messages.raw_step -= 10
        assert (messages.step[0, :HALF] >= 1000.0 / MOST_STEPS * 0.99).all()
        for bias in model.plan.values[3].bias, :
            bias[HALF:] = -2000.0
    hwgen.frontend.quantize.QuantizedNetwork.hold(model)
    assert (messages.step[0, HALF:] >= 2000.0 / MOST_STEPS * 0.99).all()
    again = copy.deepcopy(model)
    torch.testing.assert_close(again.quantizers.messages["b"].step, messages.step)


class Wide(nn.Module):
    """A sum over features that fills accumulators: 8-bit codes times 8-bit weights."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.head = GCNConv(600, 4), nn.Linear(4, 2)
        with torch.no_grad():
            self.a.lin.weight[:] = 1.0

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        out: Tensor = self.head(global_mean_pool(self.a(x, edge_index).relu(), batch))
        return out


@pytest.mark.slow
def test_what_no_hardware_holds_fails_in_quantize_and_names_the_option_that_mends_it() -> None:
    data = [Data(x=torch.full((3, 600), 255.0), edge_index=torch.tensor([[0, 1], [1, 2]]))] * 2
    with pytest.raises(HwgenError, match="accumulator range") as caught:
        quantize(Wide().eval(), "nns", data=data, weight_bits=8)
    assert caught.value.fix == "use --weight-bits 4 (in Python weight_bits=4): hardware takes that"
    quantize(Wide().eval(), "nns", data=data, weight_bits=4)


@pytest.mark.slow
def test_agreement_is_at_least_that_of_messages_of_four_bits() -> None:
    data = graphs(60)
    joined = [(each.x, each.edge_index, torch.zeros(len(each.x), dtype=torch.long)) for each in data]
    for how in (dead, small, rare):
        net = Gcn().eval()
        with torch.no_grad():
            how(net)
            want = torch.cat([net(*each) for each in joined])
            errors = []
            for bits in (8, 4):
                model = quantize(net, "nns", data=data, message_bits=bits, bits=8, weight_bits=8).eval()
                errors.append(float((torch.cat([model(*each) for each in joined]) - want).abs().mean()))
        assert np.diff(errors) >= -1e-3, how.__name__
