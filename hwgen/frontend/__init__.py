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

Names are imported when they are first used: to load a checkpoint takes no PyTorch Geometric.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checkpoint import load
    from .data import load_data
    from .data.own_files import save_graphs
    from .quantize import Penalty, QuantizedNetwork, Scheme
    from .saving import save
    from .training import GCN, train

__all__ = ["GCN", "Penalty", "QuantizedNetwork", "Scheme", "load", "load_data", "save", "save_graphs", "train"]

_HOME = {"load": "checkpoint", "load_data": "data", "save_graphs": "data.own_files", "save": "saving",
         "GCN": "training", "train": "training"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME.get(name, 'quantize')}", __name__), name)
