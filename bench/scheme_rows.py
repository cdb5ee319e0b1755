"""Rows of bench/schemes.py: which schemes are trained on which data, and what hardware takes for one of them."""

import json
from collections.abc import Container, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from result_lines import EVIDENCE
from training_rows import Row, best_of

import boards
from hwgen.errors import HwgenError
from hwgen.flow.search import Found, search
from hwgen.flow.wishes import Wishes
from hwgen.frontend.data.graph_set import GraphSet
from hwgen.frontend.quantize.accepted import alone, fit_steps
from hwgen.frontend.training.recipes import recipe_for
from hwgen.frontend.training.task import Task
from hwgen.network.batch import Batch
from hwgen.network.bits import UNIFORM_WIDTHS, bits_of_model
from hwgen.network.network import Network
from hwgen.network.sample import Sample
from hwgen.progress import SILENT
from hwgen.report.sizes import REAL, bit_operations
from hwgen.schemes import Prompt
from hwgen.schemes.scheme import Widths
from hwgen.targets import TARGETS

__all__ = ["BOARD", "MODELS", "ROWS", "chosen", "facts_of", "first_network"]

BOARD = "ultra96"
#: Graphs of a set that hardware is asked about.
GRAPHS = 64
MODELS = {"Cora": "GCN of 2 layers with 16 channels on Cora and CiteSeer, raw binary features.",
          "CiteSeer": "GCN of 2 layers with 16 channels on Cora and CiteSeer, raw binary features.",
          "PROTEINS": "GIN of 3 layers with 32 channels on PROTEINS.",
          "REDDIT-BINARY": "GIN of 3 layers with 32 channels and a batch norm on REDDIT-BINARY."}
_FOUND = EVIDENCE / "searched_bits.json"
#: Data set -> objective -> what bench/search_bits.py --best found for it.
SEARCHED: dict[str, Any] = json.loads(_FOUND.read_text(encoding="utf-8")) if _FOUND.exists() else {}
#: One graph, and sets: all schemes, by the name of each.
_NODES = ("qat-int8", "qat-int4", "dq-int8-published", "dq-int4-published", "dq-int8", "dq-int4", "dq-int8-symmetric",
          "dq-int4-symmetric", "sgquant", "sgquant-hubs", "mixq", "mega", "a2q")
_GRAPHS = ("qat-int8", "qat-int4", "dq-int8", "dq-int4", "sgquant", "mixq", "mega", "nns")
_REDDIT = ("dq-int8", "dq-int4", "mixq", "mega", "nns")
#: With which prompts are learned, LoRAP-style.
_PROMPTED = ("qat-int4", "dq-int8", "dq-int4", "sgquant", "mixq", "mega", "a2q")

#: Which are also trained with the narrowest weights and messages.
_NARROW = ("dq-int4", "sgquant-hubs", "a2q", "4 bit, steps by node")


def _one_width(data: str, bits: int) -> Row:
    """Every node has its own step, and all have one width."""
    usual = recipe_for("default", model="gcn", data=data, scheme="a2q", per="nodes")
    return Row(data=data, label=f"{bits} bit, steps by node", model="gcn", scheme="a2q",
               recipe=usual.with_one_width(bits))


def _widths(found: Mapping[str, Any]) -> dict[str, Widths]:
    """As a scheme has them: JSON has no tuples."""
    return {name: tuple(each) if isinstance(each, list) else each for name, each in found["widths"].items()}


def _rows() -> list[Row]:
    rows = []
    for data in ("Cora", "CiteSeer"):
        rows += [Row(data=data, label=scheme, model="gcn", scheme=scheme) for scheme in _NODES]
        rows.append(Row(data=data, label="a2q, published", model="gcn", scheme="a2q", recipe="published"))
        rows += [_one_width(data, bits) for bits in UNIFORM_WIDTHS]
        rows += [Row(data=data, label=f"sgquant, searched for {objective}", model="gcn", scheme="sgquant",
                     options={"widths": _widths(found)}) for objective, found in SEARCHED.get(data, {}).items()]
        rows += [replace(row, label=f"{row.label}, weights and messages of 2 bits",
                         options={"weight_bits": 2, "message_bits": 2})
                 for row in rows if row.data == data == "Cora" and row.label in _NARROW]
        rows += [Row(data=data, label=f"{scheme} + {kind}", model="gcn", scheme=scheme,
                     options={"prompt": Prompt(kind=kind)}) for scheme in _PROMPTED for kind in ("gpf", "lorap")
                 if (scheme, kind) != ("sgquant", "lorap")]
        # With messages of 8 bits the scales of most seeds span more than a multiplier holds.
        rows.append(Row(data=data, label="sgquant + lorap, messages of 6 bits", model="gcn", scheme="sgquant",
                        options={"prompt": Prompt(kind="lorap"), "message_bits": 6}))
        rows += [Row(data=data, label=f"{scheme} + gpf-plus", model="gcn", scheme=scheme,
                     options={"prompt": Prompt(kind="gpf-plus")}) for scheme in ("qat-int4", "a2q")]
    rows += [Row(data="PROTEINS", label=scheme, model="gin", scheme=scheme) for scheme in _GRAPHS]
    rows += [Row(data="REDDIT-BINARY", label=scheme, model="gin", scheme=scheme, runs=10 if scheme == "nns" else 3)
             for scheme in _REDDIT]
    rows += [Row(data="REDDIT-BINARY", label=f"nns, the best of {seeds} seeds", model="gin", scheme="nns", seeds=seeds)
             for seeds in (3, 5)]
    rows += [Row(data=data, label=f"{scheme} + {kind}", model="gin", scheme=scheme,
                 options={"prompt": Prompt(kind=kind)})
             for data, schemes in (("PROTEINS", ("dq-int4", "nns")), ("REDDIT-BINARY", ("nns",))) for scheme in schemes
             for kind in ("gpf", "lorap")]
    return rows


ROWS = _rows()


def facts_of(row: Row, task: Task) -> dict[str, Any]:
    """Memory and operations of the first run's network, and what each target takes for it."""
    network, sample = first_network(row, task)
    rows = {value.name for value in task.plan.values if value.role == "activation"}
    return {"facts": _sizes(network, sample.batch, rows),
            "hardware": {target: _hardware(network, sample, target) for target in TARGETS}}


def first_network(row: Row, task: Task) -> tuple[Network, Sample]:
    """The first run's network as hardware gets it, and the graphs that hardware is asked about."""
    done = best_of(row, task, 0)
    whole = done.examples.codes("test")[0]
    if isinstance(task.data, GraphSet):
        whole = task.data.union(np.asarray(done.examples.split.test[:GRAPHS]))
    sample = alone(done.model, whole)
    return fit_steps(done.model, sample), sample


def _sizes(network: Network, batch: Batch, rows: Container[str]) -> dict[str, float]:
    """Bits of stored activations, with and without the input, beside FP32; of hidden rows alone; bit operations."""
    widths = bits_of_model(network, batch)
    inputs = batch.num_nodes * network.features
    found = {"bit_ops": bit_operations(network, batch, widths)}
    for name, counted in (("", network.values[:-1]), ("_rows", [each for each in network.values if each.name in rows])):
        hidden = sum(value.width * int(widths[value.name].sum()) for value in counted)
        codes = sum(value.width * len(widths[value.name]) for value in counted)
        found |= {f"hidden_kb{name}": hidden / 8192, f"less_hidden{name}": REAL * codes / max(1, hidden),
                  f"less_all{name}": REAL * (codes + inputs) / (hidden + inputs * network.input_bits)}
    return found


def chosen(network: Network, sample: Sample, target: str) -> Found:
    """The design that formulas choose, and the graphs packed for it."""
    return search(network, sample, boards.load(BOARD), Wishes(target=target), SILENT, count=False)


def _hardware(network: Network, sample: Sample, target: str) -> Mapping[str, Any]:
    """Cycles, LUTs and bytes of the design that formulas choose; or why there is none."""
    try:
        found = chosen(network, sample, target)
    except HwgenError as reason:
        return {"refused": reason.what}
    used = asdict(found.resources.total)
    runs, per = found.packed.runs, sample.batch.graphs
    cycles = sum(step.cycles for ran in runs for step in ran.passes)
    beats = sum(ran.load_beats + ran.store_beats for ran in runs)
    model = sum(len(content) for name, content in found.design.model_files().items() if name.endswith(".bin"))
    return {"cycles": cycles / per, "us": cycles / per / boards.load(BOARD).clock.assumed_mhz, "lut": used["lut"],
            "memory_kbit": (used["bram36"] * 36 + used["uram"] * 288 + used["lutram"] / 16),
            "axi_kb": (model + 16 * beats) / 1024}
