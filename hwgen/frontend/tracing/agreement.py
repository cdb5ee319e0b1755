"""How far a quantized model agrees with the FP32 module that it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..data.batching import real, union_of
from ..data.graph_batch import GraphBatch
from ..quantize import QuantizedNetwork
from .compare import module_outputs

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["agreement"]

#: Graphs that are run at once.
AT_ONCE = 256


@torch.no_grad()
def agreement(module: nn.Module, quantized: QuantizedNetwork, graphs: Sequence[Data]) -> dict[str, Any]:
    """Compare classes on graphs, and count hidden bits.

    Returns
    -------
    dict
        ``rows`` and what they are ``of``; share of the same class (``agreement``), ``bits`` of a hidden row;
        ``accuracy`` and ``fp32_accuracy``, None without labels; on the test nodes where there is a mask.
    """
    ours: list[Tensor] = []
    theirs: list[Tensor] = []
    bits: list[tuple[float, int]] = []
    quantized.eval()
    for start in range(0, len(graphs), AT_ONCE):
        part = graphs[start:start + AT_ONCE]
        theirs.append(module_outputs(module, [real(each) for each in part]))
        batch, _, scale = union_of(part)
        prepared = GraphBatch.union(batch, scale)
        ours.append(quantized.logits(prepared))
        bits.append((quantized.average_bits([prepared]), batch.num_nodes))
    classes, reference = torch.cat(ours).argmax(1), torch.cat(theirs).argmax(1)
    of_nodes = quantized.plan.values[-1].domain == "nodes"
    found: dict[str, Any] = {
        "rows": len(classes), "of": "nodes" if of_nodes else "graphs",
        "agreement": float((classes == reference).double().mean()),
        "bits": sum(mean * weight for mean, weight in bits) / sum(weight for _, weight in bits),
        "accuracy": None, "fp32_accuracy": None}
    labels = [each.y for each in graphs if each.y is not None]
    if sum(each.numel() for each in labels) == len(classes):
        joined = torch.cat([each.reshape(-1) for each in labels])
        masks = [getattr(each, "test_mask", None) for each in graphs]
        kept = torch.cat([mask for mask in masks if mask is not None]) if None not in masks else slice(None)
        for key, predicted in (("accuracy", classes), ("fp32_accuracy", reference)):
            found[key] = float((predicted == joined)[kept].double().mean())
    return found
