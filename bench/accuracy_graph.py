"""Accuracy and bits of graph classification: the second table of docs/accuracy.md.

    python bench/accuracy.py --graph-level MUTAG --graph-level PROTEINS --folds 10
    python bench/accuracy.py --graph-level MUTAG --shuffle 2      on folds that no setting was chosen by

Each fold trains a GIN in FP32 and a quantized one from it, selects both by the fold's validation graphs, lowers the
quantized one and runs the integer reference, which looks at the test graphs once. Folds that are done lie in the
results file, one JSON line each, and are not run again while their settings stay the same.
"""

import dataclasses
import hashlib
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from result_lines import append_line, spread

from hwgen.frontend.data import load_data
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.data.graph_set import FOLD_SEED, GraphSet, folds
from hwgen.frontend.data.tudataset import TU_DATASETS
from hwgen.frontend.graph_recipes import GraphRecipe, graph_recipe_for
from hwgen.frontend.train_graphs import Loader, evaluate, gin_logits, train_fold
from hwgen.network.store import save_network
from hwgen.targets.lists.execute import agreement, run
from hwgen.targets.lists.network_to_program import lower

#: Of what a recipe does not say, such as calibration: results of other versions do not count.
VERSION = 4
#: Data set -> most points that the integer accuracy may lie below FP32's, or lowest accuracy in percent; most bits.
WITHIN = {"MUTAG": (1.0, 3.1), "PROTEINS": (1.5, 3.5), "IMDB-BINARY": (1.5, 3.5)}
LOWEST = {"REDDIT-BINARY": (88.85, 4.35)}

HEADING = "## Graph classification"
HEAD = HEADING + """

Made by `python bench/accuracy.py --graph-level DATASET`, a fold a line in `accuracy.jsonl`.

GIN of {sizes}, one-hot inputs (node labels; degrees where there are none), ten stratified folds
(scikit-learn's StratifiedKFold, shuffled, seed {seed}); of what a fold does not test, a stratified ninth selects
epochs, by accuracy and then by lower loss. Mean ± sample standard deviation over the folds, in percent. The quantized
model starts from the FP32 model of the fold; its bits learn for the first half of its epochs, then they are rounded,
and only later epochs can be selected. *Integer* is the integer reference's accuracy on the test graphs, which is what
the hardware computes bit for bit; *PyTorch* is the fake-quantized model's. *Bits* are stored bits of a row, averaged
over all rows that the MAC array reads (nodes of the test graphs, all layers, and the readout): the figure that A²Q
reports. *Every code* also counts messages, at their fixed width, and counts every channel. Weights have 4 bits.

"""
COLUMNS = """| data set | folds | FP32 | test, integer | test, PyTorch | bits | every code | agreement |
|---|---|---|---|---|---|---|---|
"""
OTHER = """
### Other folds

The same settings on folds of other shuffles (`--shuffle N`): how much of the table above is luck of its folds. Nothing
was chosen by them, but for MUTAG's share of distillation, which is 0.9 by validation on the first two shuffles, since
with 0.5 it had missed its target on the second: 83.57 against 85.18 in FP32. The third shuffle came after all choices.

"""
FOOT = """
A fold of MUTAG tests 18 or 19 graphs: its standard error is near 3 points, and no difference below that means anything.
Hyper-parameters were compared by mean validation accuracy on the same folds. Training starts from plain calibration:
the bias correction of post-training quantization was left out because validation was lower with it.
"""


def fingerprint(recipe: GraphRecipe) -> str:
    """Settings of a recipe in one word: results of other settings do not count.

    Settings at their defaults are left out, so that a new one leaves known results what they are.
    """
    def chosen(settings: Any) -> dict[str, Any]:
        return {each.name: getattr(settings, each.name) for each in dataclasses.fields(settings)
                if each.default is dataclasses.MISSING or getattr(settings, each.name) != each.default}

    words = [VERSION, {**chosen(recipe), "scheme": chosen(recipe.scheme)}]
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:12]


def limits(graphs: GraphSet) -> dict[str, int]:
    """Longest lists of the data set: what hardware for it is proved for."""
    degrees = np.bincount(graphs.edges[1], minlength=1)
    return {"max_degree": int(degrees.max()) + 1, "max_members": int(np.diff(graphs.node_start).max()),
            "max_features": int(np.diff(graphs.features.indptr).max())}


def recipe_name(shuffle: int) -> str:
    """What results are filed under."""
    return "graph-level" if shuffle == FOLD_SEED else f"graph-level, shuffle {shuffle}"


def run_fold(loader: Loader, recipe: GraphRecipe, shuffle: int, number: int, keep: Path | None) -> dict[str, Any]:
    """Train, lower and execute one fold; ``keep`` receives the network."""
    start, graphs = time.perf_counter(), loader.graphs
    split = folds(graphs.labels, shuffle)[number]
    fold = train_fold(loader, split, recipe, number)
    fold.teacher.eval()
    fold.model.eval()
    network = fold.model.export(f"{graphs.name.lower()}-{number}")
    if keep is not None:
        save_network(network, keep / f"{graphs.name}-{number}")
    program = lower(network, **limits(graphs))
    test = loader.ordered(split.test)
    right, same = 0, 0.0
    for chosen in np.array_split(split.test, len(test)):
        union = graphs.union(chosen)
        trace = run(program, union)
        with torch.no_grad():
            fake = fold.model(GraphBatch.union(union)).double().numpy()
        right += int((trace.predict() == graphs.labels[chosen]).sum())
        same += agreement(program, trace, fake).argmax * len(chosen)
    batches = [batch for batch, _ in test]
    return {
        "epoch": fold.epoch, "validation": fold.quantized.accuracy, "fp32_validation": fold.fp32.accuracy,
        "fp32_test": evaluate(lambda batch: gin_logits(fold.teacher, batch), test).accuracy,
        "test": evaluate(fold.model, test).accuracy, "integer_test": right / len(split.test),
        "agreement": same / len(split.test), "bits": fold.model.average_bits(batches),
        "bits_of_every_code": fold.model.average_bits(batches, messages=True),
        "seconds": round(time.perf_counter() - start, 1),
    }


def campaign(dataset: str, count: int, shuffle: int, root: Path | None, keep: Path | None,
             done: dict[Any, dict[str, Any]], results: Path) -> list[dict[str, Any]]:
    """Run the folds of a data set that are missing, or whose networks are to be kept; returns all of them."""
    recipe = graph_recipe_for(dataset)
    loader: Loader | None = None
    group = []
    for number in range(count):
        key = (dataset, recipe_name(shuffle), fingerprint(recipe), number)
        if key not in done or keep is not None:
            if loader is None:
                loader = Loader(load_data(dataset, root), recipe.layers, recipe.batch)
            result = run_fold(loader, recipe, shuffle, number, keep)
            loader.forget()
            if key not in done:
                done[key] = {"dataset": dataset, "recipe": key[1], "settings": key[2], "seed": number, **result}
                append_line(results, done[key])
        group.append(done[key])
        print(f"{dataset} fold {number}: {100 * done[key]['integer_test']:.2f} at {done[key]['bits']:.3f} bit, "
              f"FP32 {100 * done[key]['fp32_test']:.2f}", flush=True)
    return group


def finished(done: dict[Any, dict[str, Any]], recipe: str) -> dict[str, list[dict[str, Any]]]:
    """Folds in the results file, by data set, of the settings of today."""
    keys = {name: (name, recipe, fingerprint(graph_recipe_for(name))) for name in TU_DATASETS}
    found = {name: [done[key] for key in sorted(done) if key[:3] == start] for name, start in keys.items()}
    return {name: group for name, group in found.items() if group}


def section(done: dict[Any, dict[str, Any]]) -> str:
    """The section of docs/accuracy.md."""
    groups = finished(done, recipe_name(FOLD_SEED))
    others = {name: found for name in sorted({key[1] for key in done if key[1].startswith("graph-level, ")})
              if (found := finished(done, name))}
    recipes = {name: graph_recipe_for(name) for name in groups}
    sizes = ";\n".join(f"{each.layers} × {each.hidden} ({name}, {each.pool} pooling"
                       f"{' and a batch norm' if each.norm else ''}, {each.scheme.message_bits}-bit messages)"
                       for name, each in recipes.items())
    text = HEAD.format(sizes=sizes, seed=FOLD_SEED) + COLUMNS + "".join(rows(groups)) + FOOT
    if others:
        text += OTHER + COLUMNS + "".join(row for name, found in others.items()
                                          for row in rows(found, name.removeprefix("graph-level")))
    return text


def rows(groups: dict[str, list[dict[str, Any]]], suffix: str = "") -> list[str]:
    """A line of the table for each data set."""
    lines = []
    for name, group in groups.items():
        bits, every, same = (statistics.mean(each[key] for each in group)
                             for key in ("bits", "bits_of_every_code", "agreement"))
        tests = " | ".join(spread(group, key) for key in ("fp32_test", "integer_test", "test"))
        lines.append(f"| {name}{suffix} | {len(group)} | {tests} | {bits:.3f} | {every:.2f} | {100 * same:.2f} |\n")
    return lines


def missed(groups: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Targets that the means do not meet."""
    found = []
    for name, group in groups.items():
        test, full = (100 * statistics.mean(each[key] for each in group) for key in ("integer_test", "fp32_test"))
        bits = statistics.mean(each["bits"] for each in group)
        lowest, most = (full - WITHIN[name][0], WITHIN[name][1]) if name in WITHIN else LOWEST[name]
        if test < lowest or bits > most:
            found.append(f"{name}: {test:.2f} at {bits:.3f} bit, target {lowest:.2f} at {most}")
    return found
