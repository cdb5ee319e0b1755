"""Checkpoints: what training leaves for hardware. Plain tensors, numbers and strings; loading runs no code.

The file is ``torch.save`` of a dictionary::

    format   "hwgen"        version  1        name  str        scheme  "a2q"
    input    {bits int, scale float}
    layers   [{path str, weight int8 [f_in, f_out], weight_bits int, weight_step float64 [f_out], message_bits int,
               message_step float64 [f_out], bias float64 [f_out] or None,
               row None or {step float64 [n], bits int8 [n]}}]
    graph    {features {pointers int64 [n + 1], columns int64 [nnz], codes uint8 [nnz], width int}, edges int64 [2, e],
              node int64 [n], labels int64 [n], train_mask, val_mask, test_mask bool [n], logits float64 [n, c]}

Labels and masks may be None; ``logits`` are PyTorch's own. A reader refuses other versions.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import HwgenError
from .a2q import QuantizedGCN
from .gcn import Convolution
from .graph import Graph
from .reading import FORMAT, VERSION, load
from .writing import write_checkpoint

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["FORMAT", "VERSION", "load", "save"]


def save(model: QuantizedGCN, data: Data | Graph, path: Path | str) -> None:
    """Write a checkpoint; an existing file is replaced whole or not at all.

    Parameters
    ----------
    model : QuantizedGCN
        Its bit widths are rounded if they were not frozen.
    data : Data or Graph
        The graph that it was trained on, with labels and masks where there are some.
    path : Path or str
        File to write, such as ``model.pt``.

    Raises
    ------
    HwgenError
        A weight, bias or step that is not finite; another graph; a path that cannot be written.
    """
    graph = Graph.of(data)
    if not isinstance(model, QuantizedGCN):
        raise HwgenError(f"{type(model).__name__} is not quantized", "save",
                         "pass what hwgen.quantize returned")
    if not model.graph.is_made_of(graph.data.x, graph.data.edge_index):
        raise HwgenError("the model belongs to another graph", "data",
                         "save the model with the graph it was trained on")
    was_training = model.training
    model.eval()
    content = {
        "format": FORMAT, "version": VERSION, "name": str(getattr(graph.data, "name", "model")).lower(),
        "scheme": "a2q", "input": {"bits": graph.input_bits, "scale": graph.input_scale},
        "layers": [_layer(path, each) for path, each in zip(model.gcn.paths, model.gcn.layers, strict=True)],
        "graph": _graph(model, graph),
    }
    model.train(was_training)
    write_checkpoint(content, Path(path))


@torch.no_grad()
def _layer(path: str, layer: Convolution) -> dict[str, Any]:
    weights, messages, row = layer.weight_quantizer, layer.message_quantizer, layer.row_quantizer
    assert weights is not None
    assert messages is not None
    steps = {"weight": layer.weight, "weight_step": weights.raw_step, "message_step": messages.raw_step}
    if layer.bias is not None:
        steps["bias"] = layer.bias
    if row is not None:
        steps |= {"row.step": row.raw_step, "row.bits": row.raw_bits}
    for key, values in steps.items():
        if not bool(torch.isfinite(values).all()):
            wrong = float(values[~torch.isfinite(values)][0])
            raise HwgenError(f"{key} holds {wrong}", f"{path}.{key}", "train again with a lower learning rate")
    return {
        "path": path, "weight": weights.codes(layer.weight).to(torch.int8), "weight_bits": weights.bits,
        "weight_step": weights.step[0].double(), "message_bits": messages.bits,
        "message_step": messages.step[0].double(), "bias": None if layer.bias is None else layer.bias.double(),
        "row": None if row is None else {"step": row.step[:, 0].double(), "bits": row.whole_bits[:, 0].to(torch.int8)},
    }


@torch.no_grad()
def _graph(model: QuantizedGCN, graph: Graph) -> dict[str, Any]:
    codes, data = graph.features, graph.data
    logits = model.logits()
    optional = {key: getattr(data, key, None) for key in ("train_mask", "val_mask", "test_mask")}
    labels = getattr(data, "y", None)
    return {
        "features": {"pointers": torch.from_numpy(codes.indptr.astype(np.int64)),
                     "columns": torch.from_numpy(codes.indices.astype(np.int64)),
                     "codes": torch.from_numpy(codes.data.astype(np.uint8)), "width": graph.width},
        "edges": data.edge_index.long().cpu().clone(), "node": torch.arange(graph.nodes),
        "labels": None if labels is None else labels.long().cpu().clone(),
        **{key: None if mask is None else mask.bool().cpu().clone() for key, mask in optional.items()},
        "logits": logits.double(),
    }
