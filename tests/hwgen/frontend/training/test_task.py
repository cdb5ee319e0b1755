"""What is refused before the first epoch, and what options change."""

from pathlib import Path
from typing import Any

import pytest
import torch
from graph_sets import rings_and_stars
from torch import Tensor, nn
from torch_geometric.nn import GCNConv, global_add_pool
from training_graphs import small_data

from hwgen.errors import HwgenError
from hwgen.frontend.data.own_files import save_graphs
from hwgen.frontend.quantize import SCHEMES
from hwgen.frontend.training import forward
from hwgen.frontend.training.models import GCN, GIN, SAGE
from hwgen.frontend.training.task import Task

SHAPES = rings_and_stars()


class Net(nn.Module):
    """A user's module of one graph."""

    def __init__(self, features: int = 12, classes: int = 3, pool: bool = False) -> None:
        super().__init__()
        self.one, self.two, self.pool = GCNConv(features, 5), GCNConv(5, classes), pool

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        x = self.two(self.one(x, edge_index).relu(), edge_index)
        return global_add_pool(x, batch) if self.pool else x


def checked(model: Any, data: Any, scheme: Any = None, **options: Any) -> Task:
    task = Task.of(model, data, scheme, **options)
    task.check(task.examples())
    return task


@pytest.mark.parametrize(("name", "kind"), [("gcn", GCN), ("sage", SAGE), ("gin", GIN)])
def test_named_models_get_the_shape_of_the_data(name: str, kind: type[nn.Module]) -> None:
    for data, features, outputs in ((small_data(), 12, 3), (SHAPES, 1, 2)):
        task = checked(name, data, hidden=5, layers=3, dropout=0.25)
        module = task.make()
        assert type(module) is kind
        assert len(module.convs) == 3
        assert (task.plan.features, task.plan.values[-1].width) == (features, outputs)
        assert task.per == ("graphs" if data is SHAPES else "nodes")
        assert (module.dropout.p if name == "gin" else module.dropout) == 0.25


def test_schemes_follow_the_data_and_options_change_them() -> None:
    assert Task.of("gcn", small_data()).recipe.scheme.rows == SCHEMES["a2q"].rows
    assert Task.of("gin", SHAPES).recipe.scheme.rows == SCHEMES["nns"].rows
    task = checked("sage", small_data(), "mega", bits=3, weight_bits=6, message_bits=5, epochs=7)
    scheme = task.recipe.scheme
    assert (scheme.bits, scheme.weight_bits, scheme.message_bits) == (3, 6, 5)
    assert (task.recipe.epochs, task.recipe.quantized_epochs) == (7, 7)
    own = Task.of("gcn", small_data(), SCHEMES["uniform"]).recipe.scheme
    assert own is SCHEMES["uniform"] or own == SCHEMES["uniform"]


def test_rounds_are_the_aggregations_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    task = checked("gin", SHAPES, layers=4)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    assert task.examples().rounds == 4
    assert torch.equal(torch.get_rng_state(), state)
    monkeypatch.setattr(forward, "CONVOLUTIONS", {})
    assert task.examples().rounds is None
    with pytest.raises(HwgenError, match=r"^fold 10\n  at fold\n  use 0 to 9"):
        task.examples(10)


def test_modules_of_users(tmp_path: Path) -> None:
    (tmp_path / "net_of_task.py").write_text(
        "from torch_geometric.nn import GCNConv, Sequential\n"
        "def Net(width):\n    return Sequential('x, edge_index', [(GCNConv(12, width), 'x, edge_index -> x'),\n"
        "        (GCNConv(width, 3), 'x, edge_index -> x')])\n")
    task = checked(f"{tmp_path / 'net_of_task.py'}:Net(4)", small_data())
    assert task.make() is not task.make()
    torch.manual_seed(3)
    module = Net()
    task = checked(module, small_data())
    made = task.make()
    assert made is not module
    assert torch.equal(made.one.lin.weight, module.one.lin.weight)
    drawn = checked(Net, small_data())
    assert not torch.equal(drawn.make().one.lin.weight, drawn.make().one.lin.weight)


def test_files_of_graphs(tmp_path: Path) -> None:
    save_graphs(list(SHAPES), tmp_path / "shapes.pt")
    assert Task.of("gin", tmp_path / "shapes.pt").data.name == "shapes"
    save_graphs([small_data()], tmp_path / "one.pt")
    assert checked("gcn", str(tmp_path / "one.pt")).per == "nodes"


@pytest.mark.parametrize(("model", "data", "scheme", "options", "message"), [
    ("gat", "one", None, {}, r"^unknown model 'gat'\n  at model\n  use one of gcn, gin, sage, or .* net\.py:Net"),
    ("gcn", "set", "a2q", {}, r"^a step for each node \(a2q\) on a set of graphs\n  at scheme\n  use nns or mega"),
    (lambda: Net(9), "one", None, {}, r"^the model takes 9 features, the data has 12\n  at model\n  make it for 12"),
    (lambda: Net(classes=2), "one", None, {}, r"^labels tell no task: label 2 beside 2 .*\n  at two\n.* 3 outputs"),
    (lambda: Net(pool=True), "one", None, {}, (r"^the model gives logits of graphs, the data has labels of nodes\n"
                                               r"  at .*\n  return the logits of every node")),
    (lambda: Net(1, 2), "set", None, {}, (r"^the model gives logits of nodes, the data has labels of graphs\n"
                                          r"  at .*\n  pool the nodes of a graph")),
    (Net, "one", None, {"hidden": 4}, r"^hidden of a module of your own\n  at hidden\n  set it in the module"),
    (Net, "one", None, {"target_bits": 0.5}, r"^target_bits is 0\.5, and rows have at least 1 bit\n  at target_bits"),
    ("gcn", "one", None, {"dropout": 1.5}, r"^dropout 1\.5"), ("gcn", "one", None, {"layers": 1}, r"^1 layers"),
    ("gcn", "one", None, {"weight_bits": 9}, r"^weight_bits is 9"),
    (lambda: nn.Sequential(nn.Tanh()), "one", None, {}, r"not supported|forward takes"),
])
def test_what_cannot_be_trained_is_refused(model: Any, data: str, scheme: str | None, options: dict[str, Any],
                                           message: str) -> None:
    with pytest.raises(HwgenError, match=message):
        checked(model, small_data() if data == "one" else SHAPES, scheme, **options)


@pytest.mark.parametrize(("labels", "message"), [
    ([1], r"^labels tell no task: every label is 1\n  at data\.y\n  give rows a class from 0 on, 0 and 1"),
    ([float("nan")], r"^labels tell no task: no row has a label.*\n  at data\.y"),
    ([0, 1, 2, 3], None), ([0.5, 1], None), ([0, 1], None), ([-1, 1], None)])
def test_labels_beside_one_result(labels: list[float], message: str | None) -> None:
    data = small_data()
    data.y = torch.tensor(labels).repeat(40)[:40]
    if message is None:
        checked(lambda: Net(classes=1), data)
        return
    with pytest.raises(HwgenError, match=message):
        checked(lambda: Net(classes=1), data)


def test_a_module_that_computes_something_else_is_refused() -> None:
    class Hidden(Net):
        def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
            out = super().forward(x, edge_index, batch)
            return out + 1 if type(x) is Tensor else out  # something else is traced

    with pytest.raises(HwgenError, match=r"^the module computes something else than its layers"):
        checked(Hidden, small_data())
