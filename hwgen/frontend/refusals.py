"""What to use instead of a layer or function that is no part of a chain of GCN layers."""

from __future__ import annotations

from torch import nn

from .trace import Call

__all__ = ["fix_for"]

CHAIN = "use a chain of GCNConv, BatchNorm1d, ReLU and Dropout"

#: Parts of names (lower case), first match first, and the alternative.
INSTEAD = (
    (("pool", "readout", "aggregation"), "a chain of GCN layers gives the logits of every node: return these"),
    (("jumpingknowledge", "cat", "stack", "[...]"), "give each layer the result of the one before it"),
    (("add_self_loops", "gcn_norm", "to_undirected", "coalesce", "dropout_edge", "dropout_adj", "dropout_node",
      "remove_self_loops", "add_remaining"), "change the graph beforehand; GCNConv adds self loops itself"),
    (("norm", "standardize"), "use BatchNorm1d between GCNConv and ReLU: it folds into the convolution"),
    (("linear", "addmm", "matmul", "@", "conv1d", "mlp", "bilinear"), "use GCNConv for every layer that has weights"),
    (("gelu", "elu", "silu", "swish", "tanh", "sigmoid", "mish", "softplus", "relu", "swi", "clamp", "gate"),
     "use ReLU: codes of hidden values are unsigned"),
    (("drop",), "use Dropout: it is the only one that is removed"),
    (("+", "-", "add"), "a chain of GCN layers has no residual connections: remove the addition, " + CHAIN),
    (("*", "/"), "scale the features before the model sees them, and give the value of 1 as data.input_scale"),
    (("data.",), "read data.x and data.edge_index only"),
    (("mean", "sum", "max", "min"), "a chain of GCN layers gives the logits of every node: return these"),
)


def fix_for(call: Call) -> str:
    """The supported alternative to a call that no recogniser knows."""
    if isinstance(call.target, nn.Module) and hasattr(call.target, "propagate"):
        parents = [each.__name__ for each in type(call.target).__mro__[1:] if each.__name__ == "GCNConv"]
        return "use GCNConv itself: a subclass may compute something else" if parents else "use GCNConv"
    name = call.name.lower()
    return next((fix for parts, fix in INSTEAD if any(part in name for part in parts)), CHAIN)
