"""Synthetic graphs of :mod:`windows`, a GCN for each, and orders of their nodes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import norm

from hwgen.frontend.quantize.input import calibrated
from hwgen.network.activation import RELU
from hwgen.network.batch import Batch
from hwgen.network.execute import Lists, real_value, store
from hwgen.network.granularity import Granularity
from hwgen.network.network import Input, Network, Quantizer, Term, Value, Weight
from hwgen.targets.lists.windows.run import near_order

__all__ = ["SUBJECTS", "Subject", "graph", "network", "orders"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A synthetic graph and how its rows are quantized."""

    title: str
    nodes: int
    edges: int
    features: int
    input_bits: int
    density: float
    classes: int
    granularity: Granularity
    #: Whether features are real values like TF-IDF, which are quantized, or random codes.
    real: bool = False


SUBJECTS = {
    "pubmed": Subject(title="PubMed's size", nodes=19_717, edges=88_648, features=500, input_bits=8, density=0.1,
                      classes=3, granularity=Granularity.PER_NODE),
    "tfidf": Subject(title="PubMed's size, real features", nodes=19_717, edges=88_648, features=500, input_bits=4,
                     density=0.1, classes=3, granularity=Granularity.PER_NODE, real=True),
    "large": Subject(title="100,000 nodes", nodes=100_000, edges=1_000_000, features=128, input_bits=1, density=0.1,
                     classes=16, granularity=Granularity.PER_DEGREE),
}


def power_law(rng: np.random.Generator, nodes: int, edges: int) -> Ints:
    """Directed edges in both directions, each pair once, end points drawn with weights of rank^-1/2: int64 [2, e]."""
    weight = np.arange(1, nodes + 1) ** -0.5
    bounds, name = np.cumsum(weight / weight.sum()), rng.permutation(nodes)
    found = np.zeros(0, dtype=np.int64)
    while len(found) < edges // 2:
        ends = name[np.minimum(np.searchsorted(bounds, rng.random((2, edges // 2))), nodes - 1)]
        low, high = ends.min(axis=0), ends.max(axis=0)
        found = np.unique(np.r_[found, (low * nodes + high)[low < high]])
    pairs = rng.permutation(found)[: edges // 2]
    low, high = pairs // nodes, pairs % nodes
    return np.stack([np.r_[low, high], np.r_[high, low]])


def graph(subject: Subject, rng: np.random.Generator) -> tuple[Batch, Input]:
    """One graph with random features, and how they became codes."""
    count = rng.binomial(subject.features, subject.density, subject.nodes)
    columns = [rng.choice(subject.features, each, replace=False) for each in count]
    codes = rng.integers(1, 1 << subject.input_bits, int(count.sum()))
    features = csr_array((codes, np.concatenate(columns), np.r_[0, np.cumsum(count)]),
                         shape=(subject.nodes, subject.features))
    features.sort_indices()
    given = Input.plain(subject.features, subject.input_bits, 1.0 / (1 << subject.input_bits))
    if subject.real:  # rows of length 1
        features.data = rng.lognormal(0.0, 0.6, features.nnz)
        features = csr_array(features * (1 / np.maximum(norm(features, axis=1), 1e-9))[:, None])
        given = calibrated(features, subject.input_bits)
        features = given.codes(features)
    return Batch(features=features, edges=power_law(rng, subject.nodes, subject.edges),
                 graph=np.zeros(subject.nodes, dtype=np.int64), graphs=1,
                 node=np.arange(subject.nodes, dtype=np.int64) * (subject.granularity is Granularity.PER_NODE)), given


def network(subject: Subject, batch: Batch, given: Input, rng: np.random.Generator, hidden: int = 16) -> Network:
    """The GCN; steps are such that codes use their range on this graph."""
    lists, stored = Lists(batch), dict[str, Floats]()
    made = Network(name="gcn", input=given, values=(),
                   trained_nodes=subject.nodes if subject.granularity is Granularity.PER_NODE else 0)
    rsqrt: dict[str, Any] = {"factor": "rsqrt", "of": "looped"}

    def weight(fan_in: int, fan_out: int) -> Weight:
        codes = np.clip(np.rint(rng.normal(0.0, 3.0, (fan_in, fan_out))), -7, 7).astype(np.int64)
        return Weight(codes=codes, bits=4, step=rng.uniform(0.5, 1.5, fan_out) / (7 * fan_in**0.5))

    def add(value: Value, quantize: Callable[[Floats], Quantizer] | None) -> None:
        nonlocal made
        real = real_value(made, value, lists, stored)
        value = replace(value, quantizer=None if quantize is None else quantize(real))
        made = replace(made, values=(*made.values, value))
        stored[value.name] = store(real, value.quantizer, lists).stored

    def message(real: Floats) -> Quantizer:
        return Quantizer(signed=True, granularity=Granularity.PER_CHANNEL, step=np.abs(real).max(axis=0) / 7,
                         bits=np.array([4]))

    def row(real: Floats) -> Quantizer:
        per_node = subject.granularity is Granularity.PER_NODE
        entries = subject.nodes if per_node else 65
        index = batch.node if per_node else np.minimum(lists.lengths("looped"), entries - 1)
        bits = np.minimum(rng.geometric(0.45, entries), 4)
        peak = np.full(entries, 0.02 * real.max())
        np.maximum.at(peak, index, real.max(axis=1))
        return Quantizer(signed=False, granularity=subject.granularity, step=peak / ((1 << bits) - 1), bits=bits,
                         via="looped")

    first = Term(via="features", weight=weight(subject.features, hidden))
    add(Value(name="message0", path="conv1.lin", width=hidden, domain="nodes", terms=(first,), **rsqrt), message)
    gather = Term(source="message0", via="looped", **rsqrt)
    add(Value(name="row", path="conv1", width=hidden, domain="nodes", terms=(gather,), activation=RELU,
              bias=rng.normal(0.0, 0.05, hidden)), row)
    second = Term(source="row", weight=weight(hidden, subject.classes))
    add(Value(name="message1", path="conv2.lin", width=subject.classes, domain="nodes", terms=(second,), **rsqrt),
        message)
    gather = Term(source="message1", via="looped", **rsqrt)
    add(Value(name="result", path="conv2", width=subject.classes, domain="nodes", terms=(gather,),
              bias=rng.normal(0.0, 0.05, subject.classes)), None)
    return made


def orders(batch: Batch) -> dict[str, Callable[[], Ints]]:
    """Ways to cut nodes into windows."""
    n = batch.num_nodes
    return {
        "as numbered (random)": lambda: np.arange(n),
        "by degree": lambda: np.argsort(-np.bincount(batch.edges[1], minlength=n), kind="stable"),
        "reverse Cuthill-McKee": lambda: near_order(batch),
    }
