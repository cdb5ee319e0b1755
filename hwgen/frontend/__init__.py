"""The training side: data sets, quantizers, training and checkpoints. The only folder that knows PyTorch.

From one's own training loop::

    model = hwgen.quantize(trained_module, scheme="a2q", data=data)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(200):
        if epoch == 100:
            model.freeze_bits()
        loss = my_loss(model(data.x, data.edge_index)) + model.penalty()
        ...
    hwgen.frontend.settle(model)
    hwgen.save(model, data, "model.pt")
"""

from .a2q import Penalty, QuantizedGCN
from .data import load_data
from .gcn import GCN
from .graph import Graph
from .model_file import load
from .quantize import QuantizedNetwork
from .quantizing import save
from .settle import settle
from .train import train

__all__ = ["GCN", "Graph", "Penalty", "QuantizedGCN", "QuantizedNetwork", "load", "load_data", "save", "settle",
           "train"]
