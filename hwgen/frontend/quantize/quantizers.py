"""The quantizers of a traced network: of its weights, of what is summed over lists, and of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from torch import Tensor, nn

from ...schemes import Scheme
from ..data.graph_batch import GraphBatch
from ..traced import TracedNetwork, TracedTerm, TracedValue
from .channels import ChannelSteps
from .row_quantizer import RowQuantizer
from .rows import row_quantizer
from .signs import signs_of
from .widths import Widths

__all__ = ["Quantizers"]


class Quantizers(nn.Module):
    """One quantizer for each weight and for each value but the result; uncalibrated but for those of weights.

    Parameters
    ----------
    plan : TracedNetwork
        Its weights are parameters, which this module does not own.
    scheme : Scheme
    nodes, degrees : int
        Number of trained nodes, and the largest degree with an entry of its own.
    """

    def __init__(self, plan: TracedNetwork, scheme: Scheme, *, nodes: int, degrees: int) -> None:
        super().__init__()
        self.plan, self.scheme = plan, scheme
        self.weights, self.messages, self.rows = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        linear, signed = scheme.parametrization == "step", signs_of(plan)
        widths = Widths(plan, scheme, signed)
        for weight in self._distinct():
            steps = ChannelSteps(weight.shape[1], scheme.weight_bits, signed=True, gradient="task", linear=linear)
            steps.calibrate(weight)
            self.weights[str(len(self.weights))] = steps
        for value in plan.values:
            if value.role == "message":
                self.messages[_slot(value)] = ChannelSteps(
                    value.width, widths.of_message(value), signed=signed[value.name], gradient="local", linear=linear)
            elif value.role == "activation":
                self.rows[_slot(value)] = row_quantizer(
                    widths.of_rows(value), signed=signed[value.name], nodes=nodes, degrees=degrees,
                    of_graphs=value.domain == "graphs")

    def store(self, value: TracedValue, out: Tensor, batch: GraphBatch) -> Tensor:
        """What readers see of a value."""
        if value.role == "message":
            return cast(Tensor, self.message(value)(out))
        joined = batch.is_joined and value.domain == "nodes"
        return cast(Tensor, self.row(value)(out, batch, batch.count if joined else None))

    def of(self, value: TracedValue) -> ChannelSteps | RowQuantizer:
        """The quantizer of a value."""
        return self.message(value) if value.role == "message" else self.row(value)

    def message(self, value: TracedValue) -> ChannelSteps:
        """The quantizer of a message."""
        return cast(ChannelSteps, self.messages[_slot(value)])

    def row(self, value: TracedValue) -> RowQuantizer:
        """The quantizer of a value by row."""
        return cast(RowQuantizer, self.rows[_slot(value)])

    def weigher(self) -> Callable[[TracedTerm], Tensor]:
        """A function that gives a term's matrix, fake-quantized."""
        steps = self.weight_steps()
        return lambda term: cast(Tensor, steps[id(term.weight)](term.weight))

    def weight_steps(self) -> dict[int, ChannelSteps]:
        """Quantizers of matrices, by the number of the matrix."""
        every = cast("list[ChannelSteps]", list(self.weights.values()))
        return {id(weight): steps for weight, steps in zip(self._distinct(), every, strict=True)}

    def calibrate_weights(self) -> None:
        """Take the steps of least squared error of every matrix."""
        for weight, steps in zip(self._distinct(), self.weights.values(), strict=True):
            cast(ChannelSteps, steps).calibrate(weight)

    def release(self) -> None:
        """Let steps be as fine as they like again."""
        for each in self.every_step():
            each.floor.zero_()

    def every_row(self) -> list[RowQuantizer]:
        """The quantizers of all values by row."""
        return [cast(RowQuantizer, each) for each in self.rows.values()]

    def every_step(self) -> list[ChannelSteps | RowQuantizer]:
        """All quantizers."""
        return [cast("ChannelSteps | RowQuantizer", each)
                for part in (self.weights, self.messages, self.rows) for each in part.values()]

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """All parameters, by what they are."""
        return {"weight_steps": list(self.weights.parameters()), "message_steps": list(self.messages.parameters()),
                "row_steps": [row.raw_size for row in self.every_row()],
                "bits": [row.raw_bits for row in self.every_row()]}

    def _distinct(self) -> list[Tensor]:
        """Matrices in order; a layer that is called twice has one."""
        found = {id(term.weight): term.weight for value in self.plan.values for term in value.terms
                 if term.weight is not None}
        return list(found.values())


def _slot(value: TracedValue) -> str:
    """A value's key among modules, whose names have no dots."""
    return value.name.replace(".", "/")
