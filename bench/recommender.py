"""LightGCN on a drawn recommender graph: Recall@20 in FP32 and in integers, for docs/layers.md.

    python bench/recommender.py              seeds 0 to 2: a line each in docs/evidence/recommender.jsonl, and a table

Users and items have 8 hidden tastes each; a user takes 24 of 400 items, the likelier the better they fit, and 6 of
these are kept for the test. Nodes are told apart by one-hot features: the rows of the first weight are LightGCN's
embeddings. The model learns by BPR (Rendle et al., UAI 2009), in FP32 and then quantized, in a loop of one's own.
"""

import argparse
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from result_lines import EVIDENCE, append_line, read_lines, spread
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import LGConv

import hwgen
from hwgen.frontend.data.batching import union_of
from hwgen.network.sample import Limits
from hwgen.targets.lists.design import program_for
from hwgen.targets.lists.execute import run

__all__ = ["table"]

ROOT = Path(__file__).parents[1]
WIDTHS = (4, 3, 2)
USERS, ITEMS, TAKEN, KEPT, TOP = 600, 400, 24, 6, 20


class Light(nn.Module):
    """Embeddings, and the mean of what 0 to 2 propagations leave of them (He et al., SIGIR 2020, equations 3 and 4)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.embedding, self.conv = nn.Linear(USERS + ITEMS, width, bias=False), LGConv()
        nn.init.normal_(self.embedding.weight, std=0.1)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        h = self.embedding(x)
        one = self.conv(h, edge_index)
        out: Tensor = (h + one + self.conv(one, edge_index)) / 3
        return out


def drawn(seed: int) -> tuple[Data, NDArray[np.int64], NDArray[np.int64]]:
    """The graph of what is learned, its pairs [2, p], and the items [USERS, KEPT] of the test."""
    rng = np.random.default_rng(seed)
    fit = rng.normal(size=(USERS, 8)) @ rng.normal(size=(8, ITEMS)) + rng.gumbel(size=(USERS, ITEMS))
    taken = rng.permuted(np.argsort(-fit, axis=1)[:, :TAKEN], axis=1)
    pairs = np.stack([np.repeat(np.arange(USERS), TAKEN - KEPT), taken[:, KEPT:].ravel()])
    ends = torch.from_numpy(pairs + np.array([[0], [USERS]]))
    edges = torch.cat([ends, ends.flip(0)], 1)
    return Data(x=torch.eye(USERS + ITEMS), edge_index=edges), pairs, taken[:, :KEPT]


def recall(rows: NDArray[np.float64], pairs: NDArray[np.int64], test: NDArray[np.int64]) -> float:
    """Share of the kept items that are among the 20 best of those that a user has not taken."""
    scores = rows[:USERS] @ rows[USERS:].T
    scores[pairs[0], pairs[1]] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
    return float((best[:, :, None] == test[:, None, :]).any(1).mean())


def learn(model: Any, data: Data, pairs: NDArray[np.int64], optimizer: torch.optim.Optimizer, epochs: int,
          seed: int) -> None:
    """BPR: an item that was taken scores above one drawn."""
    draw = torch.Generator().manual_seed(seed)
    user, item = torch.from_numpy(pairs)
    for epoch in range(epochs):
        if isinstance(model, hwgen.frontend.QuantizedNetwork) and epoch == epochs // 2:
            model.freeze_bits()
        rows = model(data.x, data.edge_index)
        other = torch.randint(ITEMS, item.shape, generator=draw)
        apart = (rows[user] * (rows[USERS + item] - rows[USERS + other])).sum(1)
        loss = -F.logsigmoid(apart).mean() + 1e-3 * rows.square().sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def measured(seed: int, bits: int) -> dict[str, Any]:
    """One seed."""
    data, pairs, test = drawn(seed)
    torch.manual_seed(seed)
    model = Light()
    learn(model, data, pairs, torch.optim.Adam(model.parameters(), lr=0.02), 200, seed)
    with torch.no_grad():
        rows = model(data.x, data.edge_index).double().numpy()
    found = {"seed": seed, "bits": bits, "fp32": recall(rows, pairs, test)}
    quantized = hwgen.quantize(model, "uniform", data=data, bits=bits, weight_bits=bits, message_bits=bits)
    found |= _integer("quantized", quantized, data, pairs, test)
    groups = quantized.parameter_groups(weights={"lr": 0.001}, weight_steps={"lr": 0.001}, message_steps={"lr": 0.001})
    learn(quantized.train(), data, pairs, torch.optim.Adam(groups), 50, seed)
    return found | _integer("trained", quantized, data, pairs, test)


def _integer(name: str, quantized: hwgen.frontend.QuantizedNetwork, data: Data, pairs: NDArray[np.int64],
             test: NDArray[np.int64]) -> dict[str, float]:
    """Recall in PyTorch and of the integer program, which is what hardware computes bit for bit."""
    batch, network = union_of([data], quantized.input), quantized.export("light")
    program = program_for(network, Limits.of(batch, network.input_bits))
    with torch.no_grad():
        rows = quantized.eval()().double().numpy()
    integer = run(program, batch).results * program.scale
    return {f"{name}_pytorch": recall(rows, pairs, test), name: recall(integer, pairs, test)}


def table(results: Path) -> str:
    """Of what is there: a Markdown table."""
    text = "| bits of weights and messages | FP32 | quantized | difference | and trained on | difference |\n"
    text += "|---|---|---|---|---|---|\n"
    for bits in WIDTHS:
        lines = [each for each in read_lines(results) if each["bits"] == bits]
        row = [str(bits), spread(lines, "fp32")]
        for key in ("quantized", "trained"):
            apart = statistics.mean(100 * (each[key] - each["fp32"]) for each in lines)
            row += [spread(lines, key), f"{apart:+.2f}"]
        text += f"| {' | '.join(row)} |\n"
    return text


def main() -> None:
    """Run what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=EVIDENCE / "recommender.jsonl")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for bits in WIDTHS:
        for seed in range(3):
            if not any(each["seed"] == seed and each["bits"] == bits for each in read_lines(options.results)):
                append_line(options.results, measured(seed, bits))
    print(table(options.results))


if __name__ == "__main__":
    main()
