"""Named models: what they compute, for nodes and for graphs, and that each is supported."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch_geometric.nn import GCNConv
from user_modules import graphs

from hwgen.errors import HwgenError
from hwgen.frontend.tracing import plan_of
from hwgen.frontend.training.models import GCN, GIN, MODELS

X, EDGES, OWNER = graphs()


@pytest.mark.parametrize("pool", ["", "add", "mean"])
@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_for_nodes_or_for_graphs(name: str, pool: str) -> None:
    model = MODELS[name](7, 6, 3, pool=pool).eval()
    assert model(X, EDGES, OWNER).shape == (4 if pool else len(X), 3)
    plan = plan_of(model)
    assert plan.values[-1].domain == ("graphs" if pool else "nodes")
    assert (plan.features, plan.values[-1].width) == (7, 3)


def test_gcn_is_a_chain_with_relu_between() -> None:
    model = GCN(7, 6, 3, layers=3, dropout=0.0)
    x = X
    for index, conv in enumerate(model.convs):
        assert type(conv) is GCNConv
        x = conv(x, EDGES)
        x = F.relu(x) if index < 2 else x
    assert torch.equal(model(X, EDGES), x)
    assert all(conv.bias is None for conv in GCN(7, 6, 3, bias=False).convs)


def test_dropout_is_of_every_layers_input() -> None:
    torch.manual_seed(0)
    model = GCN(7, 6, 3, dropout=0.9)
    assert not torch.equal(model(X, EDGES), model(X, EDGES))
    model.eval()
    assert torch.equal(model(X, EDGES), model(X, EDGES))
    model = GIN(7, 6, 3, dropout=0.9)
    assert model.dropout.p == 0.9


@pytest.mark.parametrize("jump", [True, False])
def test_gin_reads_the_maps_of_all_layers_or_the_last(jump: bool) -> None:
    model = GIN(7, 6, 3, layers=2, jump=jump, norm=True).eval()
    assert model.lin1.in_features == (12 if jump else 6)
    assert isinstance(model.norm, nn.BatchNorm1d)
    assert GIN(7, 6, 3).norm is None


@pytest.mark.parametrize(("arguments", "what"), [
    ({"layers": 1}, "1 layers"), ({"dropout": 1.0}, "dropout 1.0"), ({"hidden": 0}, "widths 7, 0, 3")])
def test_shapes_out_of_range_are_refused(arguments: dict[str, float], what: str) -> None:
    given = {"hidden": 6, **arguments}
    with pytest.raises(HwgenError, match=f"^{what}"):
        GCN(7, classes=3, **given)
    if "layers" in arguments:
        given["layers"] = 0
        with pytest.raises(HwgenError, match=r"^0 layers"):
            GIN(7, classes=3, **given)
