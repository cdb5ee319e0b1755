"""Steps, reaches and biases of a quantized network, read off the FP32 values of sample graphs.

Steps are those of least squared error, reaches lie at quantiles. Then biases move: the errors of a channel's weights
add up over neighbours, layers and pooling, and most of what comes out is a constant. A bias takes it away, value by
value, in order (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019).
Digits as graphs (examples/gin_graphs.py, FP32 92.2 %, rows 4 bits, not trained on): weights of 4 bits give 81 %
instead of 20, weights of 8 bits 92.2 instead of 89.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .batch import GraphBatch
from .execute import activated, joined
from .quantizers import ColumnSteps

if TYPE_CHECKING:
    from .model import QuantizedNetwork

__all__ = ["calibrate"]


@torch.no_grad()
def calibrate(model: QuantizedNetwork, batch: GraphBatch) -> None:
    """Calibrate a network in place; without quantizers nothing happens."""
    if model.scheme is None:
        return
    exact: dict[str, Tensor] = {}
    stored: dict[str, Tensor] = {}
    biases = {id(tensor): tensor.clone() for tensor in model.tensors}
    moved: set[int] = set()
    for value in model.plan.values:
        want, got = joined(value, batch, exact), joined(value, batch, stored, model.weight)
        bias = value.bias
        if bias is not None and id(bias) not in moved:  # a shared one follows its first value
            count = batch.count if value.domain == "nodes" else torch.ones(batch.graphs, 1)
            bias.add_(((want - got) * count).sum(0) / count.sum().clamp_min(1))
            moved.add(id(bias))
        if value.role == "result":
            break
        plain = replace(value, bias=None if bias is None else biases[id(bias)])
        exact[value.name] = activated(plain, batch, want)
        known = model.quantizer(value.name)
        if isinstance(known, ColumnSteps):
            known.calibrate(exact[value.name])
        else:
            known.calibrate(exact[value.name], batch)
        stored[value.name] = model.store(value, activated(value, batch, got), batch)
