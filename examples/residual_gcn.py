"""Classify nodes: three residual GCN layers with batch norm, joined by JumpingKnowledge; trained with quantizers."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv, JumpingKnowledge

import hwgen.frontend
from hwgen.frontend.checkpoint import load
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.network_to_program import lower


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv, self.norm = GCNConv(width, width), nn.BatchNorm1d(width)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x, edge_index)) + x)


class Net(nn.Module):
    def __init__(self, features: int, classes: int, width: int = 24) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.Linear(features, width), nn.ReLU())
        self.blocks = nn.ModuleList([Block(width) for _ in range(3)])
        self.join, self.leave = JumpingKnowledge("cat"), nn.Linear(3 * width, classes)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x, every = self.enter(x), []
        for block in self.blocks:
            x = block(x, edge_index)
            every.append(x)
        return self.leave(self.join(every))


def main(path: str = "residual_gcn.pt") -> None:
    torch.manual_seed(0)
    data = hwgen.frontend.load_data("digits")
    model = Net(data.num_features, data.classes)
    fit(model, data, epochs=60, rate=0.01)

    # Every node of this one graph has a step and a width of its own.
    quantized = hwgen.quantize(model, scheme="a2q", data=data, bits=4, weight_bits=6, message_bits=6)
    fit(quantized, data, epochs=60, rate=0.001)
    hwgen.save(quantized, data, path)

    network, sample = load(path)
    limits = sample.limits
    program = lower(network, max_degree=limits.degree, max_members=limits.nodes, max_features=limits.features)
    predicted = run(program, sample.batch).results.argmax(1)
    print("values   ", ", ".join(value.name for value in network.values))
    print("bits     ", f"{quantized.average_bits([GraphBatch.union(sample.batch)]):.2f}")
    print("agreement", f"{(predicted == sample.logits.argmax(1)).mean():.4f}")
    print("accuracy ", f"{(predicted == sample.labels)[sample.mask].mean():.4f}")


def fit(model: nn.Module, data: Data, epochs: int, rate: float) -> None:
    """The same loop for the FP32 and for the quantized model."""
    quantized = isinstance(model, hwgen.frontend.QuantizedNetwork)
    groups = model.parameter_groups(weights={"lr": rate}) if quantized else model.parameters()
    optimizer = torch.optim.Adam(groups, lr=rate)
    model.train()
    for epoch in range(epochs):
        loss = F.cross_entropy(model(data.x * data.input_scale, data.edge_index)[data.train_mask],
                               data.y[data.train_mask])
        if quantized:
            loss = loss + model.penalty()
            if epoch == epochs // 2:
                model.freeze_bits()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
