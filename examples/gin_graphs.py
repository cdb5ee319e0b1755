"""Classify graphs: two GIN layers with batch norm, two ways of pooling, and a readout, trained with quantizers.

The graphs are scikit-learn's digits: a node for each pixel that is not empty, edges between neighbours.
"""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GINConv, global_add_pool, global_max_pool

import hwgen.frontend
from hwgen.frontend.checkpoint import load
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.network_to_program import lower

TRAIN, TEST = 800, 64


class Net(nn.Module):
    def __init__(self, features: int, classes: int, width: int = 32) -> None:
        super().__init__()
        self.near, self.far = (GINConv(nn.Sequential(nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU(),
                                                     nn.Linear(width, width)), train_eps=True)
                               for inputs in (features, width))
        self.norms = nn.ModuleList([nn.BatchNorm1d(width), nn.BatchNorm1d(width)])
        self.pools = [global_add_pool, global_max_pool]
        self.readout = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, classes))

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        x = F.relu(self.norms[0](self.near(x, edge_index)))
        x = F.relu(self.norms[1](self.far(x, edge_index)))
        return self.readout(torch.cat([pool(x, batch) for pool in self.pools], dim=1))


def digits_as_graphs() -> list[Data]:
    """Features of a node: its row and its column, one-hot, and its brightness from 1 to 16."""
    images, labels = load_digits(return_X_y=True)
    graphs = []
    for image, label in zip(images[:TRAIN + TEST].reshape(-1, 8, 8), labels, strict=False):
        row, column = np.nonzero(image)
        x = np.concatenate([np.eye(8)[row], np.eye(8)[column], image[row, column, None]], axis=1)
        apart = np.maximum(abs(row[:, None] - row), abs(column[:, None] - column))
        graphs.append(Data(x=torch.tensor(x, dtype=torch.float32), y=torch.tensor([label]),
                           edge_index=torch.tensor(np.stack(np.nonzero(apart == 1)))))
    return graphs


def main(path: str = "gin_graphs.pt") -> None:
    torch.manual_seed(0)
    graphs = digits_as_graphs()
    train, test = graphs[:TRAIN], graphs[TRAIN:]
    model = Net(graphs[0].num_features, 10)
    fit(model, train, epochs=20, rate=0.01)

    # A table of steps and widths, searched at run time by the largest value of a row: it serves any graph.
    quantized = hwgen.quantize(model, scheme="nns", data=train, bits=4, weight_bits=8)
    fit(quantized, train, epochs=4, rate=0.001)
    hwgen.save(quantized, test, path)

    network, sample = load(path)
    limits = sample.limits
    program = lower(network, max_degree=limits.degree, max_members=limits.nodes, max_features=limits.features)
    predicted = run(program, sample.batch).results.argmax(1)
    print("values   ", ", ".join(value.name for value in network.values))
    print("bits     ", f"{quantized.average_bits([GraphBatch.union(sample.batch)]):.2f}")
    print("agreement", f"{(predicted == sample.logits.argmax(1)).mean():.4f}")
    print("accuracy ", f"{(predicted == sample.labels).mean():.4f}")


def fit(model: nn.Module, graphs: list[Data], epochs: int, rate: float) -> None:
    """The same loop for the FP32 and for the quantized model."""
    quantized = isinstance(model, hwgen.frontend.QuantizedNetwork)
    groups = model.parameter_groups(weights={"lr": rate}) if quantized else model.parameters()
    optimizer = torch.optim.Adam(groups, lr=rate)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.05, epochs)
    model.train()
    for epoch in range(epochs):
        if quantized and epoch == epochs // 2:
            model.freeze_bits()
        for batch in DataLoader(graphs, batch_size=50, shuffle=True):
            loss = F.cross_entropy(model(batch.x, batch.edge_index, batch.batch), batch.y)
            if quantized:
                loss = loss + model.penalty()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        decay.step()


if __name__ == "__main__":
    main()
