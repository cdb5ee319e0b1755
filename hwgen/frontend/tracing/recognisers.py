"""Everything that hardware runs: layers, functions and methods of tensors, and what reads them.

A new layer is a function in :mod:`.convolutions` or :mod:`.layers`, and a row here. A new activation is a row of
:mod:`hwgen.frontend.activations`. What errors propose follows.
"""

from __future__ import annotations

import operator

import torch
import torch.nn.functional as F
import torch_geometric.nn as pyg
from torch import nn

from ..activations import TORCH
from . import convolutions, layers
from .table import Recogniser, Recognisers

__all__ = ["RECOGNISERS"]

RECOGNISERS = Recognisers([
    Recogniser("convolution", (pyg.GCNConv,), convolutions.gcn),
    Recogniser("convolution", (pyg.GINConv,), convolutions.gin),
    Recogniser("convolution", (pyg.SAGEConv,), convolutions.sage),
    Recogniser("convolution", (pyg.GraphConv,), convolutions.graph_conv),
    Recogniser("linear", (nn.Linear, pyg.Linear), layers.linear_layer),
    Recogniser("norm", (nn.BatchNorm1d, pyg.BatchNorm), layers.batch_norm),
    *(Recogniser("activation", known.targets, layers.activation(kind))
      for kind, known in TORCH.items() if known.targets),
    Recogniser("dropout", (nn.Dropout, F.dropout, torch.dropout), layers.dropout, is_alias=True),
    Recogniser("jump", (pyg.JumpingKnowledge,), layers.jumping),
    Recogniser("pool", (pyg.global_add_pool,), layers.pool("sum", "one")),
    Recogniser("pool", (pyg.global_mean_pool,), layers.pool("sum", "mean")),
    Recogniser("pool", (pyg.global_max_pool,), layers.pool("max", "one")),
    Recogniser("aggregation", (pyg.aggr.SumAggregation,), layers.readout("sum", "one")),
    Recogniser("aggregation", (pyg.aggr.MeanAggregation,), layers.readout("sum", "mean")),
    Recogniser("aggregation", (pyg.aggr.MaxAggregation,), layers.readout("max", "one")),
    Recogniser("sum", (operator.add, operator.iadd, torch.add, "add", "add_"), layers.add),
    Recogniser("product", (operator.mul, operator.imul, torch.mul, "mul", "mul_"), layers.times),
    Recogniser("product", (operator.truediv, operator.itruediv, torch.div, "div", "div_"), layers.over),
    Recogniser("cat", (torch.cat, torch.concat, torch.concatenate), layers.cat),
    Recogniser("maximum", (torch.maximum, torch.max, "maximum", "max"), layers.larger),
    Recogniser("softmax", (nn.LogSoftmax, nn.Softmax, F.log_softmax, F.softmax, torch.log_softmax, torch.softmax,
                           "log_softmax", "softmax"), layers.softmax),
    Recogniser("same", (nn.Identity, "float", "contiguous"), layers.same, is_alias=True),
])
