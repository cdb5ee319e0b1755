"""A node classifier as PyG's tutorials write it: named convolutions, F.relu, F.dropout and log_softmax."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv

import hwgen.frontend
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.network_to_program import lower

#: What bits cost: the mean over hidden values is pulled towards 1.
PENALTY = hwgen.frontend.Penalty(weight=100, target=1)


class Net(nn.Module):
    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.near = GCNConv(features, 32)
        self.far = GCNConv(32, classes)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = F.relu(self.near(x, edge_index))
        x = F.dropout(x, p=0.5, training=self.training)
        return F.log_softmax(self.far(x, edge_index), dim=1)


def main(path: str = "two_convs.pt") -> None:
    torch.manual_seed(0)
    data = hwgen.frontend.load_data("digits")  # pixels 0 to 16; data.input_scale is the value of 1
    model = Net(data.num_features, data.classes)
    fit(model, data, epochs=60)

    quantized = hwgen.quantize(model, scheme="a2q", data=data, penalty=PENALTY)
    fit(quantized, data, epochs=60)
    quantized.settle()
    hwgen.save(quantized, data, path)

    network, sample = hwgen.load(path)  # from here on without PyTorch
    predicted = run(lower(network, sample.batch)).logits.argmax(1)
    print("layers   ", ", ".join(value.path for value in network.values[::2]))
    print("bits     ", f"{quantized.average_bits():.2f}")
    print("agreement", f"{(predicted == sample.logits.argmax(1)).mean():.4f}")
    print("accuracy ", f"{(predicted == sample.labels)[sample.mask].mean():.4f}")


def fit(model: nn.Module, data: Data, epochs: int) -> None:
    """The same loop for the FP32 and for the quantized model."""
    groups = model.parameters()
    if isinstance(model, hwgen.frontend.QuantizedNetwork):  # in 60 epochs, bits need larger steps than weights
        groups = model.parameter_groups()
    optimizer = torch.optim.Adam(groups, lr=0.01)
    for epoch in range(epochs):
        results = model(data.x * data.input_scale, data.edge_index)  # in real values
        loss = F.nll_loss(results[data.train_mask], data.y[data.train_mask])
        if isinstance(model, hwgen.frontend.QuantizedNetwork):
            loss = loss + model.penalty()
            if epoch == epochs // 2:
                model.freeze_bits()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
