"""Labels that are no classes through the verbs: real ones, signs, and those behind a final sigmoid."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_runs import run
from runtime_folders import build_folder
from torch_geometric.data import Data

from hwgen.frontend.checkpoint import load
from hwgen.frontend.data.own_files import save_graphs
from hwgen.frontend.user_file import load_module
from hwgen.network.figures import figures_of
from hwgen.network.heads import HEADS
from hwgen.runtime import Accelerator

NET = """
import torch
from torch import nn
from torch_geometric.nn import SAGEConv, global_mean_pool

class Net(nn.Module):
    def __init__(self, outputs=1, head=torch.sigmoid):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.lin, self.head = SAGEConv(4, 8), nn.Linear(8, outputs), head or nn.Identity()

    def forward(self, x, edge_index, batch):
        out = self.lin(global_mean_pool(self.conv(x, edge_index).relu(), batch))
        return self.head(out).squeeze(-1)
"""


def graphs(count: int = 20) -> list[Data]:
    """A graph's label is the share of its nodes that have feature 0."""
    random = torch.Generator().manual_seed(0)
    found = []
    for _ in range(count):
        nodes = int(torch.randint(4, 9, (1,), generator=random))
        x = torch.randint(0, 2, (nodes, 4), generator=random).float()
        found.append(Data(x=x, edge_index=torch.randint(0, nodes, (2, 3 * nodes), generator=random),
                          y=x[:, :1].mean().reshape(1)))
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's module and graphs."""
    found = tmp_path_factory.mktemp("real")
    save_graphs(graphs(), found / "graphs.pt")
    (found / "net_of_real_labels.py").write_text(NET)
    return found


def test_a_final_sigmoid_stands_before_real_labels_at_every_door(home: Path, tmp_path: Path) -> None:
    facts = json.loads(run("quantize", f"{home / 'net_of_real_labels.py'}:Net", "--data", str(home / "graphs.pt"),
                           "-o", str(home / "q.pt"), "--json"))["figures"]
    assert (facts["task"], facts["said"]) == ("regression", "real labels, 1 result behind sigmoid")
    module, data = load_module(f"{home / 'net_of_real_labels.py'}:Net").eval(), graphs()
    with torch.no_grad():
        theirs = torch.cat([module(each.x, each.edge_index, torch.zeros(len(each.x), dtype=torch.int64)).reshape(1)
                            for each in data]).double().numpy()
    labels = torch.cat([each.y for each in data]).double().numpy()
    fp32, _, integer = facts["models"]
    assert fp32["score"]["mean_error"] == pytest.approx(np.abs(theirs - labels).mean(), rel=1e-5)

    network, sample = load(home / "q.pt")
    assert network.head == "sigmoid"
    assert "1 result for each of the graphs, sigmoid left to the host" in " ".join(
        run("inspect", str(home / "q.pt")).split())
    build_folder(tmp_path, network, sample.batch, units=1)
    accelerator = Accelerator(tmp_path)
    assert accelerator.head == "sigmoid"
    results = accelerator.run(data)
    mine = torch.sigmoid(torch.from_numpy(results)).numpy()[:, 0]
    assert integer["score"]["mean_error"] == pytest.approx(np.abs(mine - labels).mean(), rel=1e-6)
    again = figures_of(sample, data="", of="graphs", head=network.head)
    assert again["fp32"].score.mean_error == pytest.approx(fp32["score"]["mean_error"])


@pytest.mark.slow
def test_training_tells_errors_in_the_labels_unit(home: Path, tmp_path: Path) -> None:
    train = ("train", "--model", f"{home / 'net_of_real_labels.py'}:Net", "--data", str(home / "graphs.pt"), "--epochs",
             "2", "-o", str(tmp_path / "m.pt"))
    done = json.loads(run(*train, "--json"))
    best, facts = done["best"], done["figures"]
    fp32, quantized, _ = (each["score"] for each in facts["models"])
    assert best["task"] == facts["task"] == "regression"
    assert fp32["mean_error"] == pytest.approx(best["fp32_test"], rel=1e-5)
    assert quantized["mean_error"] == pytest.approx(best["test"], rel=1e-5)
    network, sample = load(tmp_path / "m.pt")
    results, tested = HEADS[network.head](sample.logits)[:, 0], sample.labels
    assert len(tested) == facts["counted"] == 2
    assert quantized["mean_error"] == pytest.approx(np.abs(results - tested).mean(), rel=1e-4)
    text = " ".join(run(*train).split())
    assert "mean absolute errors" in text
    assert f" {best['test']:.4g} " in text
    assert "R²" in text
