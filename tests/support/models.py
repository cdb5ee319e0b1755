"""Random but plausible quantized models: the shared fixture. Torch-free and deterministic in the seed."""

import dataclasses
import itertools

import numpy as np
from integers import half_away
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hwgen.network.activation import IDENTITY, RELU
from hwgen.network.batch import Batch
from hwgen.network.granularity import Granularity
from hwgen.network.network import Input, Network, Quantizer, Term, Value, Weight
from hwgen.network.rules import check_network
from hwgen.network.sample import Limits, Sample
from hwgen.targets.banked.chain import Layer
from hwgen.targets.banked.network_to_program import lower
from hwgen.targets.banked.program import Program

__all__ = ["ChainModel", "neighbour_matrix", "program_of", "random_graph_data", "random_graph_model"]

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChainModel:
    """Layers of a GCN and the graph that they are for, which tests take apart and put together otherwise."""

    name: str
    input_bits: int
    input_scale: float
    layers: tuple[Layer, ...]
    sample: Sample
    trained_nodes: int

    @property
    def network(self) -> Network:
        """The network that these layers are."""
        values: list[Value] = []
        for layer in self.layers:
            values += _values(layer, values[-1].name if values else None)
        given = Input.plain(int(self.sample.batch.features.shape[1]), self.input_bits, self.input_scale)
        return Network(name=self.name, input=given, values=tuple(values),
                       trained_nodes=self.trained_nodes if len(self.layers) > 1 else 0)

    @property
    def parts(self) -> tuple[Network, Sample]:
        """Network and sample; nodes are not numbered where nothing is by node."""
        network, batch = self.network, self.sample.batch
        node = batch.node if network.trained_nodes else np.zeros_like(batch.node)
        return network, dataclasses.replace(self.sample, batch=dataclasses.replace(batch, node=node))


def program_of(model: ChainModel, graph: Sample | None = None) -> Program:
    """The banked program of a model on its own graph, or on another one."""
    return lower(model.network, (graph or model.sample).batch)


def _values(layer: Layer, source: str | None) -> tuple[Value, Value]:
    width = layer.weight.shape[1]
    combine = Term(source=source, via="features" if source is None else "self",
                   weight=Weight(codes=layer.weight, bits=layer.weight_bits, step=layer.weight_step))
    message = Value(name=f"{layer.path}.message", path=layer.path, width=width, domain="nodes", terms=(combine,),
                    bias=layer.prompt, factor="rsqrt", of="looped", quantizer=Quantizer(
                        signed=layer.message_zero is None, granularity=Granularity.PER_CHANNEL, step=layer.message_step,
                        bits=np.array([layer.message_bits]), zero_point=layer.message_zero or 0))
    return message, Value(
        name=layer.path, path=layer.path, width=width, domain="nodes", bias=layer.bias,
        activation=RELU if layer.row else IDENTITY,
        terms=(Term(source=message.name, via="looped", factor="rsqrt", of="looped"),), quantizer=layer.row)


def neighbour_matrix(edges: NDArray[np.int64], nodes: int) -> csr_array:
    """Who adds whom, with multiplicity; exactly one self loop (PyG's add_remaining_self_loops)."""
    counts = np.zeros((nodes, nodes), dtype=np.int64)
    np.add.at(counts, (edges[1], edges[0]), 1)
    np.fill_diagonal(counts, 1)
    return csr_array(counts)


def random_graph_data(
    seed: int,
    *,
    nodes: int,
    features: int,
    trained: int,
    input_bits: int = 1,
    degree: float = 3.0,
    density: float | None = None,
    classes: int = 4,
) -> Sample:
    """A graph with a hub, isolated nodes, duplicate edges, self loops and nodes without features.

    The first nodes play these parts where there are enough: node 0 the hub, node 1 isolated, node 2 isolated
    and without features, node 3 with a self loop of the user's own; edge 0 is there twice.
    """
    rng = np.random.default_rng([seed, 1])
    mortal = np.setdiff1d(np.arange(nodes), [1, 2]) if nodes > 4 else np.arange(nodes)
    count = int(degree * nodes)
    popular = mortal[np.minimum(rng.geometric(min(0.5, 4 / nodes), count) - 1, len(mortal) - 1)]
    source = rng.choice(mortal, count)
    target = np.where(rng.random(count) < 0.3, popular, rng.choice(mortal, count))
    hub = rng.choice(mortal, nodes // 4)
    source, target = np.r_[source, hub], np.r_[target, np.full(len(hub), mortal[0])]
    edges = np.stack([source, target])[:, source != target]
    edges = np.concatenate([edges, edges[:, :1], edges[::-1, -2:]], axis=1)
    if nodes > 4:
        edges = np.concatenate([edges, [[3], [3]]], axis=1)
    if density is None:
        density = min(0.5, 8 / features) if input_bits == 1 else 0.6
    codes = rng.integers(1, 1 << input_bits, (nodes, features)) * (rng.random((nodes, features)) < density)
    if nodes > 4:
        codes[2] = 0
    node = np.arange(nodes) if nodes == trained else rng.integers(0, trained, nodes)
    batch = Batch(features=csr_array(codes.astype(np.int64)), edges=edges.astype(np.int64),
                  graph=np.zeros(nodes, dtype=np.int64), graphs=1, node=node.astype(np.int64))
    return Sample(batch=batch, labels=rng.integers(0, classes, nodes), mask=rng.random(nodes) < 0.5, logits=None,
                  limits=Limits.of(batch, input_bits))


def random_graph_model(
    seed: int,
    nodes: int = 40,
    features: int = 24,
    hidden: int = 8,
    classes: int = 4,
    *,
    layers: int = 2,
    input_bits: int = 1,
    min_bits: int = 0,
    max_bits: int = 8,
    weight_bits: int = 4,
    message_bits: int = 4,
    bias: bool = True,
    prompt: bool = False,
    zero_points: bool = False,
    one_step: bool = False,
    degree: float = 3.0,
    density: float | None = None,
) -> ChainModel:
    """A quantized GCN whose steps suit its own activations: codes use their range without all saturating.

    Parameters
    ----------
    seed : int
        Decides everything.
    nodes, features, hidden, classes, layers : int
        ``layers`` graph convolutions: features → hidden → ... → classes.
    input_bits : int
        1 for binary features, more for dense integer ones.
    min_bits, max_bits : int
        Per-node bit widths are drawn between them, skewed to few bits; node 0 has the most and, with
        ``min_bits`` 0, node 5 has none.
    weight_bits, message_bits : int
        Widths of the signed symmetric codes.
    bias : bool
        Whether layers have one.
    prompt : bool
        Whether the first layer's messages have one.
    zero_points : bool
        Whether messages have unsigned codes with a zero point, instead of signed ones.
    one_step : bool
        Whether all rows of a layer have one step.
    degree : float
        Mean number of edges per node besides the hub's.
    density : float or None
        Share of non-zero input codes; None takes about 8 features a node, or 60 % of multi-bit inputs.
    """
    rng = np.random.default_rng([seed, 2])
    data = random_graph_data(seed, nodes=nodes, features=features, trained=nodes, input_bits=input_bits,
                             degree=degree, density=density, classes=classes)
    adjacency = neighbour_matrix(data.batch.edges, nodes)
    norm = np.asarray(adjacency.sum(axis=1)).ravel() ** -0.5
    input_scale = 1.0 if input_bits == 1 else float(rng.uniform(0.5, 1.5)) / (1 << input_bits)
    x: Floats = data.batch.features.toarray() * input_scale
    widths = [features, *[hidden] * (layers - 1), classes]
    built = []
    for index, (fan_in, fan_out) in enumerate(itertools.pairwise(widths)):
        last = index == layers - 1
        layer, x = _layer(rng, x, adjacency, norm, f"convs.{index}", fan_in, fan_out, weight_bits,
                          message_bits, bias, None if last else (min_bits, max_bits))
        built.append(layer)
    if prompt:  # as large as messages are
        most = built[0].message_step * (1 << (message_bits - 1))
        built[0] = dataclasses.replace(built[0], prompt=rng.normal(0.0, 0.5, len(most)) * most)
    if one_step:
        built = [layer if layer.row is None else dataclasses.replace(layer, row=dataclasses.replace(
            layer.row, step=np.full_like(layer.row.step, layer.row.step.max()))) for layer in built]
    if zero_points:  # at the ends too: 0 on the first layer, the largest code on the last
        zeros = [0, *rng.integers(1, 1 << message_bits, max(0, layers - 2)), (1 << message_bits) - 1][:layers]
        built = [dataclasses.replace(layer, message_zero=int(zero)) for layer, zero in zip(built, zeros, strict=True)]
    model = ChainModel(name=f"random{seed}", input_bits=input_bits, input_scale=input_scale,
                       layers=tuple(built), sample=dataclasses.replace(data, logits=x), trained_nodes=nodes)
    check_network(model.network)
    return model


def _layer(
    rng: np.random.Generator,
    x: Floats,
    adjacency: csr_array,
    norm: Floats,
    path: str,
    fan_in: int,
    fan_out: int,
    weight_bits: int,
    message_bits: int,
    bias: bool,
    bits: tuple[int, int] | None,
) -> tuple[Layer, Floats]:
    """Draw one layer and run it in float64; returns it with what it computes (next input, or logits)."""
    top = (1 << (weight_bits - 1)) - 1
    drawn = rng.normal(0.0, max(0.7, top / 2.2), (fan_in, fan_out))
    weight = np.clip(np.rint(drawn), -top, top).astype(np.int64)
    weight_step = rng.uniform(0.5, 1.5, fan_out) / top
    message = norm[:, None] * (x @ (weight * weight_step))
    limit = (1 << (message_bits - 1)) - 1
    unit = weight_step * (x[x > 0].mean() if (x > 0).any() else 1.0) * norm.mean()
    message_step = np.maximum(np.abs(message).max(axis=0), unit) * rng.uniform(0.5, 1.1, fan_out) / limit
    codes = np.clip(half_away(message / message_step), -limit, limit)
    shift = rng.normal(0.0, 0.5, fan_out) * message_step * limit * 0.3 if bias else None
    z = norm[:, None] * (adjacency @ (codes * message_step)) + (0.0 if shift is None else shift)
    row = None
    if bits is not None:
        z = np.maximum(z, 0.0)
        width = np.minimum(bits[0] + rng.geometric(0.35, len(x)) - 1, bits[1])
        if bits[0] == 0 and len(x) > 5:
            width[[0, 5]] = bits[1], 0
        peak = np.maximum(z.max(axis=1), np.maximum(0.1 * z.max(), norm * message_step.mean()))
        step = peak * rng.uniform(0.6, 1.1, len(x)) / np.maximum((1 << width) - 1, 1)
        z = np.clip(half_away(z / step[:, None]), 0, ((1 << width) - 1)[:, None]) * step[:, None]
        row = Quantizer(signed=False, granularity=Granularity.PER_NODE, step=step, bits=width.astype(np.int64))
    return Layer(path=path, weight=weight, weight_bits=weight_bits, weight_step=weight_step,
                 message_bits=message_bits, message_step=message_step, bias=shift, row=row), z
