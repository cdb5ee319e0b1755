"""A module that keeps a tensor of its last run, or holds a lock or a file, must be quantized, or refused by name."""

import threading
from pathlib import Path

import torch
from small import Gin, graphs, run
from torch_geometric.nn import global_mean_pool

import hwgen


class Keeps(Gin):
    def forward(self, x, edge_index, batch):
        self.embedding = self.conv(x, edge_index).relu()  # for a plot
        return self.head(global_mean_pool(self.embedding, batch))


def test():
    data = graphs()
    keeps, locked, reading = Keeps(), Gin(), Gin()
    keeps(data[0].x, data[0].edge_index, torch.zeros(len(data[0].x), dtype=torch.long)).sum().backward()
    locked.lock = threading.Lock()
    with Path(__file__).open() as reading.log:
        for name, model in (
            ("keeps an activation, after a training step", keeps),
            ("holds a lock", locked),
            ("holds an open file", reading),
        ):
            try:
                hwgen.quantize(model.eval(), scheme="nns", data=data)
            except hwgen.HwgenError:
                pass
            except Exception as error:
                yield f"{name}: {type(error).__name__}: {str(error)[:90]}"


run(test)
