"""Steps, clip values and biases of a quantized network, read off the FP32 values of sample graphs.

Steps are those of least squared error, clip values lie at quantiles. Then biases move: the errors of a channel's
weights add up over neighbours, layers and pooling, and most of what comes out is a constant. A bias takes it away,
value by value, in order, as Nagel et al. do ("Data-Free Quantization Through Weight Equalization and Bias Correction",
ICCV 2019), but by the median instead of the mean: a hub's error is a thousand times that of a leaf. Measured without
training on, rows and weights of 4 bits, messages of 8 (accuracy in percent: 64 test graphs of digits, else validation;
REDDIT-BINARY: one fold, rows of 6 bits, weights of 8):

| | digits as graphs | MUTAG | IMDB-BINARY | REDDIT-BINARY |
|---|---|---|---|---|
| FP32 | 92.2 | 94.7 | 78.4 | 88.0 |
| no correction | 20.3 | 90.0 | 76.4 | 84.5 |
| mean | 81.3 | 87.4 | 74.3 | 52.0 |
| median | 78.1 | 92.6 | 77.2 | 84.0 |

Networks that are trained on do without (:mod:`hwgen.frontend.training`): they find their biases, and validation was
better so (MUTAG 90.5 against 88.4 with the mean, IMDB-BINARY 77.9 against 77.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...errors import HwgenError
from ...network.granularity import Granularity
from ..data.graph_batch import GraphBatch
from .execute import activated, joined, saturated
from .hold import Holder
from .quantizers import Quantizers
from .rows import PerNode

__all__ = ["calibrate_steps"]


@torch.no_grad()
def calibrate_steps(quantizers: Quantizers, tensors: Sequence[Tensor], batch: GraphBatch, *,
                    correct: bool, target_bits: float | None, holder: Holder | None = None) -> None:
    """Calibrate in place.

    Parameters
    ----------
    quantizers : Quantizers
    tensors : sequence of Tensor
        Parameters of the network, of which biases move.
    batch : GraphBatch
    correct : bool
        Whether biases move.
    target_bits : float or None
        A mean of bits to spread over nodes by their errors, and to freeze; None keeps bit widths.
    holder : Holder or None
        Keeps steps such that hardware holds them; None: they are as fine as they like.

    Raises
    ------
    HwgenError
        ``target_bits`` where rows do not go by node, or may not have 0 bits.
    """
    scheme = quantizers.scheme
    if target_bits is not None and (scheme.rows is not Granularity.PER_NODE or scheme.least != 0):
        raise HwgenError(f"target_bits is {target_bits} with rows by {scheme.rows}, {scheme.least} bits at least",
                         "target_bits", "use scheme a2q: it allocates bits to nodes, from 0 up")
    quantizers.release()
    quantizers.calibrate_weights()
    weights = quantizers.weigher()
    codes = batch.quantized(quantizers.input)
    exact: dict[str, Tensor] = {}
    stored: dict[str, Tensor] = {}
    biases = {id(tensor): tensor.clone() for tensor in tensors}
    moved: set[int] = set()
    for value in quantizers.plan.values:
        want, got = joined(value, batch, exact), joined(value, codes, stored, weights)
        bias = value.bias
        if correct and bias is not None and id(bias) not in moved:  # a shared one follows its first value
            if len(want):
                bias.add_((want - got).median(0).values)
            moved.add(id(bias))
        if value.role == "result":
            break
        plain = replace(value, bias=None if bias is None else biases[id(bias)])
        seen = exact[value.name] = saturated(value, activated(plain, batch, want))
        if value.role == "message":
            quantizers.message(value).calibrate(_clipped(seen, scheme.clip))
        else:
            rows = quantizers.row(value)
            if target_bits is not None and isinstance(rows, PerNode):
                rows.allocate(seen, batch, target_bits)
            else:
                rows.calibrate(seen, batch)
        if holder is not None:
            holder.hold(value)
        stored[value.name] = quantizers.store(value, activated(value, batch, got), batch)


def _clipped(x: Tensor, share: float) -> Tensor:
    """``x`` [n, k], each channel within the magnitude that ``share`` of its values stay below."""
    if share == 1 or not len(x):
        return x
    most = x.abs().quantile(share, 0)
    return torch.minimum(torch.maximum(x, -most), most)
