"""What builds contain, pinned: images, golden codes, cycles and Verilog of small models of every kind.

``tests/digests.json`` has an object a case. It guards changes that must change nothing: files that move, types that are
merged, a front end that is written again. Models are drawn here and hardware is given here, so that no training,
quantization or choice of hardware has a part in it. When functions move, only the section "How the parts of a build are
reached" follows them; the table stays.

After a change that is meant to change a build::

    python tests/test_digests.py --write

writes the table anew; ``git diff`` then shows which parts of which cases changed. State why in the commit. Another
version of NumPy, Amaranth or Yosys may change it as well: ``inputs`` tells a different drawing from a different build.
"""

import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # pytest has the root of the repository on the path by its own settings
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).with_name("support"))]

import numpy as np
import pytest
from models import ChainModel, random_graph_model
from network_builder import random_batch
from networks import gin_network, random_network, sage_network
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hwgen.flow.config import Config, RunKind
from hwgen.network.batch import Batch
from hwgen.network.granularity import Granularity
from hwgen.network.network import Network, Quantizer
from hwgen.network.sample import Limits, single
from hwgen.targets import find_target
from hwgen.targets.banked.golden import expected as banked_golden
from hwgen.targets.banked.golden import pass_facts
from hwgen.targets.banked.schedule.schedule import schedule
from hwgen.targets.banked.session import GraphRun
from hwgen.targets.design import Design, Run
from hwgen.targets.lists.design import BatchDesign, WindowDesign
from hwgen.targets.lists.golden import expected as lists_golden
from hwgen.targets.lists.session import BatchRun
from hwgen.targets.run_folder import PassFacts

TABLE = Path(__file__).with_name("digests.json")

Arrays = Mapping[str, NDArray[Any]]
#: Parts of a case by their names: digests, counts, and parts of their own.
Parts = dict[str, Any]


# --- The models -------------------------------------------------------------------------------------------------------

#: Hardware of the banked target; cases state what differs.
BANKED = {"groups": 1, "servers": 4, "lanes": 8, "code_bits": 4, "digit": 4, "acc_bits": 12, "bank_depth": 512,
          "slots": 256, "param_depth": 64, "result_depth": 64, "feature_depth": 0, "requant_lanes": 8, "mac_columns": 8,
          "weight_bits": 4, "planes": 1, "pages": 4, "column_depth": 16, "bias_depth": 128}
#: Hardware of the edge-list target; cases state what differs.
LISTS = {"units": 1, "lanes": 16, "code_bits": 8, "acc_bits": 20, "requant_lanes": 4, "chunks": 4, "weight_bits": 4,
         "pages": 16, "buffer_depth": 1024, "list_depth": 512, "descriptor_depth": 512, "column_depth": 64,
         "param_depth": 512, "levels": 7, "tables": 16, "passes": 16, "beats": 64, "result_depth": 256, "leaky": 0,
         "joined": 1, "maxima": 0, "lut_inputs": 0}
#: Of every batch.
ROOM = {"nodes": 80, "graphs": 3, "edges": 400, "nonzeros": 800}


def coarse(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers of 20 bits: fixtures multiply matrices, and the last bit of a product differs from one CPU to another."""
    fraction, exponent = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(fraction, 20)), exponent)


def chain(seed: int, **options: Any) -> ChainModel:
    """A chain of GCN layers."""
    graph = random_graph_model(seed, **options)
    layers = [dataclasses.replace(
        layer, message_step=coarse(layer.message_step), bias=None if layer.bias is None else coarse(layer.bias),
        row=None if layer.row is None else dataclasses.replace(layer.row, step=coarse(layer.row.step)),
    ) for layer in graph.layers]
    return dataclasses.replace(graph, layers=tuple(layers))


def with_graphs(network: Network, seed: int, graphs: int = 5, **options: Any) -> tuple[Network, Batch]:
    """A network with steps that are the same on every machine, and graphs for it."""
    values = [dataclasses.replace(value, quantizer=value.quantizer and pinned(value.quantizer, value.width))
              for value in network.values]
    network = dataclasses.replace(network, values=tuple(values))
    return network, random_batch(seed, network, graphs=graphs, **options)


def pinned(quantizer: Quantizer, width: int) -> Quantizer:
    """One step for all channels is written once a channel, as it was when the table was made."""
    granularity, step = quantizer.granularity, quantizer.step
    if granularity is Granularity.PER_TENSOR:
        granularity, step = Granularity.PER_CHANNEL, np.repeat(step, width)
    return dataclasses.replace(quantizer, granularity=granularity, step=coarse(step),
                               clip_value=None if quantizer.clip_value is None else coarse(quantizer.clip_value))


def chain_with_graph(seed: int, **options: Any) -> tuple[Network, Batch]:
    """A chain of GCN layers as a network."""
    network, sample = chain(seed, **options).parts
    return network, sample.batch


# --- How the parts of a build are reached -----------------------------------------------------------------------------

def banked(model: ChainModel, **hardware: int) -> Parts:
    """A chain and its graph on the banked target."""
    network, sample = model.parts
    design = find_target("banked").design(network, config(sample.limits, "graph", {**BANKED, **hardware}))
    session = design.session(sample.batch)
    (run,) = session.next_runs()
    assert isinstance(run, GraphRun)
    golden = banked_golden(run.program, run.hardware, run.schedule, [step.rows for step in run.trace.passes])
    facts = pass_facts([(step.name, step.width) for step in run.program.passes], run.hardware)
    matched = schedule(run.program, run.hardware)  # as a build does, where the session's is quick
    return {
        "inputs": of_inputs(network, sample.batch),
        "design.v": digest(emitted("banked", design)),
        "matched": [of_array(array) for slots in matched.slots for array in (slots.bank, slots.row, slots.node)],
        "scale": of_array(session.scale),
        "run": of_run(run.stream, run.cycles, [_rows(golden, index, each) for index, each in enumerate(facts)],
                      golden["results"]),
    }


def by_batches(drawn: tuple[Network, Batch], **hardware: int) -> Parts:
    """Graphs on the target of edge lists, as many in a batch as there is room for."""
    network, batch = drawn
    design = find_target("lists").design(
        network, config(Limits.of(batch, network.input_bits), "batch", {**LISTS, **hardware}, ROOM))
    runs = [run for each in design.deal(single(batch)) for run in design.session(each).next_runs()]
    return {**_of_design(design, drawn), **{f"batch {number}": _of_batch(run) for number, run in enumerate(runs)}}


def by_windows(drawn: tuple[Network, Batch], **hardware: int) -> Parts:
    """A graph on the target of edge lists, window by window."""
    network, batch = drawn
    design = find_target("lists").design(
        network, config(Limits.of(batch, network.input_bits), "window", {**LISTS, **hardware}))
    session, parts = design.session(batch), _of_design(design, drawn)
    while runs := session.next_runs():
        for run in runs:
            assert isinstance(run, BatchRun)
            parts[f"window {run.size['window']} of pass {run.size['pass']}"] = _of_batch(run)
            session.feed(run, run.expected)
    return parts


def config(limits: Limits, runs: RunKind, hardware: Mapping[str, int], capacity: Mapping[str, int] | None = None,
           ) -> Config:
    """The configuration of a design that is given, not chosen."""
    return Config(board="ultra96", target="", runs=runs, hardware=hardware, capacity=capacity or {}, limits=limits)


def emitted(target: str, design: Design) -> bytes:
    """Its Verilog."""
    return find_target(target).emit(design.hardware)[0].encode()


def _of_design(design: Design, drawn: tuple[Network, Batch]) -> Parts:
    assert isinstance(design, BatchDesign | WindowDesign)
    return {"inputs": of_inputs(*drawn), "design.v": digest(emitted("lists", design)),
            "scale": of_array(design.program.scale), "model.bin": digest(design.model_files()["model.bin"])}


def _of_batch(run: Run) -> Parts:
    assert isinstance(run, BatchRun)
    golden = lists_golden(run.layout, run.image, run.done())
    passes = []
    for index, step in enumerate(run.layout.program.passes):
        order = run.image.graphs if step.domain == "graphs" else run.image.nodes
        row = np.searchsorted(order, golden[f"p{index}_row"], sorter=np.argsort(order))
        passes.append({name: golden[f"p{index}_{name}"] for name in ("address", "chunk", "data", "entry")}
                      | {"row": np.argsort(order)[row]})
    return of_run(run.files["batch.bin"], run.cycles, passes, golden["results"] if "results" in golden else None)


def _rows(golden: Arrays, index: int, facts: PassFacts) -> Arrays:
    """Words of a pass of the banked target as rows: where the first word of each lies, and codes of all."""
    first = golden[f"p{index}_chunk"] == 0
    bits = np.unpackbits(golden[f"p{index}_data"], axis=1, bitorder="little")
    bits = bits[:, :facts.word_codes * facts.code_bits].reshape(int(first.sum()), -1, facts.code_bits).astype(np.int64)
    codes = (bits << np.arange(facts.code_bits)).sum(axis=2)[:, :facts.channels]
    codes -= (codes >> facts.code_bits - 1) * facts.signed << facts.code_bits
    return {"codes": codes, **{name: golden[f"p{index}_{name}"][first] for name in ("row", "unit", "bank", "address")}}


# --- The cases --------------------------------------------------------------------------------------------------------

CASES: Mapping[str, Callable[[], Parts]] = {
    "banked, GCN, sparse input": lambda: banked(chain(1)),
    "banked, GCN of 3 layers, dense input, 2 groups": lambda: banked(
        chain(2, layers=3, input_bits=4, features=12), groups=2, servers=8, digit=2, feature_depth=64, requant_lanes=4,
        planes=2),
    "lists, GCN": lambda: by_batches(chain_with_graph(3, nodes=30, features=16)),
    "lists, GIN with pooling, nearest": lambda: by_batches(
        with_graphs(gin_network(4, bits=(1, 4)), 4, nodes=8, hub=12), code_bits=4),
    "lists, GIN with pooling, nearest, 2 units": lambda: by_batches(
        with_graphs(gin_network(4), 4, nodes=8, hub=12), units=2, requant_lanes=8, lut_inputs=6),
    "lists, GraphSAGE, mean, by in-degree": lambda: by_batches(
        with_graphs(sage_network(5, op="mean"), 5, nodes=8, hub=12), levels=0),
    "lists, GraphSAGE, max, by in-degree": lambda: by_batches(
        with_graphs(sage_network(6, op="max"), 6, nodes=8, hub=12), levels=0, maxima=1),
    "lists, random values, leaky": lambda: by_batches(
        with_graphs(random_network(7, depth=4, max_width=30, weight_bits=4), 7, nodes=8, hub=12), leaky=1, maxima=1),
    "windows, GCN": lambda: by_windows(
        chain_with_graph(8, nodes=60, features=16), buffer_depth=64, list_depth=16, descriptor_depth=32,
        result_depth=32),
}


# --- Digests ----------------------------------------------------------------------------------------------------------

def digest(content: bytes | str) -> str:
    """SHA-256 of the bytes of a file."""
    assert isinstance(content, bytes)
    return hashlib.sha256(content).hexdigest()


def of_array(array: NDArray[Any]) -> str:
    """Type, shape and content of an array, whatever its name: ``<i8[12,3] 5f…``."""
    shape = ",".join(map(str, array.shape))
    return f"{array.dtype.str}[{shape}] {digest(np.ascontiguousarray(array).tobytes())}"


def of_inputs(network: Network, batch: Batch) -> str:
    """All arrays of a model and its graphs, in any order."""
    return digest("\n".join(sorted({of_array(array) for array in (*_arrays(network), *_arrays(batch))})).encode())


def of_run(image: bytes | str, cycles: Mapping[str, Any], golden: Sequence[Arrays],
           results: NDArray[Any] | None) -> Parts:
    """What one run loads, must write, and takes.

    Parameters
    ----------
    image : bytes
        The load stream.
    cycles : mapping
        The estimate as plain data: ``total``, ``counters``, and ``passes`` with ``cycles``.
    golden : sequence of mappings
        Arrays of each pass.
    results : array or None
        Where a run has results.
    """
    parts = {"image": digest(image), "cycles": int(cycles["total"]),
             "pass cycles": [int(step["cycles"]) for step in cycles["passes"]],
             "counters": {name: int(count) for name, count in cycles["counters"].items()},
             "golden": {f"pass {index}": sorted(map(of_array, arrays.values()))
                        for index, arrays in enumerate(golden)}}
    return parts if results is None else {**parts, "results": of_array(results)}


def _arrays(value: Any) -> Iterator[NDArray[Any]]:
    """Arrays of an object and of what it holds."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, csr_array):
        yield from (part.astype(np.int64) for part in (value.indptr, value.indices, value.data))
    elif isinstance(value, tuple):
        for each in value:
            yield from _arrays(each)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _arrays(getattr(value, field.name))


def differences(found: Any, pinned: Any, part: str) -> Iterator[str]:
    """What differs, a line a part."""
    if isinstance(found, dict) and isinstance(pinned, dict):
        for name in dict.fromkeys((*pinned, *found)):
            yield from differences(found.get(name, "nothing"), pinned.get(name, "nothing"), f"{part} / {name}")
    elif found != pinned:
        yield f"{part}: is {_brief(found)}, was {_brief(pinned)}"


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def read_table() -> dict[str, Parts]:
    """The committed table."""
    return dict(json.loads(TABLE.read_text(encoding="utf-8")))


# --- The tests --------------------------------------------------------------------------------------------------------

#: Cases of the quick suite.
QUICK = ("lists, GraphSAGE, mean, by in-degree",)


@pytest.mark.parametrize("case", [pytest.param(case, marks=() if case in QUICK else pytest.mark.slow)
                                  for case in CASES])
def test_a_build_contains_what_it_did(case: str) -> None:
    changed = list(differences(CASES[case](), read_table().get(case, "nothing"), case))
    assert not changed, "\n".join(["builds changed (how to pin them anew: tests/test_digests.py)", *changed])


def test_the_table_has_these_cases() -> None:
    """A case that is left out or renamed does not leave its row behind."""
    assert list(read_table()) == list(CASES)
    assert set(QUICK) <= set(CASES)


def test_a_difference_is_named() -> None:
    pinned = {"design.v": "ab", "run": {"cycles": 7, "golden": {"pass 0": ["x"]}}}
    found = {"design.v": "ab", "run": {"cycles": 8, "golden": {"pass 0": ["x"], "pass 1": []}}}
    assert list(differences(found, pinned, "GCN")) == ["GCN / run / cycles: is 8, was 7",
                                                       "GCN / run / golden / pass 1: is [], was nothing"]
    assert not list(differences(pinned, pinned, "GCN"))


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python tests/test_digests.py --write")
    TABLE.write_text(json.dumps({name: parts() for name, parts in CASES.items()}, indent=1) + "\n", encoding="utf-8")
