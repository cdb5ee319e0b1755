"""Masks that are no bool [n]: one error, or one meaning everywhere; never a traceback, never dropped in silence."""

import json

import torch
from small import Chain, cli, one_graph, run, temporary

import hwgen

NET = """
import torch
from torch import nn
from torch_geometric.nn import GCNConv
class Net(nn.Module):
    def __init__(self): super().__init__(); torch.manual_seed(0); self.near, self.far = GCNConv(5, 8), GCNConv(8, 3)
    def forward(self, x, edge_index): return self.far(self.near(x, edge_index).relu(), edge_index)
"""


def test():
    n = 24
    masks = {
        "bool": torch.arange(n) < 6,
        "[n, 10]": torch.rand(n, 10) < 0.5,
        "int64 of 0 and 1": (torch.arange(n) < 6).long(),
        "indices": torch.arange(6),
    }
    right = None
    for name, mask in masks.items():
        folder, data = temporary(), one_graph(n)
        data.test_mask = mask
        torch.save(
            [{"x": data.x.long(), "edge_index": data.edge_index, "y": data.y, "test_mask": mask}], folder / "g.pt"
        )
        (folder / "net.py").write_text(NET)
        found = cli("quantize", "net.py:Net", "--data", "g.pt", "-o", "q.pt", "--json", cwd=folder)
        if found.returncode == 0:
            accuracy = json.loads(found.stdout)["fp32_accuracy"]
            right = accuracy if name == "bool" else right
            if name.startswith("int64") and accuracy != right:
                yield f"{name}: FP32 accuracy {accuracy:.0%} on the mask, {right:.0%} with the same mask as bool"
        if found.returncode not in (0, 2):
            yield f"{name}: exit code {found.returncode}, {found.stderr.strip().splitlines()[-1][:90]}"
        try:
            hwgen.save(hwgen.quantize(Chain().eval(), scheme="nns", data=data), data, folder / "m.pt")
            kept = torch.load(folder / "m.pt", weights_only=True)["sample"].get("mask")
            counted = n if kept is None else int(kept.sum())
            if name != "[n, 10]" and counted != 6:
                yield f"{name}: 6 nodes are meant, {counted} are counted, without a word"
            elif kept is None:
                yield f"{name}: dropped without a word"
        except hwgen.HwgenError:
            pass


run(test)
