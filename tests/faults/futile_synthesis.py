"""A design that the formulas know to be several times too large must be refused before it is synthesized."""

import os
import signal
import subprocess
import sys
import time

import torch
from small import run, temporary
from torch import nn
from torch_geometric.data import Data
from torch_geometric.nn import SAGEConv, global_mean_pool

import hwgen


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.c = SAGEConv(128, 384), SAGEConv(384, 384), SAGEConv(384, 384)
        self.head = nn.Linear(384, 3)

    def forward(self, x, edge_index, batch):
        h = self.c(self.b(self.a(x, edge_index).relu(), edge_index).relu(), edge_index).relu()
        return self.head(global_mean_pool(h, batch))


def test():
    folder = temporary()
    data = [Data(x=torch.randint(0, 4, (300, 128)).float(), edge_index=torch.randint(0, 300, (2, 900)))] * 3
    hwgen.save(hwgen.quantize(Net().eval(), scheme="nns", data=data, message_bits=4), data, folder / "m.pt")
    command = [sys.executable, "-m", "hwgen", "build", "m.pt", "--no-windows", "--no-verify"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "HWGEN_CACHE": str(folder / "cache")},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    began = time.monotonic()
    try:
        _, text = process.communicate(timeout=90)
        if "BRAM" not in text and "LUT" not in text:
            yield f"refused for another reason: {text.strip()[-200:]}"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        yield f"still at work after {time.monotonic() - began:.0f} s: 3 layers of 384 channels, no windows"


run(test)
