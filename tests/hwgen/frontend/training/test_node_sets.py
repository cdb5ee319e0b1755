"""Sets of graphs whose nodes have labels: trained, saved, and run on a build's reference, whole and by parts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from runtime_folders import build_folder
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import SAGEConv
from training_graphs import small_data

from hwgen.errors import HwgenError
from hwgen.frontend import load, save
from hwgen.frontend.quantize.prepare import quantize
from hwgen.frontend.training import train
from hwgen.network.figures import figures_of
from hwgen.network.reader.fields import MASKS
from hwgen.runtime import Accelerator


class Sage(nn.Module):
    """Two layers, with an optional argument that hwgen has nothing for."""

    def __init__(self) -> None:
        super().__init__()
        self.near, self.far = SAGEConv(12, 8), SAGEConv(8, 3)

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        return self.far(self.near(x, edge_index).relu(), edge_index)


def graphs(kind: str) -> list[Data]:
    """Twelve graphs; nodes have a class each, or three labels of 0 and 1."""
    found = []
    for seed in range(12):
        data = small_data(nodes=24 + seed, seed=seed)
        y = data.y if kind == "classes" else torch.stack([data.y == 0, data.y != 1, data.x[:, 0] > 0], 1).float()
        found.append(Data(x=data.x, edge_index=data.edge_index, y=y))
    return found


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_a_set_of_node_labelled_graphs_learns_and_runs(tmp_path: Path, kind: str) -> None:
    data = graphs(kind)
    done = train(Sage, data, epochs=12)
    assert done.scheme == "nns"
    assert done.kept.examples.per == "nodes"
    assert done.best.test > 0.5
    done.save(tmp_path / "m.pt")
    network, sample = load(tmp_path / "m.pt")
    assert sample.labels is not None
    assert sample.labels.shape == (sample.batch.num_nodes, 3) if kind == "labels" else (sample.batch.num_nodes,)
    build_folder(tmp_path, network, sample.batch, units=2)
    accelerator = Accelerator(tmp_path)
    whole = accelerator.run(data[:3])
    assert whole.shape == (sum(len(each.x) for each in data[:3]), 3)
    with torch.no_grad():
        module = torch.cat([done.model.eval()(each) for each in data[:3]]).numpy()
    assert np.abs(whole - module).max() < 0.05 * np.abs(module).max()


@pytest.mark.slow
def test_neighbourhoods_go_the_whole_way_and_seeds_count(tmp_path: Path) -> None:
    graph = small_data(nodes=60)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0)).tolist()
    batches = [neighbourhood(graph, order[first:first + 7]) for first in range(0, 60, 7)]
    assert sum(len(each.x) for each in batches) > 100  # a node is in several of them
    torch.manual_seed(0)
    module = Sage().eval()
    model = quantize(module, "nns", data=batches)
    save(model, batches, tmp_path / "quantized.pt")
    train(Sage, batches, "nns", epochs=2).save(tmp_path / "trained.pt")
    for name in ("quantized", "trained"):
        network, sample = load(tmp_path / f"{name}.pt")
        figures = figures_of(sample, data="", of="nodes")
        assert figures.counted == int(graph.test_mask.sum())  # every node once, as a seed
        build_folder(tmp_path / name, network, sample.batch, units=2)
        accelerator = Accelerator(tmp_path / name)
        assert np.array_equal(accelerator.run(batches), accelerator.run(graph)[order])
    with torch.no_grad():
        right = module(graph.x, graph.edge_index).argmax(1) == graph.y
    found = figures_of(load(tmp_path / "quantized.pt")[1], data="", of="nodes")
    assert found.accuracy("fp32") == pytest.approx(float(right[graph.test_mask].double().mean()))


def neighbourhood(graph: Data, seeds: list[int]) -> Data:
    """What PyG's NeighborLoader that takes all neighbours, two steps away, makes of some seeds, with all its fields."""
    kept, reached = list(seeds), set(seeds)
    sizes = [len(seeds)]
    for _ in range(2):
        sources = graph.edge_index[0][torch.isin(graph.edge_index[1], torch.tensor(sorted(reached)))]
        reached |= set(sources.tolist())
        kept += [each for each in sorted(reached) if each not in kept]
        sizes.append(len(kept) - sum(sizes))
    number = torch.full((len(graph.x),), -1)
    number[torch.tensor(kept)] = torch.arange(len(kept))
    inside = (number[graph.edge_index] >= 0).all(0)
    masks = {name: graph[name][kept] for name in MASKS}
    return Data(x=graph.x[kept], edge_index=number[graph.edge_index[:, inside]], y=graph.y[kept], **masks,
                n_id=torch.tensor(kept), e_id=torch.nonzero(inside)[:, 0], num_sampled_nodes=sizes,
                num_sampled_edges=[0, int(inside.sum())], batch_size=len(seeds), input_id=torch.tensor(seeds))


@pytest.mark.parametrize(("change", "message"), [
    (lambda each: each.update({"edge_weight": torch.ones(each.num_edges)}), "^the graphs have edge_weight, and"),
    (lambda each: each.update({"y": torch.rand(len(each.x))}),
     r"^labels tell no task: one real label a row beside 3 results\n  at .*\n.* 1 output$"),
    (lambda each: each.update({"y": (torch.arange(5 * len(each.x)) % 2).view(-1, 5).float()}),
     r"^labels tell no task: 5 labels a row beside 3 results\n.*\n.* 5 outputs"),
])
def test_what_cannot_be_learned_is_refused_before_the_first_epoch(change: Any, message: str) -> None:
    data = graphs("classes")
    for each in data:
        change(each)
    with pytest.raises(HwgenError, match=message):
        train(Sage, data, epochs=1)
