"""Classify nodes: GraphSAGE with residual connections and LeakyReLU; quantized for any graph, without training."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.nn import SAGEConv

import hwgen.frontend
from hwgen.frontend.checkpoint import load
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.network_to_program import lower


class Net(nn.Module):
    def __init__(self, features: int, classes: int, width: int = 32) -> None:
        super().__init__()
        self.enter = nn.Linear(features, width)
        self.mean, self.max = SAGEConv(width, width), SAGEConv(width, width, aggr="max", project=True)
        self.leave = nn.Linear(width, classes)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = F.leaky_relu(self.enter(x), 0.125)
        for conv in (self.mean, self.max):
            x = x + F.leaky_relu(conv(x, edge_index), 0.125)
            x = F.dropout(x, p=0.3, training=self.training)
        return self.leave(x)


def main(path: str = "sage_residual.pt") -> None:
    torch.manual_seed(0)
    data = hwgen.frontend.load_data("digits")
    model = Net(data.num_features, data.classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        loss = F.cross_entropy(model(data.x * data.input_scale, data.edge_index)[data.train_mask],
                               data.y[data.train_mask])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    # Steps and widths by in-degree, read off the model's own values.
    quantized = hwgen.quantize(model, scheme="mega", data=data, bits=6, weight_bits=8, message_bits=8)
    hwgen.save(quantized, data, path)

    network, sample = load(path)
    limits = sample.limits
    program = lower(network, max_degree=limits.degree, max_members=limits.nodes, max_features=limits.features)
    predicted = run(program, sample.batch).results.argmax(1)
    print("values   ", ", ".join(value.name for value in network.values))
    print("bits     ", f"{quantized.average_bits([GraphBatch.union(sample.batch)]):.2f}")
    print("agreement", f"{(predicted == sample.logits.argmax(1)).mean():.4f}")
    print("accuracy ", f"{(predicted == sample.labels)[sample.mask].mean():.4f}")


if __name__ == "__main__":
    main()
