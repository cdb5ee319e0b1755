"""What to use instead of a layer or function that hardware does not run yet."""

from __future__ import annotations

from torch import nn

from .trace import Call

__all__ = ["fix_for"]

GRAPH_LAYERS = "use GCNConv, GINConv, SAGEConv or GraphConv"
LAYERS = "use GCNConv, GINConv, SAGEConv, GraphConv, Linear, BatchNorm1d, ReLU, Dropout, sums, cat and global pooling"

#: Parts of names (lower case), first match first, and the alternative.
INSTEAD = (
    (("pool", "readout", "aggregation", "set2set", "scatter"),
     "use global_add_pool, global_mean_pool or global_max_pool"),
    (("add_self_loops", "gcn_norm", "to_undirected", "coalesce", "dropout_edge", "dropout_adj", "dropout_node",
      "remove_self_loops", "add_remaining"), "change the graph beforehand; GCNConv adds self loops itself"),
    (("norm", "standardize"), "use BatchNorm1d: its statistics are known beforehand"),
    (("stack",), "use torch.cat along channels, JumpingKnowledge, or a sum"),
    (("addmm", "matmul", "@", "conv1d", "bilinear", "lstm", "gru", "attention", "embedding"),
     "use Linear: a weight times a value"),
    (("gelu", "elu", "silu", "swish", "tanh", "sigmoid", "mish", "softplus", "relu", "swi", "clamp", "gate"),
     "use ReLU or LeakyReLU"),
    (("drop",), "use Dropout: it is the only one that is removed"),
    (("data.",), "read data.x, data.edge_index and data.batch only"),
    (("[...]", ".shape", ".size", ".dim", "view", "reshape", "squeeze", ".t()", ".transpose", "permute", "flatten",
      "expand", "repeat", "num_nodes", "len", "chunk", "split", "zeros", "ones", "arange"),
     "keep code that depends on shapes or picks parts out of forward: every layer gets whole values"),
    (("mean", "sum", "max", "min"), "use global_add_pool, global_mean_pool or global_max_pool for nodes, + for values"),
    (("-",), "add a value that is multiplied by -1"),
)


def fix_for(call: Call) -> str:
    """The supported alternative to a call that no recogniser of :mod:`.tracing` knows."""
    if isinstance(call.target, nn.Module) and hasattr(call.target, "propagate"):
        parents = [each.__name__ for each in type(call.target).__mro__[1:] if each.__name__ in GRAPH_LAYERS]
        return f"use {parents[0]} itself: a subclass may compute something else" if parents else GRAPH_LAYERS
    name = call.name.lower()
    return next((fix for parts, fix in INSTEAD if any(part in name for part in parts)), LAYERS)
