"""Random but plausible quantized networks and batches: the shared fixture. Torch-free, deterministic in the seed.

:func:`random_network` draws everything that :mod:`hwgen.network.network` allows; the others have the structure of real
models.
"""

from dataclasses import replace

import numpy as np
from edge_rows import with_edge_rows
from network_builder import Builder, Capacities, capacities, random_batch
from network_models import gin_network, node_gcn_network, residual_gcn_network, sage_network
from numpy.typing import NDArray
from zero_points import with_zero_points

from hwgen.network.activation import LeakyReLU
from hwgen.network.granularity import Granularity
from hwgen.network.network import Domain, Network, Term, Value, Via
from hwgen.network.rules import check_network

__all__ = ["EVERY_KIND", "Capacities", "capacities", "gin_network", "node_gcn_network", "random_batch",
           "random_network", "residual_gcn_network", "sage_network"]

Floats = NDArray[np.float64]

#: Options of :func:`random_network` for what the plainest networks lack; edges that weigh beside them.
EVERY_KIND = {"zero_points": True, "prompts": True, "real": True}


def random_network(seed: int, *, depth: int | None = None, max_width: int = 70, max_bits: int = 8, min_bits: int = 0,
                   features: int | None = None, weight_bits: int | None = None, graph_level: bool | None = None,
                   leaky: bool = True, trained_nodes: int = 24, edge_bits: int | None = None, edge_rows: bool = False,
                   zero_points: bool = False, prompts: bool = False, real: bool = False) -> Network:
    """A random directed acyclic graph of values.

    Parameters
    ----------
    depth : int or None
        Layers before the readout, of one to three values each; None draws 1 to 5.
    max_width : int
        Widths are drawn from 1 to this, and seldom exceed it by a concatenation.
    min_bits, max_bits : int
        Of stored codes.
    features, weight_bits, graph_level : int or None
        None draws them.
    leaky : bool
        Whether slopes between 0 and 1 occur.
    trained_nodes : int
        Entries of quantizers per node.
    edge_bits : int or None
        Of edges that weigh, in some of the lists; None: none does.
    edge_rows : bool
        Whether entries of such lists have rows.
    zero_points : bool
        Whether values that can have one get a zero point.
    prompts : bool
        Whether rows of low rank are added to some sums over neighbours. Constant prompts are biases, as any network
        has them.
    real : bool
        Whether features are real numbers, which the host quantizes.
    """
    rng = np.random.default_rng([seed, 13])
    builder = Builder(seed, name=f"random{seed}", features=features or int(rng.integers(1, 41)),
                      input_bits=1 if rng.random() < 0.5 else int(rng.integers(2, 9)),
                      trained_nodes=trained_nodes if rng.random() < 0.4 else 0, weight_bits=weight_bits,
                      edge_bits=edge_bits, real=real)
    draw = _Draw(rng, builder, max_width, (min_bits, max_bits), leaky, prompts)
    draw.features()
    for _ in range(depth or int(rng.integers(1, 6))):
        rng.choice([draw.linear, draw.linear, draw.mix, draw.mix, draw.mix, draw.features])()
    graph_level = rng.random() < 0.5 if graph_level is None else graph_level
    if graph_level:
        draw.mix(domain="graphs")  # pooling
        for _ in range(int(rng.integers(0, 3))):
            rng.choice([draw.linear, draw.mix])(domain="graphs")
    rng.choice([draw.linear, draw.mix])(domain="graphs" if graph_level else "nodes", result=True)
    network = builder.network
    used = any(value.quantizer is not None and value.quantizer.granularity is Granularity.PER_NODE
               for value in network.values)
    network = replace(network, trained_nodes=network.trained_nodes if used else 0)
    network = with_edge_rows(network, seed) if edge_rows else network
    network = with_zero_points(network, seed) if zero_points else network
    check_network(network)
    return network


class _Draw:
    """Draws values; recent ones are more often read."""

    def __init__(self, rng: np.random.Generator, builder: Builder, max_width: int, bits: tuple[int, int],
                 leaky: bool, prompts: bool) -> None:
        self.rng, self.builder, self.max_width, self.bits, self.leaky = rng, builder, max_width, bits, leaky
        self.prompts = prompts
        self.weighs = np.random.default_rng(int(rng.bit_generator.seed_seq.entropy[0]) if builder.edge_bits else 0)

    def width(self) -> int:
        return int(self.rng.integers(1, self.max_width + 1)) if self.rng.random() < 0.6 else min(self.max_width, 8)

    def maybe(self, share: float = 0.5) -> bool:
        return bool(self.rng.random() < share)

    def features(self, domain: Domain = "nodes") -> None:
        """A linear layer on the input, now and then with other terms."""
        width = self.width()
        terms = [Term(via="features", weight=self.builder.input_weight(width), **self.scaled(width, "nodes"))]
        terms += [self.term(name, "nodes") for name in self.alike(width, "nodes")[:1] if self.maybe()]
        self.add("features", tuple(terms), width, "nodes")

    def linear(self, domain: Domain = "nodes", result: bool = False) -> None:
        """A linear layer on a stored value; where none is suited, one is made."""
        suited = [value.name for value in self.builder.network.values if value.domain == domain
                  and value.quantizer is not None
                  and (value.quantizer.granularity.by_row or (value.quantizer.step == value.quantizer.step[0]).all())]
        source = self.recent(suited) if suited and self.maybe(0.6) else self.mix(domain=domain, linear=True)
        width = self.width()
        weight = self.builder.weight(self.builder[source].width, width)
        gain = self.gain(width) if self.maybe(0.3) else None
        self.add("linear", (Term(source=source, weight=weight, gain=gain),), width, domain, result=result)

    def mix(self, domain: Domain = "nodes", result: bool = False, linear: bool = False) -> str:
        """Sums, maxima and concatenations of what there is."""
        terms: list[Term] = []
        width, join = 0, str(self.rng.choice(["sum", "sum", "max"]))
        for _ in range(int(self.rng.choice([1, 1, 1, 2, 3]))):
            own = domain if domain == "nodes" or (self.exists("graphs") and self.maybe()) else "members"
            name = self.recent([value.name for value in self.builder.network.values
                                if (value.domain == own if own != "members" else self.listed(value))])
            size = self.builder[name].width
            if width and width + size > 2 * self.max_width:
                break
            group = [self.term(name, domain)]
            group += [self.term(other, domain) for other in self.alike(size, domain) if self.maybe(0.4)][:3]
            if self.maybe(0.2):
                group.append(self.constant(size, domain))
            if self.prompts and join == "sum" and self.maybe(0.8):
                group += self.prompt(tuple(term for term in group if term.source is not None
                                           and term.via not in ("self", "members")), size)
            terms += [replace(term, offset=width) for term in group]
            width += size
        return self.add("mix", tuple(terms), width, domain, result=result, linear=linear, join=join)

    def prompt(self, lists: tuple[Term, ...], width: int) -> list[Term]:
        """``(S A) B`` beside a sum ``S`` over neighbours, which is stored for it; nothing where there is none."""
        if not lists:
            return []
        rank = int(self.rng.integers(1, 5))
        name = self.add("prompt.sum", lists, width, "nodes", linear=True, identity=True)
        for path, fan_in, fan_out in (("prompt.few", width, rank), ("prompt", rank, width)):
            term = Term(source=name, weight=self.builder.weight(fan_in, fan_out))
            name = self.add(path, (term,), fan_out, "nodes", linear=path == "prompt.few", identity=True)
        return [Term(source=name)]

    def exists(self, domain: Domain) -> bool:
        return any(value.domain == domain for value in self.builder.network.values)

    def recent(self, names: list[str]) -> str:
        return names[max(0, len(names) - int(self.rng.geometric(0.5)))]

    def alike(self, width: int, domain: Domain) -> list[str]:
        """Values of the same width that a term can read, in random order."""
        names = [value.name for value in self.builder.network.values if value.width == width
                 and (value.domain == domain or (domain == "graphs" and self.listed(value)))]
        return [str(name) for name in self.rng.permutation(names)] if names else []

    @staticmethod
    def listed(value: Value) -> bool:
        """Whether the members of a graph can be added: the first value always can."""
        return value.domain == "nodes" and value.quantizer is not None and not value.quantizer.granularity.by_row

    def term(self, name: str, domain: Domain) -> Term:
        source = self.builder[name]
        if source.domain != domain:
            return Term(source=name, via="members", op=self.op(), **self.scaled(source.width, domain))
        if source.quantizer is None or source.quantizer.granularity.by_row:
            return Term(source=name, gain=self.gain(source.width) if self.maybe() else None)
        drawn = str(self.rng.choice(["self", "edges", "looped"], p=[0.2, 0.4, 0.4]))
        via: Via = "self" if domain == "graphs" else drawn
        op = self.op() if via != "self" else "sum"
        scaled = self.scaled(source.width, domain, via)
        if self.builder.edge_bits and via != "self" and op == "sum" and self.weighs.random() < 0.7:
            via = "weighted" if via == "edges" else "normed"
        return Term(source=name, via=via, op=op, **scaled)

    def constant(self, width: int, domain: Domain) -> Term:
        via = str(self.rng.choice(["self", "members"] if domain == "graphs" else ["self", "edges", "looped"]))
        scaled = {**self.scaled(width, domain, via), "gain": self.gain(width) * 0.3}
        return Term(via=via, **(scaled if via == "self" else {**scaled, "of": via}))

    def op(self) -> str:
        return str(self.rng.choice(["sum", "sum", "max"]))

    def scaled(self, width: int, domain: Domain, via: str = "self") -> dict[str, object]:
        """Factor and gain of a term."""
        factor = str(self.rng.choice(["one", "one", "mean", "rsqrt"]))
        of = "members" if domain == "graphs" else str(self.rng.choice(["edges", "looped"]))
        of = via if via in ("edges", "looped") and self.maybe(0.8) else of
        return {"factor": factor, "of": of, "gain": self.gain(width) if self.maybe(0.4) else None}

    def gain(self, width: int) -> Floats:
        return self.rng.uniform(0.5, 1.5, width) * self.rng.choice([1.0, 1.0, 1.0, -1.0], width)

    def add(self, path: str, terms: tuple[Term, ...], width: int, domain: Domain, *, result: bool = False,
            linear: bool = False, join: str = "sum", identity: bool = False) -> str:
        slope = float(self.rng.choice([0.0, 0.0, 1.0, 410 / 4096 if self.leaky else 0.0]))
        bias = self.builder.bias(width) if join == "sum" and self.maybe(0.6) else None
        slope, bias = (1.0, None) if identity else (slope, bias)
        index = len(self.builder.network.values)
        rest: dict[str, object] = {"join": join, "bias": bias,
                                   "activation": LeakyReLU.near(slope)}
        if result:
            return self.builder.add(f"net.{index}.{path}", terms, width, by=None, domain=domain, **rest)
        rows = ["per_node"] * (self.builder.network.trained_nodes > 0) + ["per_degree", "per_degree"]
        rows = ["per_tensor", "nearest", "nearest", *(rows if domain == "nodes" else [])]
        plain = ["per_channel", "per_tensor"]
        by = str(self.rng.choice(rows if linear or self.maybe(0.3) else plain))
        by = "per_channel" if index == 0 else by  # something that lists can read
        if by in (*plain, "per_degree") and self.maybe(0.25):
            rest["factor"] = str(self.rng.choice(["mean", "rsqrt"]))
            rest["of"] = "members" if domain == "graphs" else str(self.rng.choice(["edges", "looped"]))
        signed = True if slope > 0 and self.maybe(0.8) else None
        return self.builder.add(f"net.{index}.{path}", terms, width, by=by, domain=domain, bits=self.drawn_bits(),
                                signed=signed, **rest)

    def drawn_bits(self) -> tuple[int, int]:
        low, high = self.bits
        start = int(self.rng.choice([low, min(high, 2), min(high, 3), min(high, 4)]))
        return max(low, start), high
