"""A traced network with quantizers: calls, learns and exports like the module that it was made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import HwgenError
from ...network.granularity import Granularity
from ...network.network import Network
from ..data.graph_batch import GraphBatch
from ..original import with_head
from ..traced import TracedNetwork, TracedTerm, TracedValue
from .calibrate import calibrate
from .channels import ColumnSteps
from .execute import execute
from .export import export
from .rows import RowTable
from .schemes import Scheme

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["QuantizedNetwork"]


class QuantizedNetwork(nn.Module):
    """Executes a plan, quantized or in FP32.

    Use it in any training loop: call it, add :meth:`penalty` to the loss, and :meth:`freeze_bits` half-way.

    Parameters
    ----------
    plan : TracedNetwork
        Its tensors are copied: they become this module's parameters.
    scheme : Scheme or None
        None: no quantizers, FP32.
    degrees : int
        Largest in-degree with an entry of its own, of tables by degree.
    nodes : int
        Number of trained nodes, of tables by node.
    input_bits, input_scale
        As in :class:`hwgen.network.network.Network`.
    """

    def __init__(self, plan: TracedNetwork, scheme: Scheme | None = None, *, degrees: int = 63, nodes: int = 0,
                 input_bits: int = 1, input_scale: float = 1.0) -> None:
        super().__init__()
        self.scheme, self.nodes, self.input_bits, self.input_scale = scheme, nodes, input_bits, input_scale
        self.tensors = nn.ParameterList()
        self.plan = self._own(plan)
        self.weights, self.columns, self.tables = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        if scheme is not None:
            self._add_quantizers(scheme, degrees)

    def _own(self, plan: TracedNetwork) -> TracedNetwork:
        """A copy whose tensors are parameters; one tensor stays one, and gains go into the weights before them."""
        known: dict[tuple[int, int], nn.Parameter] = {}

        def parameter(tensor: Tensor, gain: Tensor | None = None) -> nn.Parameter:
            key = (id(tensor), id(gain))
            if key not in known:
                value = tensor.detach() if gain is None else tensor.detach() * gain.detach()
                known[key] = nn.Parameter(value.clone().contiguous())
                self.tensors.append(known[key])
            return known[key]

        def term(old: TracedTerm) -> TracedTerm:
            if old.weight is not None:
                return replace(old, weight=parameter(old.weight, old.gain), gain=None)
            return old if old.gain is None else replace(old, gain=parameter(old.gain))

        return replace(plan, values=tuple(
            replace(value, terms=tuple(term(each) for each in value.terms),
                    bias=None if value.bias is None else parameter(value.bias)) for value in plan.values))

    def _add_quantizers(self, scheme: Scheme, degrees: int) -> None:
        keys, signed = self._keys(), _signs(self.plan)
        for value in self.plan.values:
            for term in value.terms:
                if term.weight is not None and keys[id(term.weight)] not in self.weights:
                    steps = ColumnSteps(term.weight.shape[1], scheme.weight_bits, signed=True, gradient="task")
                    steps.calibrate(term.weight)
                    self.weights[keys[id(term.weight)]] = steps
            negative, slot = signed[value.name], _slot(value.name)
            if value.role == "message":
                self.columns[slot] = ColumnSteps(value.width, scheme.message_bits, signed=negative,
                                                       gradient="local")
            elif value.role == "row" and (scheme.rows is Granularity.PER_TENSOR or
                                          (value.domain == "graphs" and scheme.rows is not Granularity.NEAREST)):
                self.columns[slot] = ColumnSteps(value.width, max(scheme.bits, 1 + negative), signed=negative,
                                                       gradient=scheme.gradient, tied=True)
            elif value.role == "row":
                entries = {Granularity.NEAREST: scheme.entries, Granularity.PER_DEGREE: degrees + 1,
                           Granularity.PER_NODE: self.nodes}
                self.tables[slot] = RowTable(
                    entries[scheme.rows], max(scheme.bits, 1 + negative), granularity=scheme.rows, form=scheme.form,
                    signed=negative, gradient=scheme.gradient, most=max(scheme.most, 1 + negative),
                    span=scheme.span)

    def _keys(self) -> dict[int, str]:
        return {id(tensor): str(index) for index, tensor in enumerate(self.tensors)}

    def forward(self, x: Tensor | GraphBatch | Data, edge_index: Tensor | None = None,
                batch: Tensor | None = None) -> Tensor:
        """What the traced module returns for every node or graph, log_softmax included: float [rows, classes].

        Parameters
        ----------
        x : Tensor float [n, f], Data or GraphBatch
            Features; or everything, as PyG has it or prepared.
        edge_index : Tensor int64 [2, e]
        batch : Tensor int64 [n] or None
            The graph of each node; None: one graph.
        """
        if not isinstance(x, Tensor | GraphBatch):
            x, edge_index, batch = x.x, x.edge_index, x.batch
        if isinstance(x, Tensor):
            if edge_index is None:
                raise HwgenError("edge_index is missing", "forward", "call the model with x, edge_index and batch")
            x = GraphBatch.of(x, edge_index, batch)
        return with_head(self.plan.head, self.logits(x))

    def logits(self, batch: GraphBatch) -> Tensor:
        """The result of the network, without the softmax that the user's forward may end with."""
        return self.trace(batch)[self.plan.values[-1].name]

    def trace(self, batch: GraphBatch) -> dict[str, Tensor]:
        """Every value of the network, by name, as its readers see it."""
        if batch.width != self.plan.features:
            raise HwgenError(f"{batch.width} features, the model takes {self.plan.features}", "x",
                             "pass the features that the model was trained on")
        if self.scheme is None:
            return execute(self.plan, batch, training=self.training)
        keys = self._keys()  # once a forward
        return execute(self.plan, batch, self.store, lambda term: self.weights[keys[id(term.weight)]](term.weight),
                       training=self.training)

    def store(self, value: TracedValue, out: Tensor, batch: GraphBatch) -> Tensor:
        """What readers see of a value."""
        known = self.quantizer(value.name)
        if isinstance(known, ColumnSteps):
            return cast(Tensor, known(out))
        return cast(Tensor, known(out, batch, batch.count if value.domain == "nodes" else None))

    def weight(self, term: TracedTerm) -> Tensor:
        """A term's matrix, fake-quantized."""
        return cast(Tensor, self.weight_steps(term)(term.weight))

    def quantizer(self, name: str) -> ColumnSteps | RowTable:
        """The quantizer of a value that is not the result."""
        slot = _slot(name)
        return cast(ColumnSteps | RowTable, self.columns[slot] if slot in self.columns else self.tables[slot])

    def weight_steps(self, term: TracedTerm) -> ColumnSteps:
        """The quantizer of a term's matrix."""
        return cast(ColumnSteps, self.weights[self._keys()[id(term.weight)]])

    @property
    def rows(self) -> list[RowTable]:
        """Tables of values by row."""
        return [cast(RowTable, table) for table in self.tables.values()]

    def penalty(self) -> Tensor:
        """What the last call's bits cost, ``weight · relu(mean - target)²``; no gradient once bits are frozen."""
        seen = [table for table in self.rows if table.mean is not None]
        if self.scheme is None or not seen or not any(table.raw_bits.requires_grad for table in seen):
            return torch.zeros(())
        total = torch.stack([table.rows * table.mean for table in seen if table.mean is not None]).sum()
        mean = total / sum(table.rows for table in seen)
        return self.scheme.weight * F.relu(mean - self.scheme.target) ** 2

    def freeze_bits(self) -> None:
        """Round bit widths and stop learning them."""
        for table in self.rows:
            table.freeze()

    @torch.no_grad()
    def average_bits(self, batches: Iterable[GraphBatch], *, messages: bool = False) -> float:
        """Mean stored bits over some graphs.

        Parameters
        ----------
        batches : iterable of GraphBatch
        messages : bool
            False: the mean over all rows of all values by row, as A²Q reports it. A row counts once, whatever its
            width; a sign counts as a stored bit; messages, weights, inputs and results do not count.
            True: the mean over all codes that are stored, messages too.
        """
        was, total, number = self.training, 0.0, 0.0
        self.eval()
        for batch in batches:
            self.trace(batch)
            for value in self.plan.values[:-1]:
                rows = float(batch.count.sum()) if value.domain == "nodes" else float(batch.graphs)
                share = value.width if messages else float(value.role == "row")
                known = self.quantizer(value.name)
                bits = known.bits * rows if isinstance(known, ColumnSteps) else known.total
                total, number = total + share * bits, number + share * rows
        self.train(was)
        return total / number if number else 0.0

    def calibrate(self, batch: GraphBatch, *, correct: bool = True) -> None:
        """Set steps and reaches from the FP32 values of some graphs, and correct biases (:mod:`.calibrate`)."""
        calibrate(self, batch, correct=correct)

    def parameter_groups(self, *, weights: dict[str, float], weight_steps: dict[str, float],
                         message_steps: dict[str, float], sizes: dict[str, float],
                         bits: dict[str, float]) -> list[dict[str, object]]:
        """Sort parameters for an optimizer; each argument holds that group's options, such as ``{"lr": 0.01}``."""
        groups: list[tuple[list[nn.Parameter], dict[str, float]]] = [
            (list(self.tensors), weights),
            ([cast(ColumnSteps, each).raw_step for each in self.weights.values()], weight_steps),
            ([cast(ColumnSteps, each).raw_step for each in self.columns.values()], message_steps),
            ([table.raw_size for table in self.rows], sizes), ([table.raw_bits for table in self.rows], bits)]
        return [{"params": params, **options} for params, options in groups]

    def export(self, name: str) -> Network:
        """What lowering takes: codes, steps and tables.

        Raises
        ------
        HwgenError
            No quantizers, or a parameter that is not finite.
        """
        return export(self, name)


def _slot(name: str) -> str:
    """A value's key among modules, whose names have no dots."""
    return name.replace(".", "/")


def _signs(plan: TracedNetwork) -> dict[str, bool]:
    """Whether each value can be negative."""
    signed: dict[str, bool] = {}
    for value in plan.values:
        signed[value.name] = value.activation.keeps_sign and (_negative(value.bias) or any(
            term.weight is not None or _negative(term.gain) or (term.source is not None and signed[term.source])
            for term in value.terms))
    return signed


def _negative(tensor: Tensor | None) -> bool:
    return tensor is not None and bool((tensor < 0).any())
