"""A channel that is almost dead (usual in a trained GIN): what quantize accepts, the lowering must accept."""

import torch
from small import cli, run, said, temporary
from torch import nn
from torch_geometric.data import Data
from torch_geometric.nn import GINConv, global_add_pool

import hwgen


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = GINConv(nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU()))
        self.out = nn.Linear(32, 2)

    def forward(self, x, edge_index, batch):
        return self.out(global_add_pool(self.conv(x, edge_index), batch))


def test():
    net, path = Net().eval(), temporary() / "m.pt"
    data = [
        Data(x=torch.eye(8)[torch.randint(0, 8, (20,))], edge_index=torch.randint(0, 20, (2, 60)), y=torch.tensor([0]))
        for _ in range(32)
    ]
    mlp = net.conv.nn
    with torch.no_grad():  # channel 0 exceeds zero by 0.005 at most
        mlp[2].weight[0] *= 4
        tops = [
            float(mlp[2](mlp[1](mlp[0](d.x.index_add(0, d.edge_index[1], d.x[d.edge_index[0]]))))[:, 0].max())
            for d in data
        ]
        mlp[2].bias[0] -= max(tops) - 0.005
    try:
        hwgen.save(hwgen.quantize(net, scheme="nns", data=data, weight_bits=8), data, path)
    except hwgen.HwgenError as error:
        if "message" not in str(error):
            yield f"quantize refuses and does not name --message-bits: {error}"
        return
    found = cli("estimate", path, "--units", 1, "--lanes", 8, timeout=40)  # it refuses at once, or counts resources
    if found.returncode not in (0, 124):
        yield f"quantize says all is well, then: {said(found)}"


run(test)
