"""A module as users write them, for bench/node_models.py: GCN layers with batch norm, residual sums and a readout."""

import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.nn import GCNConv, JumpingKnowledge

__all__ = ["ResidualGCN"]


class ResidualGCN(nn.Module):
    """Three GCN layers with batch norm and residual sums; JumpingKnowledge joins their maps.

    Parameters
    ----------
    features, classes, hidden : int
    dropout : tuple of float
        Of the input, of what the second and third convolution read, and before the linear layer.
    """

    def __init__(self, features: int, classes: int, hidden: int = 16,
                 dropout: tuple[float, float, float] = (0.9, 0.5, 0.7)) -> None:
        super().__init__()
        self.dropout = dropout
        self.convs = nn.ModuleList([GCNConv(features, hidden), GCNConv(hidden, hidden), GCNConv(hidden, hidden)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(hidden) for _ in self.convs])
        self.jump = JumpingKnowledge("cat")
        self.lin = nn.Linear(3 * hidden, classes)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Logits: float [n, classes]."""
        x = F.dropout(x, self.dropout[0], self.training)
        maps = [F.relu(self.norms[0](self.convs[0](x, edge_index)))]
        for conv, norm in zip(self.convs[1:], self.norms[1:], strict=True):
            given = F.dropout(maps[-1], self.dropout[1], self.training)
            maps.append(maps[-1] + F.relu(norm(conv(given, edge_index))))
        out: Tensor = self.lin(F.dropout(self.jump(maps), self.dropout[2], self.training))
        return out
