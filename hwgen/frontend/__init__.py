"""The training side: data sets, quantizers, training and checkpoints. The only folder that knows PyTorch.

From one's own training loop, where :func:`hwgen.train` does not do::

    model = hwgen.quantize(trained_module, scheme="a2q", data=data)
    optimizer = torch.optim.Adam(model.parameter_groups())
    for epoch in range(200):
        if epoch == 100:
            model.freeze_bits()
        loss = my_loss(model(data)) + model.penalty()
        ...
    model.settle()
    hwgen.save(model, data, "model.pt")
"""

from .checkpoint import load, save
from .data import load_data
from .data.own_files import save_graphs
from .quantize import Penalty, QuantizedNetwork, Scheme
from .training import GCN, train

__all__ = ["GCN", "Penalty", "QuantizedNetwork", "Scheme", "load", "load_data", "save", "save_graphs", "train"]
