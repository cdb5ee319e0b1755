"""``hwgen train``: options, what is refused before training, what is printed, and the checkpoint."""

import json
from pathlib import Path

import pytest
from cli_runs import run
from click.testing import CliRunner
from graph_sets import rings_and_stars
from training_graphs import small_data

from hwgen.cli import cli
from hwgen.errors import HwgenError
from hwgen.frontend.checkpoint import load
from hwgen.frontend.data.own_files import save_graphs

NET = """
import torch
from torch import nn
from torch_geometric.nn import GCNConv

class Net(nn.Module):
    def __init__(self, width=6):
        super().__init__()
        self.one, self.two, self.lin = GCNConv(12, width), GCNConv(width, width), nn.Linear(width, 3)

    def forward(self, x, edge_index):
        h = self.one(x, edge_index).relu()
        return self.lin(self.two(h, edge_index).relu() + h)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One graph, a set of graphs, and a user's module."""
    found = tmp_path_factory.mktemp("train")
    save_graphs([small_data()], found / "one.pt")
    save_graphs(list(rings_and_stars()), found / "set.pt")
    (found / "net_to_train.py").write_text(NET)
    return found


def error(*arguments: str) -> HwgenError:
    found = CliRunner().invoke(cli, ["train", *arguments], standalone_mode=False).exception
    assert isinstance(found, HwgenError), found
    return found


@pytest.mark.slow
def test_one_graph_by_a_named_model(home: Path) -> None:
    out = home / "gcn.pt"
    text = run("train", "--data", str(home / "one.pt"), "--epochs", "4", "--seeds", "2", "-o", str(out))
    lines = [line.split() for line in text.splitlines()]
    assert any(line[:1] == ["mean"] for line in lines)
    assert "(kept)" in text
    network, sample = load(out)
    assert network.values[-1].width == 3
    assert (sample.mask == small_data().test_mask.numpy()).all()
    found = json.loads(run("train", "--data", str(home / "one.pt"), "--epochs", "4", "--seeds", "2", "-o", str(out),
                           "--json"))
    fp32, quantized, integer = found["figures"]["models"]
    assert found["figures"]["counted"] == small_data().test_mask.sum()
    assert (fp32["score"]["accuracy"], quantized["score"]["accuracy"]) == (
        pytest.approx(found["best"]["fp32_test"]), pytest.approx(found["best"]["test"]))
    assert integer["model"] == "integer"


def test_a_module_of_a_users_own(home: Path) -> None:
    facts = json.loads(run("train", "--model", f"{home / 'net_to_train.py'}:Net(5)", "--data", str(home / "one.pt"),
                           "--scheme", "mega", "--bits", "3", "--weight-bits", "6", "--epochs", "4", "-o",
                           str(home / "net.pt"), "--json"))
    assert (facts["scheme"], facts["recipe"], len(facts["runs"])) == ("mega", "default", 1)
    assert facts["best"] == facts["runs"][0]
    network, _ = load(home / "net.pt")
    weights = [term.weight for value in network.values for term in value.terms if term.weight is not None]
    assert {weight.bits for weight in weights} == {6}
    assert weights[0].codes.shape == (12, 5)


@pytest.mark.slow
def test_folds_of_a_set(home: Path) -> None:
    common = ("--model", "gin", "--data", str(home / "set.pt"), "--epochs", "2", "--hidden", "4", "--layers", "1", "-o",
              str(home / "set-model.pt"))
    facts = json.loads(run("train", *common, "--folds", "2", "--json"))
    assert [(each["fold"], each["seed"]) for each in facts["runs"]] == [(0, 0), (1, 0)]
    assert facts["scheme"] == "nns"
    assert facts["checkpoint"] == str(home / "set-model.pt")
    text = run("train", *common, "--fold", "7")
    [line] = [line.split() for line in text.splitlines() if "(kept)" in line]
    assert line[0] == "7"


def test_help_teaches_by_examples() -> None:
    text = run("train", "--help")
    for words in ("--model sage", "--model net.py:Net --data graphs.pt", "--folds 10", "nns on a set", "PROTEINS"):
        assert words in " ".join(text.split())


def test_what_cannot_be_trained_is_refused_and_nothing_is_written(home: Path) -> None:
    one, many, out = str(home / "one.pt"), str(home / "set.pt"), home / "none.pt"
    cases = [(("--data", many, "--scheme", "a2q"), "a step for each node (a2q) on a set of graphs"),
             (("--data", many, "--folds", "2", "--fold", "1"), "--folds 2 and --fold 1"),
             (("--data", one, "--folds", "2"), "folds of one graph"),
             (("--data", one, "--model", "gat"), "unknown model 'gat'"),
             (("--data", "PubMed",), "unknown data set 'PubMed'"),
             (("--data", one, "--model", f"{home / 'net_to_train.py'}:Net", "--hidden", "4"),
              "hidden of a module of your own"),
             (("--data", many, "--recipe", "published"),
              "recipe published has no settings for gcn with nns, by graphs"),
             (("--data", one, "--scheme", "mega", "--target-bits", "0.5"),
              "target_bits is 0.5, and rows have at least 1 bit")]
    for arguments, what in cases:
        found = error(*arguments, "-o", str(out))
        assert found.what == what
        assert found.where
        assert found.fix
    assert not out.exists()
