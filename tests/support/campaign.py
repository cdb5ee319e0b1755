"""Random designs, and on each several random models with several batches: what bench/random_models.py simulates.

Models are of every kind: with edges that weigh, zero points, prompts, real inputs, and any of these together.
Everything follows from two numbers, the campaign's seed and the configuration's. Parameters of a design are drawn
first, then models until enough of them can be lowered; whatever is left open is the largest need of any model.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from network_builder import capacities, random_batch, random_weights
from networks import EVERY_KIND, random_network
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hwgen.errors import HwgenError
from hwgen.flow.folder import to_json, write_files
from hwgen.network.batch import Batch
from hwgen.network.network import Network
from hwgen.numeric import IntRange
from hwgen.targets.lists import execute
from hwgen.targets.lists.choose import Capacity, choose
from hwgen.targets.lists.golden import model_files
from hwgen.targets.lists.hardware import Hardware
from hwgen.targets.lists.images import batch_image
from hwgen.targets.lists.layout import Layout
from hwgen.targets.lists.network_to_program import lower
from hwgen.targets.lists.placement import place
from hwgen.targets.lists.program import Block, Combine, Program, Requantizer
from hwgen.targets.lists.rules import check_program
from hwgen.targets.lists.session import BatchRun
from hwgen.targets.lists.verilog import emit
from rtl_templates.lists.formats import Q_SHIFT, V_BITS

__all__ = ["KINDS", "Configuration", "Model", "configuration", "draw", "edge_cases", "kinds_of", "seen", "sharpened",
           "write_design", "write_model"]

TRIES = 400  # models drawn for a design
TOP_Q = 1 << 16  # largest power of two that a multiplier holds
SHARE = 0.7  # of the models, that are asked to have each kind
COARSE = 1 << 12  # biases of sharp programs are multiples of it: of 256 V
#: What models may have beyond the plainest.
KINDS = ("edges that weigh", "zero points", "prompts of low rank", "real inputs", "rows by edge")


@dataclass(frozen=True)
class Configuration:
    """Parameters of a design that are drawn, and what its models may have.

    Parameters
    ----------
    wanted : dict
        Parameters of Hardware as they shall be.
    floors : dict
        Others, which models may raise.
    mac, search : bool
        Whether models have linear layers behind the first, or quantizers by nearest.
    options : dict
        Of random_network.
    """

    seed: int
    number: int
    wanted: Mapping[str, int]
    floors: Mapping[str, int]
    mac: bool
    search: bool
    weight_bits: int
    options: Mapping[str, object]


@dataclass(frozen=True)
class Model:
    """A random model, placed on its design, and its batches by name."""

    seed: int
    network: Network
    program: Program
    capacity: Capacity
    layout: Layout
    batches: Mapping[str, Batch]
    stalls: int | None
    sharp: bool


def configuration(seed: int, number: int) -> Configuration:
    """Draw the parameters of a design. Units, code widths and corner values come in turn, so that few designs do."""
    rng = np.random.default_rng([seed, number, 21])
    lanes = int(8 * rng.integers(1, 9)) if number % 4 == 3 else int(rng.choice([8, 8, 16, 24]))
    divisors = [value for value in range(1, lanes + 1) if lanes % value == 0]
    narrow = number % 5 == 2
    weight_bits = 2 + number % (3 if narrow else 7)
    requant = divisors[-1] if number % 8 == 5 else int(rng.choice(divisors[:5]))
    search = number % 6 != 1
    return Configuration(
        seed=seed, number=number, mac=number % 10 != 9, search=search, weight_bits=weight_bits,
        wanted={"units": (1, 2, 4)[number % 3], "lanes": lanes, "requant_lanes": requant,
                "code_bits": 4 if narrow else 8},
        floors={"levels": int(rng.choice([0, 0, 10, rng.integers(1, 11)])) if search else 0,
                "acc_bits": int(rng.choice([9, 9, 16, 24])), "leaky": int(rng.integers(0, 2)),
                "chunks": int(rng.integers(1, 4)), "lut_inputs": number % 3 * lanes // 4},
        options={"max_width": int(rng.choice([8, 20, 40, 70, 70])), "max_bits": 4 if narrow else 8,
                 "leaky": bool(number % 3)})


def draw(config: Configuration, count: int) -> tuple[Hardware, list[Model], Counter[str]]:
    """Models, the smallest design that holds every one of them, and why others were drawn in vain."""
    found: list[Model] = []
    refused: Counter[str] = Counter()
    for attempt in range(TRIES):
        try:
            model = _model(config, 1_000_000 * config.seed + 1000 * config.number + attempt)
        except HwgenError as error:
            refused[error.what.split(":")[0].split(" of ")[0].lstrip("0123456789 ")] += 1
            continue
        if model is not None:
            found.append(model)
        if len(found) == count:
            break
    assert len(found) == count, f"configuration {config.number}: {len(found)} models in {TRIES} draws, {refused}"
    levels = max(config.floors["levels"], *(model.layout.hardware.levels for model in found))
    chosen = [choose(model.program, model.capacity, {**config.wanted, "levels": levels}) for model in found]
    hardware = Hardware(**{
        field.name: max(config.floors.get(field.name, 0), *(getattr(each, field.name) for each in chosen))
        for field in fields(Hardware)})
    hardware.verify()
    placed = [replace(model, layout=_place(model.program, model.capacity, hardware)) for model in found]
    return hardware, placed, refused


def _model(config: Configuration, seed: int) -> Model | None:
    """One model on a design of its own; None if it is not of the configuration's kind."""
    rng = np.random.default_rng([seed, 22])
    sharp = bool(rng.random() < 0.6)
    weight_bits = config.weight_bits if rng.random() < 0.5 else int(rng.integers(2, config.weight_bits + 1))
    depth = int(rng.integers(1, 6)) if config.mac else 1
    network = random_network(seed, depth=depth, weight_bits=weight_bits, **config.options,
                             **_kinds(seed, by_edge=config.number // 10 % 2 == 1))
    special = edge_cases(seed, network)
    batches = {"mixed": random_batch(seed, network, graphs=int(rng.integers(2, 5)), nodes=6, hub=20)}
    batches |= {name: special[name] for name in rng.permutation(list(special))[:2].tolist()}
    program = lower(network, **vars(capacities(*batches.values(), edges=network.edges)))
    finals = [final for step in program.passes
              for final in (step.final, *([step.combine.final] if step.combine else []))]
    if not config.mac and any(step.combine for step in program.passes):
        return None
    if not config.search and any(final.select == "nearest" for final in finals):
        return None
    if sharp:
        program = sharpened(program, rng)
    capacity = Capacity.of(list(batches.values()), network.input_bits, network.edges)
    layout = _place(program, capacity, choose(program, capacity, config.wanted))
    return Model(seed=seed, network=network, program=program, capacity=capacity, layout=layout, batches=batches,
                 stalls=seed if rng.random() < 0.5 else None, sharp=sharp)


def _kinds(seed: int, *, by_edge: bool) -> dict[str, object]:
    """Options of random_network; ``by_edge``: entries of lists that weigh may have rows, and results are by node then.

    One that is added behind the others leaves models without it as they are.
    """
    rng = np.random.default_rng([seed, 24])
    kinds = {"edge_bits": int(rng.integers(1, 9)), **EVERY_KIND, "edge_rows": by_edge}
    drawn = {name: kind for name, kind in kinds.items() if rng.random() < SHARE}
    return drawn | ({"graph_level": False} if drawn.get("edge_rows") else {})  # no batch has rows of three kinds


def kinds_of(network: Network) -> list[str]:
    """What a network has beyond the plainest."""
    quantizers = [value.quantizer for value in network.values if value.quantizer is not None]
    there = (bool(network.edges), any(each.zero_point for each in quantizers),
             any("prompt" in value.path for value in network.values), not network.input.exact,
             any(value.domain == "edges" for value in network.values))
    return [name for name, is_there in zip(KINDS, there, strict=True) if is_there]


def _place(program: Program, capacity: Capacity, hardware: Hardware) -> Layout:
    return place(program, hardware, **capacity.rows(program))


def sharpened(program: Program, rng: np.random.Generator) -> Program:
    """The same program with multipliers that are powers of two, some much too large: codes lie on ties and saturate.

    What the codes stand for is lost, but that is no matter here: every range is proved anew.

    Raises
    ------
    HwgenError
        If a range is exceeded now.
    """
    coarse = bool(rng.random() < 0.6)

    def final(old: Requantizer) -> Requantizer:
        wide = replace(old, v=IntRange(1 - (1 << (V_BITS - 1)), (1 << (V_BITS - 1)) - 1))
        if old.kind == "raw":
            return wide
        up = int(rng.choice([0, 0, 1, 3]))
        return replace(wide, multiplier=np.minimum(_power(old.multiplier) << up, TOP_Q))

    def block(old: Block) -> Block:
        operands = tuple(replace(each, column=np.sign(each.column) * _power(np.abs(each.column)),
                                 row=replace(each.row, table=_power(each.row.table))) for each in old.operands)
        return replace(old, operands=operands, bias=np.trunc(old.bias / COARSE).astype(np.int64) * COARSE)

    def combine(old: Combine) -> Combine:
        if coarse:
            made = block(old.as_block())
            old = replace(old, column=made.operands[0].column, row=made.operands[0].row, bias=made.bias)
        return replace(old, final=final(old.final))

    passes = tuple(replace(step, final=final(step.final), combine=step.combine and combine(step.combine),
                           blocks=tuple(map(block, step.blocks)) if coarse else step.blocks)
                   for step in program.passes)
    result = replace(program, passes=passes)
    check_program(result)
    return result


def _power(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest powers of two that are no larger; 0 of 0."""
    return np.where(values > 0, 1 << np.log2(np.maximum(values, 1)).astype(np.int64), 0)


def edge_cases(seed: int, network: Network) -> dict[str, Batch]:
    """Batches at the end of what there is: by name, all that random_batch seldom gives alone."""
    rng = np.random.default_rng([seed, 23])
    nodes = int(rng.integers(5, 16))
    one = int(rng.integers(0, nodes))
    into = rng.integers(0, nodes, int(rng.integers(nodes, 64)))
    pair = [(one, 0), (one, nodes - 1)]
    return {
        "nothing": _graphs(rng, network, []),
        "graphs-without-nodes": _graphs(rng, network, [(0, [])] * int(rng.integers(1, 4))),
        "one-node": _graphs(rng, network, [(1, [])]),
        "one-node-with-loops": _graphs(rng, network, [(1, [(0, 0)] * int(rng.integers(1, 4)))]),
        "no-edges": _graphs(rng, network, [(nodes, [])]),
        "hub": _graphs(rng, network, [(nodes, [(int(source), one) for source in into])]),
        "duplicates": _graphs(rng, network, [(nodes, pair * int(rng.integers(2, 9)))]),
        "holes": _graphs(rng, network, [(0, []), (nodes, [(0, 1), (1, 1)]), (0, []), (1, []), (0, [])]),
        "loops-only": _graphs(rng, network, [(nodes, [(k, k) for k in range(nodes)])] * 2),
        "all-features": _graphs(rng, network, [(nodes, [(0, one), (one, 0)])], full=True),
    }


def _graphs(rng: np.random.Generator, network: Network, graphs: list[tuple[int, list[tuple[int, int]]]], *,
            full: bool = False) -> Batch:
    """A batch of graphs, each its number of nodes and its edges; ``full``: every feature has its largest code."""
    sizes = np.array([size for size, _ in graphs], dtype=np.int64)
    total, start = int(sizes.sum()), np.r_[0, np.cumsum(sizes)]
    edges = [np.array(own, dtype=np.int64).reshape(-1, 2).T + first
             for (_, own), first in zip(graphs, start, strict=False)]
    top = (1 << network.input_bits) - 1
    codes = np.full((total, network.features), top) if full else rng.integers(0, top + 1, (total, network.features))
    joined = np.concatenate([np.zeros((2, 0), dtype=np.int64), *edges], axis=1)
    return Batch(features=csr_array(codes.astype(np.int64)), edges=joined,
                 weight=random_weights(total, joined) if network.edges else None,
                 graph=np.repeat(np.arange(len(sizes)), sizes).astype(np.int64), graphs=len(sizes),
                 node=rng.integers(0, max(1, network.trained_nodes), total).astype(np.int64))


@contextmanager
def seen() -> Iterator[Counter[str]]:
    """Counts what the reference's codes are: clipped at either end, on a tie, or rounded up to beyond the top."""
    counts: Counter[str] = Counter()
    encode, half = execute.encode, 1 << (Q_SHIFT - 1)

    def spy(value, multiplier, bits, *, signed):
        codes = encode(value, multiplier, bits, signed=signed)
        exact = value * multiplier[:, None]
        top = np.maximum(0, (1 << np.maximum(bits - signed, 0)) - 1)[:, None] << Q_SHIFT
        tie = exact % (2 * half) == half
        counts.update({"codes": codes.size, "high": int((exact >= top + half).sum()),
                       "low": int((exact <= (-top if signed else 0) - half).sum()), "ties": int(tie.sum()),
                       "rounded_beyond": int(((np.abs(exact) >= top + half) & (np.abs(exact) < top + 2 * half)).sum()),
                       "tie_at_top": int((np.abs(exact) == top + half).sum())})
        return codes

    with patch.object(execute, "encode", spy):
        yield counts


def write_design(folder: Path, hardware: Hardware) -> str:
    """Emit a design; returns the digest of its Verilog."""
    verilog, design = emit(hardware)
    write_files(folder, {"design.v": verilog, "design.json": to_json(design)})
    return hashlib.sha256(verilog.encode()).hexdigest()


def write_model(folder: Path, design: Path, model: Model) -> tuple[list[Path], int]:
    """A build folder that shares its design with others, and its batches; with the number of words they write."""
    write_files(folder / "images", model_files(model.layout))
    for name in ("design.v", "design.json"):
        (folder / name).symlink_to(design / name)
    folders, words = [], 0
    for name, batch in model.batches.items():
        trace, image = execute.run(model.program, batch), batch_image(model.layout, batch)
        run = BatchRun(layout=model.layout, image=image, done=lambda trace=trace: trace.passes, size={})
        write_files(folder / name, run.files)
        folders.append(folder / name)
        words += sum(len(done.written) * model.layout.tensors[step.target].chunks for done, step in
                     zip(trace.passes, model.program.passes, strict=True) if step.target is not None)
    facts = {"seed": model.seed, "stalls": model.stalls, "sharp": model.sharp}
    write_files(folder, {"model.json": json.dumps(facts) + "\n"})
    return folders, words
