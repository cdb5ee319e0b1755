"""A²Q on a whole model: put quantizers in place, penalise memory, freeze bit widths."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import HwgenError
from .gcn import GCN
from .graph import Graph
from .modules import as_gcn, compare
from .original import with_head
from .quantize.step_search import allocate_bits, best_steps
from .quantizers import ColumnQuantizer, NodeQuantizer, mean_bits, memory_kilobytes

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["Penalty", "QuantizedGCN", "quantize"]


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """What bits cost: ``weight · relu(size - target)²``.

    Parameters
    ----------
    size : "bits" or "kilobytes"
        Mean stored bits of a hidden value, or A²Q's memory size in KB (its equation 8, with the authors' hinge).
    weight, target : float
        The mean needs weights of 100 to 1000, since each node's share of its gradient is 1/n. Bits settle where the
        penalty meets the clipping error, above ``target``: 1000 and 0.5 bit give about 0.9, 300 and 1 bit give 1.45.
    """

    size: Literal["bits", "kilobytes"] = "bits"
    weight: float = 1000.0
    target: float = 0.5

    def __call__(self, quantizers: list[tuple[NodeQuantizer, int]]) -> Tensor:
        """Evaluate the penalty of node quantizers, each with its number of channels."""
        size = mean_bits(quantizers) if self.size == "bits" else memory_kilobytes(quantizers)
        return self.weight * F.relu(size - self.target) ** 2


class QuantizedGCN(nn.Module):
    """A GCN with A²Q's quantizers, bound to the graph whose nodes they belong to.

    Use it in any training loop: call it, add :meth:`penalty` to the loss, and :meth:`freeze_bits` half-way.

    Parameters
    ----------
    model : GCN
        Becomes part of this one.
    graph : Graph
    weight_bits, message_bits : int
        Fixed widths, sign included: 2 to 8.
    bits : float
        Stored bits of hidden values that training starts from.
    penalty : Penalty
    """

    def __init__(self, model: GCN, graph: Graph, *, weight_bits: int = 4, message_bits: int = 4, bits: float = 2.0,
                 penalty: Penalty | None = None) -> None:
        super().__init__()
        self.gcn, self.graph = model, graph
        self.penalty_rule = penalty if penalty is not None else Penalty()
        for layer in model.layers:
            layer.weight_quantizer = ColumnQuantizer(layer.width, weight_bits, "task")
            layer.message_quantizer = ColumnQuantizer(layer.width, message_bits, "local")
        for layer in model.layers[:-1]:
            layer.row_quantizer = NodeQuantizer(graph.nodes, bits)

    def forward(self, x: Tensor | Data | None = None, edge_index: Tensor | None = None) -> Tensor:
        """What the user's own forward returns, quantized: logits or their log_softmax, float [n, classes].

        Parameters
        ----------
        x, edge_index : Tensor or None
            Those of the model's own graph, for loops written for PyG; both may be left out, and ``x`` may be the Data.

        Raises
        ------
        HwgenError
            Another graph: its nodes have no steps.
        """
        if x is not None and not isinstance(x, Tensor):
            given: Any = x
            x, edge_index = given.x, given.edge_index
        if x is not None and edge_index is not None and not self.graph.is_made_of(x, edge_index):
            raise HwgenError("the model is called with another graph", "forward",
                             "quantize the model with that graph as data: A²Q learns a step for each node")
        return with_head(self.gcn.head, self.logits())

    def logits(self) -> Tensor:
        """Logits of every node, without the log_softmax that the user's forward may end with: float [n, classes]."""
        out: Tensor = self.gcn(self.graph)
        return out

    @property
    def rows(self) -> list[tuple[NodeQuantizer, int]]:
        """Node quantizers, each with its number of channels."""
        return [(layer.row_quantizer, layer.width) for layer in self.gcn.layers if layer.row_quantizer is not None]

    def penalty(self) -> Tensor:
        """Memory penalty to add to the loss; zero without a gradient once bits are frozen."""
        if all(row.frozen for row, _ in self.rows):
            return torch.zeros(())
        return self.penalty_rule(self.rows)

    def average_bits(self) -> float:
        """Mean stored bits of a hidden value, rounded bit widths: the figure that A²Q reports."""
        total = sum(width * float(row.whole_bits.sum()) for row, width in self.rows)
        return total / sum(width * row.whole_bits.numel() for row, width in self.rows)

    def freeze_bits(self) -> None:
        """Round bit widths and stop learning them."""
        for row, _ in self.rows:
            row.freeze()

    def parameter_groups(self, *, weights: dict[str, Any], weight_steps: dict[str, Any],
                         message_steps: dict[str, Any], row_steps: dict[str, Any],
                         bits: dict[str, Any]) -> list[dict[str, Any]]:
        """Sort parameters for an optimizer; each argument holds that group's options, such as ``{"lr": 0.01}``."""
        groups: dict[str, list[nn.Parameter]] = {"w": [], "ws": [], "ms": [], "rs": [], "b": []}
        for layer in self.gcn.layers:
            groups["w"] += [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
            for name, quantizer in (("ws", layer.weight_quantizer), ("ms", layer.message_quantizer)):
                if quantizer is not None:
                    groups[name].append(quantizer.raw_step)
            if layer.row_quantizer is not None:
                groups["rs"].append(layer.row_quantizer.raw_step)
                groups["b"].append(layer.row_quantizer.raw_bits)
        options = (weights, weight_steps, message_steps, row_steps, bits)
        return [{"params": params, **extra} for params, extra in zip(groups.values(), options, strict=True)]

    @torch.no_grad()
    def calibrate(self, target_bits: float | None = None) -> None:
        """Set steps to those of least squared error on the model's own FP32 values (:mod:`.calibrate`).

        Parameters
        ----------
        target_bits : float or None
            A mean to spread over nodes by their errors, and to freeze. None keeps the bit widths.
        """
        messages: list[Tensor] = []
        maps = _unquantized(self.gcn).trace(self.graph, messages)
        for layer, sent, out in zip(self.gcn.layers, messages, maps, strict=True):
            for quantizer, values in ((layer.weight_quantizer, layer.weight), (layer.message_quantizer, sent)):
                if quantizer is not None:
                    quantizer.raw_step.copy_(best_steps(values, quantizer.bits, signed=True, axis=0))
            row = layer.row_quantizer
            if row is not None and target_bits is None:
                start = max(1, round(float(row.whole_bits.median())))
                row.raw_step.copy_(best_steps(out, start, signed=False, axis=1))
            elif row is not None and target_bits is not None:
                bits, steps = allocate_bits(out, target_bits)
                row.raw_bits.copy_(bits)
                row.raw_step.copy_(steps)
                row.freeze()

    @torch.no_grad()
    def randomise_steps(self) -> None:
        """Set steps as A²Q does before training from scratch: |N(0.01, 0.01)|."""
        for module in self.modules():
            if isinstance(module, ColumnQuantizer | NodeQuantizer):
                module.raw_step.normal_(0.01, 0.01).abs_().clamp_min_(1e-3)


def quantize(model: nn.Module, scheme: str = "a2q", *, data: Data | Graph, weight_bits: int = 4, message_bits: int = 4,
             bits: float = 2.0, penalty: Penalty | None = None, target_bits: float | None = None) -> QuantizedGCN:
    """Put quantizers into a copy of a trained model, with steps read off its own values.

    It may be saved as it is (post-training quantization), or trained further. Saved as it is, on Cora (16 hidden
    channels, 2 layers, one seed, integer program, test accuracy; FP32 82.6 %), with weights and messages at 4 bits:
    82.8 % at 4 hidden bits, 81.9 % at 2, 80.1 % at 1; with all three at 2 bits 62.1 %.

    Parameters
    ----------
    model : Module
        Trained in FP32: hwgen's GCN, or any module whose ``forward(x, edge_index)`` or ``forward(data)`` is a chain of
        the layers of :mod:`.legal`. It is left alone.
    scheme : str
        ``a2q``.
    data : Data or Graph
        The graph that the model is for; see :meth:`Graph.of`.
    weight_bits, message_bits : int
        Fixed widths, sign included.
    bits : float
        Stored bits of hidden values that training starts from.
    penalty : Penalty or None
        What :meth:`QuantizedGCN.penalty` adds; None is the default rule.
    target_bits : float or None
        Mean stored bits to allocate once and for all, instead of learning them: best below 0.9.

    Returns
    -------
    QuantizedGCN
        In training mode. It learns; :func:`hwgen.save` writes it.

    Raises
    ------
    HwgenError
        Unknown scheme, unsupported layer, widths out of range, features that do not fit the model.
    """
    if scheme != "a2q":
        raise HwgenError(f"unknown scheme {scheme!r}", "scheme", "use a2q")
    for name, width in (("weight_bits", weight_bits), ("message_bits", message_bits)):
        if not 2 <= width <= 8:
            raise HwgenError(f"{name} is {width}", name, "use 2 to 8 bits")
    for name, mean, top in (("bits", bits, 8), ("target_bits", target_bits, 4)):
        if mean is not None and not 0 <= mean <= top:
            raise HwgenError(f"{name} is {mean}", name, f"use 0 to {top} bits")
    gcn = as_gcn(model)
    graph = Graph.of(data)
    if gcn.layers[0].weight.shape[0] != graph.width:
        raise HwgenError(f"the model takes {gcn.layers[0].weight.shape[0]} features, the graph has {graph.width}",
                         "data.x", "pass the graph that the model was trained on")
    compare(model, gcn, graph)
    quantized = QuantizedGCN(gcn, graph, weight_bits=weight_bits, message_bits=message_bits, bits=bits, penalty=penalty)
    quantized.calibrate(target_bits)
    return quantized


def _unquantized(model: GCN) -> GCN:
    """A copy without quantizers, in evaluation mode."""
    plain = copy.deepcopy(model).eval()
    for layer in plain.layers:
        layer.weight_quantizer = layer.message_quantizer = layer.row_quantizer = None
    return plain
