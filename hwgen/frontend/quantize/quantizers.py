"""The quantizers of a traced network: of its weights, of what is summed over lists, and of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from ...network.input import Input
from ...schemes import Scheme
from ..data.graph_batch import GraphBatch
from ..traced import TracedNetwork, TracedTerm, TracedValue
from .channels import ChannelSteps
from .protect import drawn, exposed
from .row_quantizer import RowQuantizer
from .rows import row_quantizer
from .signs import signs_of
from .tracked import Tracked
from .widths import Widths

__all__ = ["Quantizers"]

Steps = ChannelSteps | RowQuantizer | Tracked


class Quantizers(nn.Module):
    """One quantizer for each weight and for each value but the result; uncalibrated but for those of weights.

    Parameters
    ----------
    plan : TracedNetwork
        Its weights are parameters, which this module does not own.
    scheme : Scheme
    given : Input
        How features become codes.
    nodes, degrees : int
        Number of trained nodes, and the largest degree with an entry of its own.
    """

    def __init__(self, plan: TracedNetwork, scheme: Scheme, given: Input, *, nodes: int, degrees: int) -> None:
        super().__init__()
        self.plan, self.scheme, self.input = plan, scheme, given
        self._columns, self._ratio = torch.from_numpy(given.column), torch.from_numpy(given.ratio).float()[:, None]
        self.weights, self.messages, self.rows = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        linear, signed = scheme.parametrization == "step", signs_of(plan)
        widths, tracking = Widths(plan, scheme, signed), scheme.tracking
        #: Rows that pass unquantized in this forward, and values of which they do.
        self._protected: Tensor | None = None
        self._exposed = exposed(plan)
        for term in self._distinct().values():
            weight = self.matrix(term)
            steps: ChannelSteps | Tracked
            if tracking is None:
                steps = ChannelSteps(weight.shape[1], scheme.weight_bits, signed=True, gradient="task", linear=linear)
            else:  # the range of the weights as they are
                own = replace(tracking, tail=tracking.tail if tracking.candidates else 0.0, momentum=1.0)
                steps = Tracked(own, scheme.weight_bits, signed=True)
            steps.calibrate(weight)
            self.weights[str(len(self.weights))] = steps
        for value in plan.values:
            if value.role != "result" and tracking is not None:
                message = value.role == "message"
                bits = widths.of_message(value) if message else int(widths.of_rows(value).bits)
                (self.messages if message else self.rows)[_slot(value)] = Tracked(
                    tracking, bits, signed=signed[value.name])
            elif value.role == "message":
                self.messages[_slot(value)] = ChannelSteps(
                    value.width, widths.of_message(value), signed=signed[value.name], gradient="local", linear=linear)
            elif value.role == "activation":
                self.rows[_slot(value)] = row_quantizer(
                    widths.of_rows(value), signed=signed[value.name], nodes=nodes, degrees=degrees,
                    of_graphs=value.domain == "graphs")
            if value.role != "result":
                self.of(value).cap = value.cap

    def store(self, value: TracedValue, out: Tensor, batch: GraphBatch) -> Tensor:
        """What readers see of a value."""
        quantizer = self.of(value)
        if isinstance(quantizer, ChannelSteps):
            return cast(Tensor, quantizer(out))
        count = batch.count if batch.is_joined and value.domain == "nodes" else None
        if isinstance(quantizer, Tracked):
            protected = self._protected if value.name in self._exposed else None
            if protected is not None and value.domain == "edges":  # a message as its source
                protected = protected[batch.lists("sources").matrix.pairs[1]]
            return cast(Tensor, quantizer(out, batch, count, protected))
        return cast(Tensor, quantizer(out, batch, count))

    def begin(self, batch: GraphBatch) -> None:
        """A forward begins: draw the nodes that pass unquantized while training."""
        tracking = self.scheme.tracking
        masked = tracking is not None and self.training and tracking.protected[1] > 0
        self._protected = drawn(batch, tracking.protected) if tracking is not None and masked else None

    def cost(self) -> Tensor:
        """What widths that are being chosen cost: λ times the mean bits of all elements; 0 where none are."""
        tracked = [each for each in self.every_step() if isinstance(each, Tracked) and not each.frozen]
        stored = [each.stored for each in tracked if each.stored is not None]
        if self.scheme.tracking is None or not stored:
            return torch.zeros(())
        elements = sum(each.rows * each.width for each in stored)
        return self.scheme.tracking.cost * torch.stack([each.bits * each.width for each in stored]).sum() / elements

    def of(self, value: TracedValue) -> Steps:
        """The quantizer of a value."""
        return self.message(value) if value.role == "message" else self.row(value)

    def message(self, value: TracedValue) -> ChannelSteps | Tracked:
        """The quantizer of a message."""
        return cast("ChannelSteps | Tracked", self.messages[_slot(value)])

    def row(self, value: TracedValue) -> RowQuantizer | Tracked:
        """The quantizer of a value by row."""
        return cast("RowQuantizer | Tracked", self.rows[_slot(value)])

    def weigher(self) -> Callable[[TracedTerm], Tensor]:
        """A function that gives a term's matrix, fake-quantized."""
        return lambda term: cast(Tensor, self.weight_steps(term)(self.matrix(term)))

    def weight_steps(self, term: TracedTerm) -> ChannelSteps | Tracked:
        """The quantizer of a term's matrix."""
        number = list(self._distinct()).index(self._key(term))
        return cast("ChannelSteps | Tracked", self.weights[str(number)])

    def matrix(self, term: TracedTerm) -> Tensor:
        """What is quantized of a term's matrix: of the input's, a row for each column of its codes."""
        assert term.weight is not None
        return term.weight[self._columns] * self._ratio if self._key(term)[1] else term.weight

    def calibrate_weights(self) -> None:
        """Take the steps of least squared error of every matrix."""
        for term in self._distinct().values():
            self.weight_steps(term).calibrate(self.matrix(term))

    def release(self) -> None:
        """Let steps be as fine as they like again."""
        for each in self.every_step():
            each.floor.zero_()

    def every_row(self) -> list[RowQuantizer | Tracked]:
        """The quantizers of all values by row."""
        return [cast("RowQuantizer | Tracked", each) for each in self.rows.values()]

    def every_step(self) -> list[Steps]:
        """All quantizers."""
        return [cast("Steps", each)
                for part in (self.weights, self.messages, self.rows) for each in part.values()]

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """All parameters, by what they are."""
        rows = [row for row in self.every_row() if isinstance(row, RowQuantizer)]
        chosen = [each.choice for each in self.every_step() if isinstance(each, Tracked)]
        parts = [[] if self.scheme.tracking is not None else list(part.parameters())
                 for part in (self.weights, self.messages)]
        return {"weight_steps": parts[0], "message_steps": parts[1], "row_steps": [row.raw_size for row in rows],
                "bits": [row.raw_bits for row in rows] + chosen}

    def _distinct(self) -> dict[tuple[int, bool], TracedTerm]:
        """A term of each matrix that is quantized, in order; a layer that is called twice has one."""
        return {self._key(term): term for value in self.plan.values for term in value.terms if term.weight is not None}

    def _key(self, term: TracedTerm) -> tuple[int, bool]:
        """A term's matrix, and whether its rows are multiplied for the input."""
        return id(term.weight), term.via == "features" and not self.input.is_plain


def _slot(value: TracedValue) -> str:
    """A value's key among modules, whose names have no dots."""
    return value.name.replace(".", "/")
