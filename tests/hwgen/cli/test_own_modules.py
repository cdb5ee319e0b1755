"""``hwgen inspect net.py:Net`` and ``hwgen quantize``: a user's file in, a table or a checkpoint out."""

import json
from pathlib import Path
from typing import get_args

import pytest
import torch
from click.testing import CliRunner, Result
from torch_geometric.data import Data

from hwgen.cli import cli
from hwgen.cli.inspect import LEFT_OUT
from hwgen.errors import HwgenError
from hwgen.frontend.checkpoint import load
from hwgen.frontend.data.own_files import save_graphs
from hwgen.frontend.traced import Head
from hwgen.frontend.user_file import load_module
from hwgen.targets.lists.execute import run as run_program
from hwgen.targets.lists.network_to_program import lower

SOURCE = """
import torch
from torch import nn
from torch_geometric.nn import GCNConv, GINConv, global_add_pool, global_max_pool


class Net(nn.Module):
    def __init__(self, classes=2):
        super().__init__()
        self.one = GINConv(nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8)))
        self.two, self.lin = GCNConv(8, 8), nn.Linear(16, classes)

    def forward(self, x, edge_index, batch):
        h = self.one(x, edge_index).relu()
        h = self.two(h, edge_index).relu() + h
        h = torch.cat([global_add_pool(h, batch), global_max_pool(h, batch)], dim=1)
        return self.lin(h).log_softmax(dim=1)


class Chain(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = GCNConv(64, 8), GCNConv(8, 10)

    def forward(self, x, edge_index):
        return self.two(self.one(x, edge_index).relu(), edge_index)


class Bad(Net):
    def forward(self, x, edge_index, batch):
        return self.lin(self.one(x, edge_index).tanh())
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "net_of_cli.py").write_text(SOURCE)
    return tmp_path


@pytest.fixture
def graphs(home: Path) -> list[Data]:
    draw = torch.Generator().manual_seed(0)
    found = []
    for _ in range(20):
        nodes = int(torch.randint(3, 12, (1,), generator=draw))
        found.append(Data(x=torch.eye(5)[torch.randint(0, 5, (nodes,), generator=draw)],
                          edge_index=torch.randint(0, nodes, (2, 3 * nodes), generator=draw),
                          y=torch.randint(0, 2, (1,), generator=draw)))
    save_graphs(found, home / "graphs.pt")
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def error(*arguments: str) -> HwgenError:
    found = CliRunner().invoke(cli, list(arguments), standalone_mode=False).exception
    assert isinstance(found, HwgenError), found
    return found


def test_what_is_left_out_is_said() -> None:
    """With what it means for results, whatever forward ends with."""
    assert set(LEFT_OUT) == set(get_args(Head)) - {""}


def test_inspect_lists_every_value(home: Path) -> None:
    text = run("inspect", f"{home / 'net_of_cli.py'}:Net").stdout
    assert "is supported: 5 features, 2 outputs for each of the graphs, log_softmax left out" in text
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.split()}
    assert lines["one.nn.0.message"][1:5] == ["one.nn.0", "8", "nodes", "message"]
    assert lines["one.nn.0"][4] == "activation"
    assert "relu(g" in " ".join(lines["one.nn.0"])
    assert lines["lin"][2:5] == ["2", "graphs", "result"]
    facts = json.loads(run("inspect", f"{home / 'net_of_cli.py'}:Net(3)", "--json").stdout)
    assert (facts["features"], facts["outputs"], facts["head"]) == (5, 3, "log_softmax")
    assert [value["role"] for value in facts["values"]].count("result") == 1
    assert facts["weights"] == 5 * 8 + 3 * 8 * 8 - 8 * 8 + 16 * 3


def test_inspect_names_what_is_not_supported(home: Path) -> None:
    found = error("inspect", f"{home / 'net_of_cli.py'}:Bad")
    assert (found.what, found.fix) == (".tanh() is not supported", "use ReLU, LeakyReLU, ReLU6 or Hardtanh")
    assert found.where == "model.forward (net_of_cli.py:31)"


@pytest.mark.slow
def test_quantize_writes_a_checkpoint_that_lowers(home: Path, graphs: list[Data]) -> None:
    name = f"{home / 'net_of_cli.py'}:Net"
    torch.manual_seed(1)
    trained = load_module(name)
    for parameter in trained.parameters():
        torch.nn.init.uniform_(parameter, -0.6, 0.6)
    torch.save(trained.state_dict(), home / "weights.pt")
    out = home / "out.pt"
    facts = json.loads(run("quantize", name, "--weights", str(home / "weights.pt"), "--data", str(home / "graphs.pt"),
                           "--scheme", "uniform", "--bits", "8", "--weight-bits", "8", "-o", str(out), "--json").stdout)
    assert (facts["figures"]["rows"], facts["figures"]["of"], facts["bits"]) == (20, "graphs", pytest.approx(8))
    assert [each["model"] for each in facts["figures"]["models"]] == ["fp32", "quantized", "integer"]
    assert facts["agreement"] >= 0.9
    with torch.no_grad():
        theirs = [int(trained.eval()(each.x, each.edge_index, torch.zeros(len(each.x), dtype=torch.int64)).argmax())
                  for each in graphs]
    right = [a == int(each.y) for a, each in zip(theirs, graphs, strict=True)]
    assert facts["fp32_accuracy"] == pytest.approx(sum(right) / 20)
    network, sample = load(out)
    assert sample.batch.graphs == 20
    assert sample.labels is not None
    assert list(sample.labels) == [int(each.y) for each in graphs]
    limits = sample.limits
    program = lower(network, max_degree=limits.degree, max_members=limits.nodes, max_features=limits.features)
    predicted = run_program(program, sample.batch).results.argmax(axis=1)
    assert sample.logits is not None
    assert (predicted == sample.logits.argmax(1)).mean() == 1
    assert (predicted == theirs).mean() >= 0.9


@pytest.mark.slow
def test_figures_of_quantize_are_of_the_test_graphs(home: Path, graphs: list[Data]) -> None:
    net, out = f"{home / 'net_of_cli.py'}:Net", home / "out.pt"
    for index, each in enumerate(graphs):
        each.y = torch.tensor([index % 2 if index % 4 else -1])
    save_graphs(graphs[:7], home / "test.pt")
    facts = json.loads(run("quantize", net, "--data", str(home / "graphs.pt"), "--test", str(home / "test.pt"), "-o",
                           str(out), "--json").stdout)
    figures = facts["figures"]
    assert (figures["data"], figures["rows"], figures["counted"], figures["unlabelled"]) == (
        str(home / "test.pt"), 7, 5, 2)
    fp32, quantized, integer = figures["models"]
    assert facts["fp32_accuracy"] == fp32["score"]["accuracy"]
    assert facts["accuracy"] == quantized["score"]["accuracy"]
    assert facts["agreement"] == quantized["to_fp32"]["same"]
    assert integer["to_quantized"]["same"] == 1
    _, sample = load(out)
    assert sample.batch.graphs == 7
    assert sample.limits.nodes == max(len(each.x) for each in graphs)


@pytest.mark.slow
def test_a_chain_on_one_graph_goes_the_node_level_way(home: Path) -> None:
    from hwgen.frontend import load

    out = home / "chain.pt"
    facts = json.loads(run("quantize", f"{home / 'net_of_cli.py'}:Chain", "--data", "digits", "--scheme", "a2q",
                           "--bits", "4", "-o", str(out), "--json").stdout)
    assert facts["figures"]["of"] == "nodes"
    assert [value.path for value in load(out)[0].values[::2]] == ["one", "two"]


def test_quantize_says_what_is_wrong(home: Path, graphs: list[Data]) -> None:
    name, data = f"{home / 'net_of_cli.py'}:Net", str(home / "graphs.pt")
    assert error("quantize", name, "--data", "Coraa", "-o", str(home / "x.pt")).where == "data"
    assert error("quantize", name, "--data", data, "-o", str(home)).what == "the checkpoint cannot be written"
    assert error("quantize", f"{home / 'net_of_cli.py'}:Bad", "--data", "nothing.pt").what.startswith(".tanh()")
    found = error("quantize", name, "--data", data, "--scheme", "a2q", "-o", str(home / "x.pt"))
    assert "20 graphs for a scheme" in found.what
    found = error("quantize", f"{home / 'net_of_cli.py'}:Chain", "--data", data, "-o", str(home / "x.pt"))
    assert "5" in found.what or "fails" in found.what
    assert not (home / "x.pt").exists()
