"""Train node-level models of other kinds than GCN: GraphSAGE on Cora, a residual GCN on CiteSeer.

    python bench/node_models.py [--model sage] [--seeds 3] [--keep FOLDER]

Any module that traces goes this way: FP32 first, then :func:`hwgen.frontend.network.quantize_plan`, and training on
with every node's FP32 prediction as goal. Epochs are selected by validation; the integer reference looks at the test
nodes once. ``--keep`` receives each network and its graph.
"""

import argparse
import copy
import dataclasses
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch_geometric.nn import GCNConv, JumpingKnowledge, SAGEConv

from hwgen.frontend import load_dataset
from hwgen.frontend.network import SCHEMES, GraphBatch, QuantizedNetwork, Scheme, quantize_plan
from hwgen.frontend.tracing import plan_of
from hwgen.ir.network_store import save_batch, save_network
from hwgen.ir.stream import Batch
from hwgen.lower.stream import lower
from hwgen.reference.stream.execute import agreement, run


class Sage(nn.Module):
    """GraphSAGE (Hamilton et al. 2017) of two layers, mean aggregation."""

    def __init__(self, features: int, classes: int, hidden: int = 32) -> None:
        super().__init__()
        self.one, self.two = SAGEConv(features, hidden), SAGEConv(hidden, classes)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Logits: float [n, classes]."""
        x = F.dropout(F.relu(self.one(F.dropout(x, 0.5, self.training), edge_index)), 0.5, self.training)
        out: Tensor = self.two(x, edge_index)
        return out


class ResidualGCN(nn.Module):
    """Three GCN layers with batch norm and residual sums; JumpingKnowledge joins their maps."""

    def __init__(self, features: int, classes: int, hidden: int = 16) -> None:
        super().__init__()
        self.convs = nn.ModuleList([GCNConv(features, hidden), GCNConv(hidden, hidden), GCNConv(hidden, hidden)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(hidden) for _ in self.convs])
        self.jump = JumpingKnowledge("cat")
        self.lin = nn.Linear(3 * hidden, classes)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Logits: float [n, classes]."""
        x = F.dropout(x, 0.5, self.training)
        maps = [F.relu(self.norms[0](self.convs[0](x, edge_index)))]
        for conv, norm in zip(self.convs[1:], self.norms[1:], strict=True):
            given = F.dropout(maps[-1], 0.5, self.training)
            maps.append(maps[-1] + F.relu(norm(conv(given, edge_index))))
        out: Tensor = self.lin(self.jump(maps))
        return out


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """One model on one data set."""

    module: type[nn.Module]
    dataset: str
    scheme: Scheme
    rate: float = 0.01
    decay: float
    epochs: int = 200
    quantized_rate: float = 0.005


JOBS = {"sage": Job(module=Sage, dataset="Cora", decay=0.01,
                    scheme=dataclasses.replace(SCHEMES["mega"], bits=3, most=4, gradient="local", target=2.0,
                                               weight=1000.0)),
        "residual": Job(module=ResidualGCN, dataset="CiteSeer", decay=0.02,
                        scheme=dataclasses.replace(SCHEMES["a2q"], bits=3, most=4, target=2.0, weight=1000.0))}


def fit(model: nn.Module, forward: Callable[[], Tensor], data: Any, groups: Any, epochs: int, *,
        goal: Tensor | None = None) -> float:
    """Train and leave the model at the epoch that validation selects; its validation accuracy."""
    optimizer = torch.optim.Adam(groups)
    best: tuple[tuple[float, float], dict[str, Tensor]] | None = None
    quantized = model if isinstance(model, QuantizedNetwork) else None
    for epoch in range(epochs):
        if quantized is not None and epoch == epochs // 2:
            quantized.freeze_bits()
        model.train()
        logits = forward()
        loss = F.cross_entropy(logits[data.train_mask], data.y[data.train_mask])
        if goal is not None and quantized is not None:
            far = F.kl_div(logits.log_softmax(1), goal, reduction="batchmean")
            loss = 0.1 * loss + 0.9 * far + quantized.penalty()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if quantized is None or epoch >= epochs // 2:
            model.eval()
            with torch.no_grad():
                logits = forward()
            right = float((logits.argmax(1) == data.y)[data.val_mask].float().mean())
            rank = right, -float(F.cross_entropy(logits[data.val_mask], data.y[data.val_mask]))
            if best is None or rank > best[0]:
                best = rank, copy.deepcopy(model.state_dict())
    assert best is not None
    model.load_state_dict(best[1])
    model.eval()
    return best[0][0]


def run_seed(job: Job, name: str, seed: int, data: Any, keep: Path | None) -> dict[str, float]:
    """Train, lower and execute one seed."""
    torch.manual_seed(seed)
    teacher = job.module(data.num_features, data.classes)
    groups = [{"params": list(teacher.parameters()), "lr": job.rate, "weight_decay": job.decay}]
    valid = fit(teacher, lambda: teacher(data.x, data.edge_index), data, groups, job.epochs)
    with torch.no_grad():
        full = teacher(data.x, data.edge_index)
    model = quantize_plan(plan_of(teacher), job.scheme, data)
    batch = GraphBatch(csr_array(data.x.numpy().astype(np.float64)), data.edge_index.numpy(),
                       np.zeros(data.num_nodes, np.int64), 1)
    rate = job.quantized_rate
    own = fit(model, lambda: model(batch), data, model.parameter_groups(
        weights={"lr": rate, "weight_decay": job.decay / 4}, weight_steps={"lr": rate}, message_steps={"lr": rate},
        sizes={"lr": rate}, bits={"lr": 0.05}), job.epochs, goal=full.softmax(1))
    network = model.export(f"{name}-{data.name.lower()}")
    codes = Batch(features=csr_array(data.x.numpy().astype(np.int64)), edges=data.edge_index.numpy(),
                  graph=np.zeros(data.num_nodes, np.int64), graphs=1, node=np.arange(data.num_nodes))
    if keep is not None:
        save_network(network, keep / f"{name}-{data.name}-{seed}")
        save_batch(codes, keep / f"{name}-{data.name}-{seed}" / "graph.npz")
    degree = int(np.bincount(codes.edges[1]).max())
    program = lower(network, max_degree=degree + 1, max_members=data.num_nodes,
                    max_features=int(np.diff(codes.features.indptr).max()))
    trace, test = run(program, codes), data.test_mask.numpy()
    with torch.no_grad():
        fake = model(batch)
    share = agreement(program, trace, fake.double().numpy())
    return {"fp32_validation": valid, "validation": own, "agreement": share.argmax,
            "fp32_test": float((full.argmax(1) == data.y)[data.test_mask].float().mean()),
            "integer_test": float((trace.predict() == data.y.numpy())[test].mean()),
            "bits": model.average_bits([batch]), "bits_of_every_code": model.average_bits([batch], messages=True)}


def main() -> int:
    """Run every seed of the models asked for and print a line each, then the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=JOBS, action="append", help="default: all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder that receives networks and graphs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.model or JOBS:
        job = JOBS[name]
        data = load_dataset(job.dataset)
        results = [run_seed(job, name, seed, data, options.keep) for seed in range(options.seeds)]
        for key in results[0]:
            values = [each[key] for each in results]
            print(f"{name} {job.dataset} {key}: mean {statistics.mean(values):.4f} of "
                  f"{', '.join(f'{value:.4f}' for value in values)}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
