"""The graph convolutional network (Kipf & Welling, ICLR 2017) in integer-adder order.

A layer computes, with ``d`` the in-degree including the self loop::

    y_j = Q_message( d_j^-1/2 · (x_j Q_weight(W)) )
    z_i = d_i^-1/2 · Σ_{j ∈ N(i) ∪ {i}} y_j + bias
    x'_i = Q_row( relu(z_i) )

The source's factor lies inside the message quantizer, so that aggregation adds integers; A²Q as published has it
outside. Dropout of a layer's input follows the row quantizer, so that steps see the values they see in inference.
Without quantizers the same lines are the FP32 network, equal to PyG's ``GCNConv``.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import HwgenError
from .graph import Graph
from .quantizers import ColumnQuantizer, NodeQuantizer

__all__ = ["GCN", "Convolution"]


class Convolution(nn.Module):
    """One graph convolution; FP32 until quantizers are put in their places.

    Parameters
    ----------
    inputs, outputs : int
    bias : bool
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(inputs, outputs)))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.weight_quantizer: ColumnQuantizer | None = None
        self.message_quantizer: ColumnQuantizer | None = None
        self.row_quantizer: NodeQuantizer | None = None

    @property
    def width(self) -> int:
        """Number of output channels."""
        return int(self.weight.shape[1])

    def used_weight(self) -> Tensor:
        """Weight as the layer multiplies with it, fake-quantized where it has a quantizer: float [inputs, outputs]."""
        return self.weight if self.weight_quantizer is None else self.weight_quantizer(self.weight)

    def aggregate(self, messages: Tensor, graph: Graph) -> Tensor:
        """Quantize messages, sum them over neighbours, scale by the destination's degree and add the bias."""
        if self.message_quantizer is not None:
            messages = self.message_quantizer(messages)
        out = graph.adjacency.product(messages) * graph.norm
        return out if self.bias is None else out + self.bias


class GCN(nn.Module):
    """A stack of graph convolutions with ReLU between them.

    Parameters
    ----------
    inputs, hidden, classes : int
        Widths; every hidden layer has the same.
    layers : int
        At least 2.
    dropout : float
        Of the input features and of every hidden map.
    bias : bool

    Raises
    ------
    HwgenError
        Fewer than two layers, a width below 1, dropout outside [0, 1).
    """

    convs: nn.ModuleList
    #: Each layer's path in the model that it comes from.
    paths: tuple[str, ...]
    #: Dropout of each layer's input.
    dropouts: tuple[float, ...]
    #: What follows the logits in the model that they come from.
    head: Literal["", "log_softmax", "softmax"]

    def __init__(self, inputs: int, hidden: int, classes: int, *, layers: int = 2, dropout: float = 0.5,
                 bias: bool = True) -> None:
        super().__init__()
        if layers < 2:
            raise HwgenError(f"{layers} layers", "layers", "use at least 2")
        if min(inputs, hidden, classes) < 1:
            raise HwgenError(f"widths {inputs}, {hidden}, {classes}", "hidden", "use positive widths")
        if not 0 <= dropout < 1:
            raise HwgenError(f"dropout {dropout}", "dropout", "use a share from 0 to below 1")
        widths = [inputs, *[hidden] * (layers - 1), classes]
        self.convs = nn.ModuleList([Convolution(a, b, bias) for a, b in pairwise(widths)])
        self.paths = tuple(f"convs.{index}" for index in range(layers))
        self.dropouts, self.head = (dropout,) * layers, ""

    @classmethod
    def of(cls, layers: Sequence[Convolution], *, paths: Sequence[str], dropouts: Sequence[float],
           head: Literal["", "log_softmax", "softmax"] = "") -> "GCN":
        """Stack convolutions of any widths that follow one another."""
        out = cls(1, 1, 1)
        out.convs, out.paths, out.dropouts, out.head = nn.ModuleList(layers), tuple(paths), tuple(dropouts), head
        return out

    @property
    def layers(self) -> Sequence[Convolution]:
        """The convolutions, in order."""
        return cast(Sequence[Convolution], self.convs)

    def forward(self, graph: Graph) -> Tensor:
        """Logits of every node: float [n, classes]."""
        return self.trace(graph)[-1]

    def trace(self, graph: Graph, messages: list[Tensor] | None = None) -> list[Tensor]:
        """Run the network and keep every layer's output.

        Parameters
        ----------
        graph : Graph
            The graph to run on.
        messages : list or None
            Receives each layer's messages before their quantizer, for calibration.

        Returns
        -------
        list of Tensor
            Each hidden layer's map before its row quantizer (after ReLU), and the logits.
        """
        maps: list[Tensor] = []
        x: Tensor | None = None
        for layer, rate in zip(self.layers, self.dropouts, strict=True):
            weight, dropout = layer.used_weight(), rate if self.training else 0.0
            combined = graph.combine_input(weight, dropout) if x is None else F.dropout(x, dropout) @ weight
            sent = combined * graph.norm
            if messages is not None:
                messages.append(sent)
            out = layer.aggregate(sent, graph)
            if layer is self.layers[-1]:
                maps.append(out)
                break
            out = F.relu(out)
            maps.append(out)
            x = out if layer.row_quantizer is None else layer.row_quantizer(out)
        return maps
