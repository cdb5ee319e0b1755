"""COX2 with 1/distance as edge weights, and with random ones of both signs: accuracy by bits, bit-exact builds.

    python bench/edge_weights.py [--epochs 60] [--work build/edge_weights]

A GCN of two layers (32 channels, sums over atoms) is trained in FP32 on four fifths of the graphs and quantized
without training (``nns``, weights of 8 bits). Bonds weigh one over the distance of their atoms; of the random weights,
normal around 0.3, a third is negative, which ``GraphConv`` takes. One design of each kind is built and simulated:
every code of the sample, and the estimate of cycles. Writes docs/edge_weights.md.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GCNConv, GraphConv, global_add_pool

import hwgen
from hwgen.frontend.data.tudataset import load_tudataset
from hwgen.network.sample import Limits

ROOT = Path(__file__).resolve().parents[1]
BITS = (1, 2, 3, 4, 6, 8)


class Net(nn.Module):
    """Two weighted convolutions, sums over the atoms, a readout."""

    def __init__(self, kind: type[GCNConv | GraphConv], features: int) -> None:
        super().__init__()
        self.near, self.far, self.out = kind(features, 32), kind(32, 32), nn.Linear(32, 2)

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor, batch: Tensor) -> Tensor:
        x = self.near(x, edge_index, edge_weight).relu()
        x = self.far(x, edge_index, edge_weight).relu()
        logits: Tensor = self.out(global_add_pool(x, batch))
        return logits


def molecules(weights: str) -> list[Data]:
    """COX2: kinds of atoms as features, 1/distance or random numbers as weights of bonds."""
    found, random = [], np.random.default_rng(0)
    for graph in load_tudataset("COX2"):
        place, kinds = graph.x[:, :3] * graph.input_scale, graph.x[:, 3:] * graph.input_scale
        ends = place[graph.edge_index]
        near = 1 / (ends[0] - ends[1]).norm(dim=1).clamp_min(0.1)
        drawn = torch.from_numpy(random.normal(0.3, 0.7, graph.num_edges)).float()
        found.append(Data(x=(kinds > 0.5).float(), edge_index=graph.edge_index, y=graph.y,
                          edge_weight=near if weights == "1/distance" else drawn))
    return found


def trained(model: nn.Module, graphs: Sequence[Data], epochs: int) -> nn.Module:
    """The model after some epochs of Adam."""
    optimizer = torch.optim.Adam(model.parameters(), 0.005)
    for _ in range(epochs):
        for batch in DataLoader(list(graphs), 32, shuffle=True):
            optimizer.zero_grad()
            logits = model(batch.x, batch.edge_index, batch.edge_weight, batch.batch)
            nn.functional.cross_entropy(logits, batch.y).backward()
            optimizer.step()
    return model.eval()


@torch.no_grad()
def accuracy(model: nn.Module, graphs: Sequence[Data], *, quantized: bool) -> tuple[float, Tensor]:
    """Share of graphs whose class is found, and the classes that are."""
    batch = next(iter(DataLoader(list(graphs), len(graphs))))
    logits = model(batch) if quantized else model(batch.x, batch.edge_index, batch.edge_weight, batch.batch)
    return float((logits.argmax(1) == batch.y).float().mean()), logits.argmax(1)


def measured(weights: str, kind: type[GCNConv | GraphConv], work: Path, epochs: int) -> list[dict[str, Any]]:
    """A row for each width; the widest is built."""
    torch.manual_seed(0)
    graphs = molecules(weights)
    order = np.random.default_rng(1).permutation(len(graphs))
    training, test = ([graphs[k] for k in each] for each in np.split(order, [len(graphs) * 4 // 5]))
    model = trained(Net(kind, graphs[0].x.shape[1]), training, epochs)
    fp32, classes = accuracy(model, test, quantized=False)
    rows = []
    for bits in BITS:
        quantized = hwgen.quantize(model, "nns", data=training, weight_bits=8, bits=8, edge_bits=bits).eval()
        share, same = accuracy(quantized, test, quantized=True)
        path = work / f"{kind.__name__}{bits}.pt"
        hwgen.save(quantized, training, path, test=test)
        network, sample = hwgen.load(path)
        entries = Limits.of(sample.batch, network.input_bits, network.edges).mean_weighed
        rows.append({"weights": weights, "layer": kind.__name__, "bits": bits, "fp32": fp32, "accuracy": share,
                     "same": float((same == classes).float().mean()), "entries": entries})
        print(rows[-1], flush=True)
    small = ["--target", "lists", "--units", "1", "--requant-lanes", "2", "--lanes", "16", "--graphs", "1"]
    command = [sys.executable, "-m", "hwgen", "build", str(path), *small, "-o", str(work / kind.__name__), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 2:
        raise SystemExit(done.stderr)
    rows[-1]["built"] = json.loads(done.stdout)["verification"] | {"exact": done.returncode == 0}
    print(rows[-1]["built"], flush=True)
    return rows


def document(rows: Sequence[dict[str, Any]], command: str) -> str:
    """The Markdown page."""
    table = "".join(
        f"| {row['weights']} | {row['layer']} | {row['bits']} | {row['fp32']:.1%} | {row['accuracy']:.1%} "
        f"| {row['same']:.1%} | {row['entries']:.0f} |\n" for row in rows)
    built = "".join(
        f"- {row['layer']} with {row['weights']}, {row['bits']} bits: "
        f"{'bit-exact' if row['built']['exact'] else 'DIFFERS'}, {row['built']['codes_compared']:,} codes "
        f"({row['built']['what']}); estimated cycles are those counted.\n"
        for row in rows if "built" in row)
    return f"""# Weights of edges

Made by `{command}`. COX2, test graphs; bits are those of a weight's magnitude; "same" is the
share of graphs that get the class of the FP32 model; entries are what a graph's lists of weighted edges take, on
average: reads, and turns of a sum's sign.

| weights | layer | bits | FP32 | quantized | same | entries a graph |
|---|---|---|---|---|---|---|
{table}
Built and simulated:

{built}"""


def main() -> None:
    """Measure both kinds of weights, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "edge_weights")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    rows = [*measured("1/distance", GCNConv, options.work, options.epochs),
            *measured("random", GraphConv, options.work, options.epochs)]
    page = document(rows, f"python bench/edge_weights.py --epochs {options.epochs}")
    (ROOT / "docs" / "edge_weights.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
