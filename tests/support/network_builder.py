"""Builds quantized networks value by value, and batches of graphs for them. Torch-free and deterministic in the seed.

Steps are set by running the float oracle on a sample: codes use their range without all saturating.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from real_inputs import random_features, random_input
from scipy.sparse import csr_array

from hwgen.network.batch import Batch
from hwgen.network.edges import EdgeQuantizers, codes_for, edge_values
from hwgen.network.execute import Lists, real_value, store
from hwgen.network.granularity import Granularity
from hwgen.network.network import Domain, Input, Network, Quantizer, Term, Value, Weight
from hwgen.network.walks import edge_limits
from hwgen.network.zero_points import of_input_codes

__all__ = ["Builder", "By", "Capacities", "capacities", "random_batch", "random_weights"]

Floats = NDArray[np.float64]
By = Literal["per_tensor", "per_channel", "per_node", "per_degree", "nearest"]


@dataclass(frozen=True, kw_only=True)
class Capacities:
    """Longest lists, as :func:`hwgen.targets.lists.network_to_program.lower` takes them."""

    max_degree: int
    max_members: int
    max_features: int
    max_weight: int = 1


def capacities(*batches: Batch, edges: EdgeQuantizers | None = None, closed: bool = False) -> Capacities:
    """The smallest capacities that hold some batches; ``edges`` are those of the network, ``closed`` its lists."""
    def longest(*names: str) -> int:
        return max([1, *(int(np.diff(batch.lists(name).indptr).max(initial=0)) for batch in batches for name in names)])

    return Capacities(max_degree=longest("edges", "closed" if closed else "looped"), max_members=longest("members"),
                      max_features=longest("features"),
                      max_weight=max(1, *(edge_limits(batch, edges or {})[0] for batch in batches), 1))


def random_batch(seed: int, network: Network, *, graphs: int | None = None, nodes: int = 12, hub: int = 30,
                 density: float | None = None, weighs: bool = False) -> Batch:
    """Graphs with isolated nodes, hubs, self loops and duplicate edges; some without nodes, edges, or of one node.

    Parameters
    ----------
    network : Network
        Gives the features, their bits, and the number of trained nodes.
    graphs : int or None
        Their number; None draws 0 to 6.
    nodes : int
        Graphs have up to twice as many.
    hub : int
        In-degree of a hub, at most.
    density : float or None
        Share of features that are not 0; real ones are dense.
    weighs : bool
        Whether edges weigh although the network's do not.
    """
    rng = np.random.default_rng([seed, 11])
    count = int(rng.integers(0, 7)) if graphs is None else graphs
    sizes = np.where(rng.random(count) < 0.2, rng.integers(0, 2, count), rng.integers(2, 2 * nodes + 1, count))
    starts = np.r_[0, np.cumsum(sizes)]
    edges = [_edges(rng, int(size), hub) + start for size, start in zip(sizes, starts[:-1], strict=True)]
    total = int(starts[-1])
    joined = np.concatenate([np.zeros((2, 0), dtype=np.int64), *edges], axis=1)
    return Batch(
        features=_codes(rng, network.input, total, density), edges=joined,
        weight=random_weights(seed, joined) if weighs or network.edges else None,
        graph=np.repeat(np.arange(count), sizes).astype(np.int64),
        graphs=count,
        node=rng.integers(0, max(1, network.trained_nodes), total).astype(np.int64),
    )


def _codes(rng: np.random.Generator, given: Input, nodes: int, density: float | None) -> csr_array:
    """Codes of random features."""
    if not given.exact:
        return given.codes(random_features(rng, given, nodes))
    if density is None:
        density = min(0.5, 6 / given.width) if given.bits == 1 else 0.6
    codes = rng.integers(1, 1 << given.bits, (nodes, given.width))
    return csr_array((codes * (rng.random(codes.shape) < density)).astype(np.int64))


def random_weights(seed: int, edges: NDArray[np.int64]) -> Floats:
    """Weights of edges: some negative, some 0, but no node's in-edges weigh less than 0 together."""
    rng = np.random.default_rng([seed, 14])
    weight = np.float64(np.float32(rng.normal(0.6, 0.7, edges.shape[1]) * (rng.random(edges.shape[1]) < 0.95)))
    loops = edges[0] == edges[1]
    sums = np.bincount(edges[1], weights=np.where(loops, np.minimum(weight, 0) * len(weight), weight))
    return np.where(sums[edges[1]] < 0, np.abs(weight), weight) if weight.size else weight


def _edges(rng: np.random.Generator, nodes: int, hub: int) -> NDArray[np.int64]:
    if nodes == 0 or rng.random() < 0.1:
        return np.zeros((2, 0), dtype=np.int64)
    count = int(rng.integers(0, 4 * nodes))
    source, target = rng.integers(0, nodes, (2, count))
    if nodes > 3:  # node 1 stays alone
        source, target = np.where(source == 1, 0, source), np.where(target == 1, 2, target)
    if rng.random() < 0.4:
        into = rng.integers(0, nodes, int(rng.integers(1, hub + 1)))
        source, target = np.r_[source, into], np.r_[target, np.zeros_like(into)]
    edges = np.stack([source, target])
    edges = np.concatenate([edges, edges[:, :1], edges[::-1, -2:]], axis=1)
    return edges[:, rng.permutation(edges.shape[1])].astype(np.int64)


class Builder:
    """Adds values to a network, one after another, and quantizes each by what it computes on a sample."""

    def __init__(self, seed: int, *, name: str, features: int, input_bits: int, trained_nodes: int = 0,
                 weight_bits: int | None = None, edge_bits: int | None = None, real: bool = False) -> None:
        self.rng = np.random.default_rng([seed, 12])
        scale = 1.0 if input_bits == 1 else float(self.rng.uniform(0.5, 1.5)) / (1 << input_bits)
        given = random_input(self.rng, features) if real else Input.plain(features, input_bits, scale)
        self.network = Network(name=name, input=given, values=(), trained_nodes=trained_nodes)
        self.weight_bits = weight_bits
        self.edge_bits = edge_bits
        sample = random_batch(seed + 1, self.network, graphs=8, weighs=edge_bits is not None)
        if trained_nodes:  # every trained node once, as far as there are nodes
            sample = replace(sample, node=np.arange(sample.num_nodes, dtype=np.int64) % trained_nodes)
        self.lists, self.stored = Lists(sample), dict[str, Floats]()

    def __getitem__(self, name: str) -> Value:
        return next(value for value in self.network.values if value.name == name)

    def add(self, path: str, terms: tuple[Term, ...], width: int, *, by: By | None, bits: tuple[int, int] = (2, 8),
            domain: Domain = "nodes", signed: bool | None = None, **rest: object) -> str:
        """Add a value and return its name. ``by`` None: the result; what shares a step."""
        value = of_input_codes(self.network.input, Value(
            name=f"v{len(self.network.values)}", path=path, width=width, domain=domain, terms=terms, **rest))
        self._quantize_edges(value)
        real = real_value(self.network, value, self.lists, self.stored)
        if by is not None:
            below = value.activation.keeps_sign and bool((real < 0).any())
            quantizer = self._quantizer(real, by, bits, below if signed is None else signed, value)
            value = replace(value, quantizer=quantizer)
        self.network = replace(self.network, values=(*self.network.values, value))
        self.stored[value.name] = store(real, value.quantizer, self.lists).stored
        return value.name

    def weight(self, fan_in: int, fan_out: int, bits: int | None = None) -> Weight:
        bits = bits or self.weight_bits or int(self.rng.integers(2, 9))
        top = (1 << (bits - 1)) - 1
        drawn = self.rng.normal(0.0, max(0.7, top / 2.2), (fan_in, fan_out))
        return Weight(codes=np.clip(np.rint(drawn), -top, top).astype(np.int64), bits=bits,
                      step=self.rng.uniform(0.5, 1.5, fan_out) / (top * fan_in**0.5))

    def input_weight(self, fan_out: int) -> Weight:
        """Of a linear layer on the input: a row for each column of its codes."""
        given = self.network.input
        drawn = self.weight(given.features, fan_out)
        return replace(drawn, codes=np.rint(drawn.codes[given.column] * given.ratio[:, None]).astype(np.int64))

    def bias(self, width: int, size: float = 0.2) -> Floats:
        return self.rng.normal(0.0, size, width)

    def _quantize_edges(self, value: Value) -> None:
        """Codes of the lists that a value is the first to go over."""
        batch = self.lists.batch
        for term in value.terms:
            if (term.via == "weighted" or term.via == "normed") and term.via not in self.network.edges:
                found = codes_for(edge_values(term.via, batch.edges, batch.weight, batch.num_nodes)[2], self.edge_bits)
                self.network = replace(self.network, edges={**self.network.edges, term.via: found})
                self.lists.quantizers = self.network.edges

    def _quantizer(self, real: Floats, by: By, bits: tuple[int, int], signed: bool, value: Value) -> Quantizer:
        magnitude = np.abs(real) if signed else np.maximum(real, 0.0)
        overall = float(magnitude.max(initial=0.0)) or 1.0
        low, high = bits
        if not Granularity(by).by_row:
            width = np.array([self.rng.integers(low, high + 1)])
            peak = np.maximum(magnitude.max(axis=0, initial=0.0), 0.15 * overall)
            peak = np.full(real.shape[1], overall) if by == "per_tensor" else peak
            drawn = self.rng.uniform(0.6, 1.1, 1 if by == "per_tensor" else real.shape[1])
            step = (peak if by == "per_channel" else peak[:1]) * drawn / _top(width, signed)
            return Quantizer(signed=signed, granularity=Granularity(by), step=step, bits=width)
        rows = magnitude.max(axis=1, initial=0.0)
        if by == "nearest":
            entries = int(self.rng.choice([1, 2, 5, 16, 64, 100]))
            width = self.rng.integers(low, high + 1, entries)
            clip = np.sort(overall * np.exp(self.rng.uniform(np.log(0.1), 0.1, entries)))
            return Quantizer(signed=signed, granularity=Granularity.NEAREST, step=clip / _top(width, signed),
                             bits=width, clip_value=clip)
        via = value.of if value.factor != "one" else str(self.rng.choice(["edges", "looped"]))
        entries = self.network.trained_nodes if by == "per_node" else int(self.rng.choice([1, 2, 7, 40]))
        index = self.lists.batch.node if by == "per_node" else np.minimum(self.lists.lengths(via), entries - 1)
        peak = np.full(entries, 0.1 * overall)
        np.maximum.at(peak, index, rows)
        width = np.minimum(low + self.rng.geometric(0.3, entries) - 1, high)
        step = peak * self.rng.uniform(0.6, 1.1, entries) / _top(width, signed)
        return Quantizer(signed=signed, granularity=Granularity(by), step=step, bits=width,
                         via=via if by == "per_degree" else "edges")


def _top(bits: NDArray[np.int64], signed: bool) -> Floats:
    return np.maximum(1, (1 << np.maximum(bits - signed, 0)) - 1).astype(np.float64)
