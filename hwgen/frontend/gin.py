"""GIN for graph classification (Xu et al. 2019), of plain PyG layers: what the graph-level recipes train."""

import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.nn import GINConv, JumpingKnowledge, global_add_pool, global_mean_pool

__all__ = ["GIN"]


def _mlp(inputs: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(),
                         nn.Linear(hidden, hidden), nn.BatchNorm1d(hidden), nn.ReLU())


class GIN(nn.Module):
    """Graph isomorphism network with a readout over all layers.

    Parameters
    ----------
    features, hidden, classes : int
    layers : int
    pool : "add" or "mean"
    jump : bool
        Pool the maps of all layers, side by side; else only the last one.
    norm : bool
        A batch norm on what is pooled: sums over graphs of very different sizes train badly without.
    dropout : float
        Before the last layer.
    """

    def __init__(self, features: int, hidden: int, classes: int, *, layers: int = 3, pool: str = "add",
                 jump: bool = True, norm: bool = False, dropout: float = 0.5) -> None:
        super().__init__()
        self.convs = nn.ModuleList([GINConv(_mlp(hidden if k else features, hidden)) for k in range(layers)])
        self.jump = JumpingKnowledge("cat") if jump else None
        self.pool = pool
        wide = hidden * (layers if jump else 1)
        # Sums vary by hundreds; one that does not vary gets no gain that hardware had to provide for.
        self.norm = nn.BatchNorm1d(wide, eps=10.0) if norm else None
        self.lin1 = nn.Linear(wide, hidden)
        self.dropout = nn.Dropout(dropout)
        self.lin2 = nn.Linear(hidden, classes)

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor) -> Tensor:
        """Logits of every graph: float [graphs, classes]."""
        maps: list[Tensor] = []
        for conv in self.convs:
            x = conv(x, edge_index)
            maps.append(x)
        if self.jump is not None:
            x = self.jump(maps)
        x = global_add_pool(x, batch) if self.pool == "add" else global_mean_pool(x, batch)
        if self.norm is not None:
            x = self.norm(x)
        out: Tensor = self.lin2(self.dropout(F.relu(self.lin1(x))))
        return out
