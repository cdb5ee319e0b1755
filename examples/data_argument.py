"""A forward that takes a whole Data object, blocks within the model, and no training after quantization."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv

import hwgen.frontend
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.network_to_program import lower


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv, self.act, self.drop = GCNConv(inputs, outputs), nn.ReLU(), nn.Dropout(0.5)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.drop(self.act(self.conv(x, edge_index)))


class Net(nn.Module):
    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.block = Block(features, 32)
        self.head = GCNConv(32, classes)

    def forward(self, data: Data) -> Tensor:
        x, edge_index = data.x, data.edge_index
        return self.head(self.block(x, edge_index), edge_index)


def main(path: str = "data_argument.pt") -> None:
    torch.manual_seed(0)
    data = hwgen.frontend.load_data("digits")
    data.input_scale = 1.0  # this model learns from the pixels as they are, 0 to 16
    model = Net(data.num_features, data.classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(100):
        loss = F.cross_entropy(model(data)[data.train_mask], data.y[data.train_mask])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    quantized = hwgen.quantize(model, data=data, bits=4)  # steps are read off the model's own values
    hwgen.save(quantized, data, path)

    network, sample = hwgen.load(path)
    predicted = run(lower(network, sample.batch)).logits.argmax(1)
    print("layers   ", ", ".join(value.path for value in network.values[::2]))
    print("bits     ", f"{quantized.average_bits():.2f}")
    print("agreement", f"{(predicted == sample.logits.argmax(1)).mean():.4f}")
    print("accuracy ", f"{(predicted == sample.labels)[sample.mask].mean():.4f}")


if __name__ == "__main__":
    main()
