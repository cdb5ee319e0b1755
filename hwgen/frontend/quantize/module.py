"""A traced network with quantizers: calls, learns and exports like the module that it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from ...errors import HwgenError
from ...network.batch import SetName
from ...network.edges import NO_EDGES, EdgeQuantizers
from ...network.granularity import Granularity
from ...network.input import Input
from ...network.network import Network
from ...network.reader.fields import scale_of
from ...network.sample import HEADROOM
from ...schemes import Scheme
from ..data.graph_batch import GraphBatch
from ..edge_values import check_edge_values, weight_in, widths_in
from ..original import with_head
from ..traced import TracedNetwork, TracedValue
from .affine import choose_affine
from .calibrate import calibrate_steps
from .channels import ChannelSteps
from .execute import execute
from .export import export_network
from .hold import Holder
from .own import own
from .penalty import cost_of
from .quantizers import Quantizers
from .row_quantizer import RowQuantizer
from .settle import settle_steps
from .tracked import Tracked

__all__ = ["QuantizedNetwork"]

#: Options of each group of :meth:`QuantizedNetwork.parameter_groups`, for Adam: what measured best on Cora.
GROUPS: Mapping[str, Mapping[str, float]] = {
    "weights": {"lr": 0.01}, "weight_steps": {"lr": 0.005}, "message_steps": {"lr": 0.005}, "row_steps": {"lr": 0.01},
    "bits": {"lr": 0.05}}


class QuantizedNetwork(nn.Module):
    """Executes a traced network, quantized or in FP32.

    Use it in any training loop: call it, add :meth:`penalty` to the loss, and :meth:`freeze_bits` half-way.

    Parameters
    ----------
    plan : TracedNetwork
        Its tensors are copied: they become this module's parameters.
    scheme : Scheme or None
        None: no quantizers, FP32.
    sample : GraphBatch or None
        Graphs that methods take where they are given none. By node: the one graph that the model is for.
    degrees : int
        Largest in-degree with an entry of its own, of rows by degree.
    nodes : int
        Number of trained nodes, of rows by node.
    given : Input or None
        How features become codes; None: they are 0 or 1.
    original : TracedNetwork or None
        The FP32 network that this one is compared with; None: ``plan`` as it is now.
    longest : mapping of set to int, or None
        The longest list of each set on the graphs that it is for; None: somewhat longer than on the sample.
    edges : mapping of EdgeCodes
        Of each kind of lists that weigh and that the plan goes over.
    """

    def __init__(self, plan: TracedNetwork, scheme: Scheme | None = None, *, sample: GraphBatch | None = None,
                 degrees: int = 63, nodes: int = 0, given: Input | None = None,
                 longest: Mapping[SetName, int] | None = None, original: TracedNetwork | None = None,
                 edges: EdgeQuantizers = NO_EDGES) -> None:
        super().__init__()
        self.scheme, self.nodes, self.input = scheme, nodes, given or Input.plain(plan.features, 1, 1.0)
        self.sample, self.longest, self.edges = sample, longest, dict(edges)
        self.plan, self.tensors = own(plan)
        self._original, _ = own(plan if original is None else original)
        self._begun = [each.detach().clone() for each in self.tensors]
        self.quantizers = None if scheme is None else Quantizers(
            self.plan, scheme, self.input, nodes=nodes, degrees=degrees)
        if self.quantizers is not None:
            choose_affine(self.quantizers)
        self._accepted: tuple[Tensor, Tensor, Tensor | None, float] | None = None
        #: Values of edges that the user's forward takes.
        self.edge_values: frozenset[str] = frozenset()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_accepted": None}

    def forward(self, x: Tensor | GraphBatch | Data | None = None, edge_index: Tensor | None = None,
                batch: Tensor | None = None, edge_weight: Tensor | None = None) -> Tensor:
        """What the traced module returns for every node or graph, log_softmax included: float [rows, classes].

        Parameters
        ----------
        x : Tensor float [n, f], Data, GraphBatch or None
            Features as real values; or everything: as PyG has it, whose features are codes of ``input_scale``, or
            prepared. None: the model's own sample.
        edge_index : Tensor int64 [2, e]
        batch : Tensor int64 [n] or None
            The graph of each node; None: one graph.
        edge_weight : Tensor float [e] or None
            What each edge weighs, where the model takes that.

        Raises
        ------
        HwgenError
            Features of another width; by node: another graph, whose nodes have no steps.
        """
        return with_head(self.plan, self.logits(self._prepared(x, edge_index, batch, edge_weight)))

    def logits(self, batch: GraphBatch | None = None) -> Tensor:
        """The result of the network, without the softmax that the user's forward may end with."""
        return self.trace(batch)[self.plan.values[-1].name]

    @torch.no_grad()
    def fp32(self, batch: GraphBatch | None = None) -> Tensor:
        """The same of the FP32 network that was quantized, as it was then."""
        return execute(self._original, self._own(batch))[self.plan.values[-1].name]

    def trace(self, batch: GraphBatch | None = None) -> dict[str, Tensor]:
        """Every value of the network, by name, as its readers see it."""
        given = self._own(batch)
        if given.width != self.plan.features:
            raise HwgenError(f"{given.width} features, the model takes {self.plan.features}", "x",
                             "pass the features that the model was trained on")
        if self.quantizers is None:
            return execute(self.plan, given, training=self.training)
        if self._by_node and given is not self.sample and len(given.node) and int(given.node.max()) >= self.nodes:
            raise HwgenError(f"node {int(given.node.max())} was not trained ({self.nodes} nodes were)", "batch.node",
                             "quantize the model with that graph as data: it learns a step for each node")
        self.quantizers.begin(given)
        return execute(self.plan, self._coded(given), self.quantizers.store, self.quantizers.weigher(),
                       training=self.training)

    def penalty(self) -> Tensor:
        """What the bits of the last call cost (:class:`Scheme`); zero without a gradient once they are frozen."""
        if self.scheme is None or self.quantizers is None:
            return torch.zeros(())
        if self.scheme.tracking is not None:
            return self.quantizers.cost()
        stored = [row.stored for row in self.rows if row.stored is not None and not row.frozen]
        return cost_of(self.scheme.penalty, stored) if stored else torch.zeros(())

    def freeze_bits(self) -> None:
        """Round bit widths and stop learning them."""
        for each in self._quantizers().every_step():
            if not isinstance(each, ChannelSteps):
                each.freeze()

    @property
    def bits_stand_still(self) -> bool:
        """Whether training has moved weights, but none of the bit widths that were to learn."""
        learned = [(row.whole_bits, row.begun) for row in self.rows if row.begun is not None]
        pairs = zip(self.tensors, self._begun, strict=True)
        return bool(learned) and all(torch.equal(now, begun) for now, begun in learned) and any(
            not torch.equal(now, begun) for now, begun in pairs if now.ndim > 1)

    @torch.no_grad()
    def average_bits(self, batches: Iterable[GraphBatch] | None = None, *, messages: bool = False,
                     by_width: bool = False) -> float:
        """Mean stored bits over some graphs.

        Parameters
        ----------
        batches : iterable of GraphBatch or None
            None: the model's own sample.
        messages : bool
            False: the mean over all rows of all values by row, as A²Q reports it. A row counts once, whatever its
            width; a sign counts as a stored bit; messages, weights, inputs and results do not count.
            True: the mean over all codes that are stored, messages too.
        by_width : bool
            Whether a row counts as often as it has codes, where messages do not count.
        """
        quantizers, was = self._quantizers(), self.training
        total = number = 0.0
        self.eval()
        for batch in [self._own(None)] if batches is None else batches:
            self.trace(batch)
            for value in self.plan.values[:-1]:
                rows = self.rows_of(value, batch)
                share = (value.width if messages or by_width else 1.0) * (messages or value.role == "activation")
                if value.role == "message":
                    bits = quantizers.message(value).bits * rows
                else:
                    stored = quantizers.row(value).stored
                    bits = 0.0 if stored is None else float(stored.bits)
                total, number = total + share * bits, number + share * rows
        self.train(was)
        return total / number if number else 0.0

    def rows_of(self, value: TracedValue, batch: GraphBatch) -> float:
        """How many nodes, graphs or edges have a row of a value on some graphs."""
        if value.domain == "nodes":
            return float(batch.count.sum())
        return float(batch.graphs if value.domain == "graphs" else self._coded(batch).rows("edges"))

    def calibrate(self, batch: GraphBatch | None = None, *, correct: bool = True,
                  target_bits: float | None = None, margin: float | None = None) -> None:
        """Set steps from the FP32 values of some graphs (:mod:`.calibrate`).

        Parameters
        ----------
        batch : GraphBatch or None
            None: the model's own sample.
        correct : bool
            Whether biases make up for what quantizing takes away: for a model that is not trained on.
        target_bits : float or None
            By node: a mean of bits to spread over nodes by their errors, and to freeze. None keeps bit widths.
        margin : float or None
            As of :meth:`hold`, which is done on the way; None: it is not.
        """
        given = self._own(batch).coded(self.edges)  # features are quantized on the way
        holder = None if margin is None else self._holder(self._longest(given), margin)
        calibrate_steps(self._quantizers(), list(self.tensors), given, correct=correct, target_bits=target_bits,
                        holder=holder)

    def hold(self, longest: Mapping[SetName, int] | None = None, *, margin: float = 1.0) -> None:
        """Raise steps that are so fine that no hardware holds what their values can reach (:mod:`.hold`).

        :func:`hwgen.quantize` and :func:`hwgen.save` do it for models that no target runs as they are.

        Parameters
        ----------
        longest : mapping of set to int, or None
            The longest list of each set; None: as the model was made for.
        margin : float
            As of :func:`hwgen.network.reach.held`.

        Raises
        ------
        HwgenError
            A parameter that is not finite.
        """
        self._need_finite("model")
        holder = self._holder(longest or self._longest(self._own(None)), margin)
        for value in self.plan.values:
            holder.hold(value)

    def randomise_steps(self) -> None:
        """Set steps as A²Q does before training from scratch: |N(0.01, 0.01)|."""
        for each in self._quantizers().every_step():
            each.randomise()

    def settle(self, batch: GraphBatch | None = None) -> None:
        """Move steps by a percent at most, away from ties between codes on some graphs (:mod:`.settle`).

        Call it after training and before accuracy is measured: codes change where a move crosses a tie. It leaves the
        model in evaluation mode.
        """
        settle_steps(self.eval()._quantizers(), self._coded(self._own(batch)))

    def parameter_groups(self, *, weights: Mapping[str, float] | None = None,
                         weight_steps: Mapping[str, float] | None = None,
                         message_steps: Mapping[str, float] | None = None,
                         row_steps: Mapping[str, float] | None = None,
                         bits: Mapping[str, float] | None = None) -> list[dict[str, Any]]:
        """Sort parameters for an optimizer.

        Parameters
        ----------
        weights, weight_steps, message_steps, row_steps, bits : mapping or None
            Options of that group, such as ``{"lr": 0.01}``; None: rates that suit Adam.
        """
        given = {"weights": weights, "weight_steps": weight_steps, "message_steps": message_steps,
                 "row_steps": row_steps, "bits": bits}
        groups = {"weights": list(self.tensors), **self._quantizers().groups()}
        return [{"params": groups[name], **(given[name] or usual)} for name, usual in GROUPS.items()]

    def export(self, name: str = "model") -> Network:
        """What targets take: codes, steps and tables.

        Raises
        ------
        HwgenError
            No quantizers, or a parameter that is not finite.
        """
        self._need_finite(name)
        return export_network(self._quantizers(), name, nodes=self.nodes, edges=self.edges)

    def is_own(self, x: Tensor, edge_index: Tensor, scale: float = 1.0, weight: Tensor | None = None) -> bool:
        """Whether these are the features, real values in units of ``scale``, and the edges of the model's own graph."""
        weight = weight if self.plan.weighs else None
        if self._accepted is not None and all(mine is theirs for mine, theirs in zip(
                self._accepted[:3], (x, edge_index, weight), strict=True)) and self._accepted[3] == scale:
            return True
        good = self.sample is not None and self.sample.is_made_of(x * scale, edge_index, weight)
        if good:
            self._accepted = x, edge_index, weight, scale
        return good

    @property
    def rows(self) -> list[RowQuantizer | Tracked]:
        """Quantizers of values by row."""
        return self._quantizers().every_row()

    @property
    def _by_node(self) -> bool:
        return self.scheme is not None and self.scheme.rows is Granularity.PER_NODE

    def _need_finite(self, where: str) -> None:
        for key, tensor in self.named_parameters():
            wrong = tensor.detach()[~torch.isfinite(tensor)]
            if len(wrong):
                raise HwgenError(f"{key} holds {float(wrong[0])}", where, "train again with a lower learning rate")

    def _holder(self, longest: Mapping[SetName, int], margin: float) -> Holder:
        return Holder(self._quantizers(), longest, self.input.top * self.input.unit, margin, self.edges)

    def _longest(self, batch: GraphBatch) -> Mapping[SetName, int]:
        return self.longest or self._coded(batch).longest(1.0 if batch.graphs == 1 else HEADROOM)

    def _coded(self, batch: GraphBatch) -> GraphBatch:
        """Graphs as codes stand for them: of features, and of what edges weigh."""
        return batch.quantized(self.input).coded(self.edges)

    def _quantizers(self) -> Quantizers:
        if self.quantizers is None:
            raise HwgenError("the model has no quantizers", "model", "make it with hwgen.quantize")
        return self.quantizers

    def _own(self, batch: GraphBatch | None) -> GraphBatch:
        found = self.sample if batch is None else batch
        if found is None:
            raise HwgenError("the model has no graph of its own", "batch", "pass graphs, prepared as a GraphBatch")
        return found

    def _prepared(self, x: Tensor | GraphBatch | Data | None, edge_index: Tensor | None,
                  batch: Tensor | None, weight: Tensor | None) -> GraphBatch | None:
        if x is None or isinstance(x, GraphBatch):
            return x
        features, scale = x, 1.0
        if not isinstance(x, Tensor):
            check_edge_values(self.edge_values, widths_in(x), weighs=self.plan.weighs)
            weight = weight_in(x)
            scale = scale_of(getattr(x, "input_scale", None), "forward.input_scale") or 1.0
            features, edge_index, batch = (getattr(x, name, None) for name in ("x", "edge_index", "batch"))
        if not isinstance(features, Tensor) or edge_index is None:
            raise HwgenError("x is no tensor, or edge_index is missing", "forward",
                             "call the model with x, edge_index and batch, or with a Data that has them")
        if not self._by_node:
            return GraphBatch.of(features if scale == 1.0 else features.float() * scale, edge_index, batch,
                                 weight if self.plan.weighs else None)
        if not self.is_own(features, edge_index, scale, weight):
            raise HwgenError("the model is called with another graph", "forward",
                             "quantize the model with that graph as data: it learns a step for each node; its own "
                             "graph is model(data), or x in real values: x * data.input_scale")
        return self.sample
