"""What to use instead of a layer or function that no recogniser knows. Names come from the table of recognisers."""

from __future__ import annotations

from torch import nn

from ..calls import Call
from .table import Kind, Recognisers

__all__ = ["fix_for"]

#: Parts of names (lower case), first match first, and the alternative: a text, or kinds of recognisers.
INSTEAD: tuple[tuple[tuple[str, ...], str | tuple[Kind, ...]], ...] = (
    (("pool", "readout", "aggregation", "set2set", "scatter"), ("pool",)),
    (("add_self_loops", "gcn_norm", "to_undirected", "coalesce", "dropout_edge", "dropout_adj", "dropout_node",
      "remove_self_loops", "add_remaining"), "change the graph beforehand; GCNConv adds self loops itself"),
    (("argmax", "argsort", "topk", "softargmax"), "return the logits: hwgen takes the largest itself"),
    (("embedding",), "give one-hot features to a Linear: its weights are the embedding's, transposed"),
    (("cuda",), "leave devices out of forward: model.to(device) moves all of it"),
    (("double", "half", "bfloat16"), "leave values in float32: hwgen rounds them to codes itself"),
    (("norm", "standardize"), ("norm",)),
    (("stack",), ("cat", "jump", "sum")),
    (("addmm", "matmul", "@", "conv1d", "bilinear", "lstm", "gru", "attention"), ("linear",)),
    (("gelu", "elu", "silu", "swish", "tanh", "sigmoid", "mish", "softplus", "relu", "swi", "clamp", "gate"),
     ("activation",)),
    (("drop",), ("dropout",)),
    (("data.",), "read data.x, data.edge_index and data.batch only"),
    (("[...]", ".shape", ".size", ".dim", "view", "reshape", "squeeze", ".t()", ".transpose", "permute", "flatten",
      "expand", "repeat", "num_nodes", "len", "chunk", "split", "zeros", "ones", "arange"),
     "keep code that depends on shapes or picks parts out of forward: every layer gets whole values"),
    (("mean", "sum", "max", "min"), ("pool",)),
)
#: What is proposed where no part of the name says what was wanted.
ALL: tuple[Kind, ...] = ("convolution", "linear", "norm", "activation", "dropout", "jump", "cat", "sum", "pool")


def fix_for(call: Call, known: Recognisers) -> str:
    """The supported alternative to a call."""
    if isinstance(call.target, nn.Module) and hasattr(call.target, "propagate"):
        parents = [each for each in type(call.target).__mro__[1:] if each in known.classes()]
        return (f"use {parents[0].__name__} itself: a subclass may compute something else" if parents else
                f"use {known.names('convolution')}")
    name = call.name.lower()
    fix = next((fix for parts, fix in INSTEAD if any(part in name for part in parts)), ALL)
    return fix if isinstance(fix, str) else f"use {known.names(*fix)}"
