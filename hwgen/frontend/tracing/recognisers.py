"""Everything that hardware runs: layers, functions and methods of tensors, and what reads them.

A new layer is a function in :mod:`.convolutions`, :mod:`.propagation` or :mod:`.layers`, and a row here; functions and
methods are there or in :mod:`.arithmetic` and :mod:`.shapes`. A new activation is a row of
:mod:`hwgen.frontend.activations`. What errors propose follows.
"""

from __future__ import annotations

import operator

import torch
import torch.nn.functional as F
import torch_geometric.nn as pyg
import torch_geometric.utils as pyg_utils
from torch import nn

from ..activations import TORCH
from . import arithmetic, convolutions, layers, nonlinear, propagation, shapes
from .table import Recogniser, Recognisers

__all__ = ["RECOGNISERS"]

RECOGNISERS = Recognisers([
    Recogniser("convolution", (pyg.GCNConv,), convolutions.gcn,
               options="`edge_weight`; `bias`, `add_self_loops`, `normalize`; `cached` on one graph; `improved` does "
                       "nothing without edge weights, and is refused with them"),
    Recogniser("convolution", (pyg.GINConv,), convolutions.gin,
               options="`eps`, `train_eps`, `aggr` add, mean, max; any module of the layers here"),
    Recogniser("convolution", (pyg.SAGEConv,), convolutions.sage,
               options="`aggr` mean, add, max; `root_weight`, `project`, `bias`"),
    Recogniser("convolution", (pyg.GraphConv,), convolutions.graph_conv,
               options="`edge_weight`, but with max; `aggr` add, mean, max; `bias`"),
    Recogniser("convolution", (pyg.SGConv,), propagation.sg,
               options="`K`, `add_self_loops`, `bias`; `cached` of input features on one graph"),
    Recogniser("convolution", (pyg.TAGConv,), propagation.tag,
               options="`K`, `normalize`, `bias`"),
    Recogniser("convolution", (pyg.APPNP,), propagation.appnp,
               options="`K`, `alpha`, `add_self_loops`, `normalize`; `cached` on one graph; `dropout` of edges, "
                       "which `hwgen train` refuses"),
    Recogniser("convolution", (pyg.ClusterGCNConv,), propagation.cluster_gcn,
               options="`diag_lambda`, `bias`"),
    Recogniser("convolution", (pyg.LGConv,), propagation.lg,
               options="`normalize`"),
    Recogniser("convolution", (pyg.GCN2Conv,), propagation.gcn2,
               options="`alpha`, `theta` and `layer`, `shared_weights`, `add_self_loops`, `normalize`; "
                       "`cached` on one graph"),
    Recogniser("linear", (nn.Linear, pyg.Linear), layers.linear_layer,
               options="PyTorch's and PyG's"),
    Recogniser("norm", (nn.BatchNorm1d, pyg.BatchNorm), layers.batch_norm,
               options="with running statistics"),
    *(Recogniser("activation", known.targets, nonlinear.activation(kind))
      for kind, known in TORCH.items() if known.targets),
    Recogniser("activation", (nn.ReLU6, nn.Hardtanh, F.relu6, F.hardtanh, F.hardtanh_), nonlinear.saturation,
               options="`min_val` 0 or -`max_val`"),
    Recogniser("dropout", (nn.Dropout, F.dropout, torch.dropout), layers.dropout, is_alias=True,
               options="`training=self.training`"),
    Recogniser("jump", (pyg.JumpingKnowledge,), layers.jumping,
               options="cat, max"),
    Recogniser("pool", (pyg.global_add_pool,), layers.pool("sum", "one")),
    Recogniser("pool", (pyg.global_mean_pool,), layers.pool("sum", "mean")),
    Recogniser("pool", (pyg.global_max_pool,), layers.pool("max", "one")),
    Recogniser("aggregation", (pyg.aggr.SumAggregation,), layers.readout("sum", "one")),
    Recogniser("aggregation", (pyg.aggr.MeanAggregation,), layers.readout("sum", "mean")),
    Recogniser("aggregation", (pyg.aggr.MaxAggregation,), layers.readout("max", "one")),
    Recogniser("activation", (nn.PReLU,), nonlinear.prelu, is_proposed=False,
               options="one slope, or one for each channel"),
    Recogniser("activation", (torch.clamp, torch.clip, torch.clamp_min, "clamp", "clamp_", "clip", "clamp_min"),
               nonlinear.clamp, is_proposed=False, options="both bounds, or min=0"),
    Recogniser("linear", (F.linear, operator.matmul, torch.matmul, torch.mm, "matmul", "mm"), layers.times_matrix,
               is_proposed=False, options="with a parameter of the module"),
    Recogniser("pool", (pyg_utils.scatter,), layers.scattered, is_proposed=False,
               options="by the batch; sum, mean, max"),
    Recogniser("edges", (pyg_utils.dropout_edge,), layers.dropped_edges,
               options="`training=self.training`"),
    Recogniser("sum", (operator.add, operator.iadd, torch.add, "add", "add_"), arithmetic.add,
               options="equal widths; or numbers, parameters and buffers, one or one for each channel"),
    Recogniser("sum", (operator.sub, operator.isub, torch.sub, torch.subtract, "sub", "sub_", "subtract"),
               arithmetic.subtract, is_proposed=False),
    Recogniser("sum", (torch.rsub, "rsub"), arithmetic.subtract_from, is_proposed=False),
    Recogniser("product", (operator.mul, operator.imul, torch.mul, torch.multiply, "mul", "mul_", "multiply"),
               arithmetic.times,
               options="by numbers, parameters and buffers, one or one for each channel"),
    Recogniser("product", (operator.truediv, operator.itruediv, torch.div, torch.divide, torch.true_divide, "div",
                           "div_", "divide"), arithmetic.over,
               options="likewise"),
    Recogniser("product", (operator.neg, torch.neg, torch.negative, "neg", "neg_"), arithmetic.minus),
    Recogniser("cat", (torch.cat, torch.concat, torch.concatenate, torch.hstack, torch.column_stack), layers.cat,
               options="dim 1"),
    Recogniser("maximum", (torch.maximum, torch.max, torch.fmax, "maximum", "max"), layers.larger),
    Recogniser("head", (nn.LogSoftmax, nn.Softmax, F.log_softmax, F.softmax, torch.log_softmax, torch.softmax,
                        "log_softmax", "softmax"), layers.softmax,
               options="over dim 1, last"),
    Recogniser("head", (nn.Sigmoid, F.sigmoid, torch.sigmoid, torch.special.expit, "sigmoid"), layers.sigmoid,
               options="last"),
    Recogniser("same", (nn.Identity, torch.clone, torch.detach, "float", "contiguous", "clone", "detach", "cpu",
                        "requires_grad_"), shapes.same, is_alias=True),
    Recogniser("same", ("to", "type", "type_as", "long", "int"), shapes.typed, is_alias=True),
    Recogniser("shape", (torch.squeeze, "squeeze"), shapes.squeezed, is_alias=True),
    Recogniser("shape", (torch.unsqueeze, "unsqueeze"), shapes.unsqueezed, is_alias=True),
    Recogniser("shape", (nn.Flatten, torch.flatten, "flatten"), shapes.flattened, is_alias=True),
    Recogniser("shape", (torch.reshape, "reshape", "view"), shapes.reshaped, is_alias=True),
    Recogniser("shape", (operator.getitem,), shapes.part, is_alias=True),
])
