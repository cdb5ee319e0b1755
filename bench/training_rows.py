"""Rows of the accuracy pages: what is trained, one run of it, and the lines that are kept of runs.

A run trains, lowers the quantized model and executes the integer reference, which looks at the test part once; a prompt
that has no integers stays PyTorch's. Runs that are done lie in a results file, one JSON line each, and are not run
again while their settings stay the same.
"""

import dataclasses
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from result_lines import append_line, read_lines

from hwgen.files import write_npz
from hwgen.frontend.data.graph_set import FOLD_SEED
from hwgen.frontend.quantize.accepted import alone, fit_steps
from hwgen.frontend.training.examples import Examples, ManyGraphs
from hwgen.frontend.training.recipes import Recipe
from hwgen.frontend.training.results import Run
from hwgen.frontend.training.runs import run
from hwgen.frontend.training.task import Task
from hwgen.network.figures import Nearness
from hwgen.network.sample import Limits
from hwgen.network.sample_store import batch_arrays
from hwgen.network.store import save_network
from hwgen.schemes import Scheme
from hwgen.targets.banked import execute as banked_reference
from hwgen.targets.banked import network_to_program as banked_lowering
from hwgen.targets.lists import execute as lists_reference
from hwgen.targets.lists.design import program_for

__all__ = ["Lines", "Row", "best_of", "fingerprint", "known_lines", "lines_of"]

#: Of what a recipe does not say, such as models' layers and calibration: results of other versions do not count. A GCN
#: has no two rows of equal gain that could share it (decision 21), so that its results are those of before.
VERSION, VERSION_OF_GCN = 6, 5

Lines = dict[tuple[str, str, str, int], dict[str, Any]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One model on one data set.

    Parameters
    ----------
    data : str
    label : str
        What results are filed under, beside the data set.
    model, scheme : str
    recipe : str or Recipe
    runs : int
        Seeds, or folds of a set of graphs, that the page has.
    banked : bool
        Whether the integer reference is that of the banked target; else of edge lists.
    shuffle : int
        Seed of the folds.
    seeds : int
        Of a set, trainings of each fold: the best by validation is the fold's, as of `hwgen train --seeds`.
    options : mapping
        As of :func:`hwgen.train`.
    """

    data: str
    label: str
    model: str
    scheme: str
    recipe: str | Recipe = "default"
    runs: int = 10
    banked: bool = False
    shuffle: int = FOLD_SEED
    seeds: int = 1
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def task(self, root: Path | None) -> Task:
        """What is trained, with its data."""
        found = Task.of(self.model, self.data, self.scheme, self.recipe, root=root, **self.options)
        return dataclasses.replace(found, shuffle=self.shuffle)


def fingerprint(row: Row, recipe: Recipe) -> str:
    """Settings in one word: results of others do not count."""
    settings = dataclasses.asdict(recipe)
    # a setting that a scheme leaves empty, or as it was before there was one, changes nothing
    settings["scheme"] = {name: value for name, value in settings["scheme"].items()
                          if value not in (None, (), {}) and (name, value) != ("edge_bits", Scheme.edge_bits)}
    tracking = settings["scheme"].get("tracking")
    if tracking and not tracking["by_edge"]:
        del tracking["by_edge"]
    if settings["prompt"] is None:
        del settings["prompt"]
    version = VERSION_OF_GCN if row.model == "gcn" else VERSION
    words = [version, Path(row.model).name, row.scheme, settings, *([row.seeds] if row.seeds > 1 else [])]
    return hashlib.sha256(json.dumps(words, sort_keys=True, default=str).encode()).hexdigest()[:12]


def known_lines(path: Path) -> Lines:
    """Finished runs by data set, label, fingerprint and number."""
    return {(each["dataset"], each["recipe"], each["settings"], each["seed"]): each for each in read_lines(path)}


def lines_of(row: Row, known: Lines, *, count: int, results: Path, root: Path | None,
             keep: Path | None) -> Iterator[dict[str, Any]]:
    """The lines of a row's first runs; those that are missing are run, and written as they come.

    Parameters
    ----------
    keep : Path or None
        Folder that receives each network, and the graph where there is one: then every run is made anew.
    """
    task = row.task(root)
    for number in range(count):
        key = (row.data, row.label, fingerprint(row, task.recipe), number)
        if key not in known or keep is not None:
            line = {"dataset": row.data, "recipe": row.label, "settings": key[2],
                    **_measured(row, task, number, keep)}
            if key not in known:
                known[key] = line
                append_line(results, line)
        found = known[key]
        which, test = ("integer", found["integer_test"]) if "integer_test" in found else ("PyTorch", found["test"])
        print(f"{row.data} {row.label} {number}: {which} {100 * test:.2f} at {found['bits']:.3f} bit, "
              f"FP32 {100 * found['fp32_test']:.2f}, {found['seconds']} s", flush=True)
        yield found


def best_of(row: Row, task: Task, number: int) -> Run:
    """A run of a row, the best of its seeds by validation: a seed of one graph, or a fold of a set."""
    seeds, fold = (range(row.seeds), number) if task.per == "graphs" else ([number], 0)
    examples = task.examples(fold)
    return max((run(task, examples, seed=seed, fold=fold) for seed in seeds), key=lambda each: each.result.rank)


def _measured(row: Row, task: Task, number: int, keep: Path | None) -> dict[str, Any]:
    """Train one run, and execute it in integers."""
    start = time.perf_counter()
    done = best_of(row, task, number)
    result = dataclasses.asdict(done.result)
    del result["seed"], result["fold"], result["validation_loss"]
    prompt = task.recipe.prompt
    integer = _integer(row, task, done, keep, number) if prompt is None or prompt.is_exact else {}
    return {"seed": number, **result, **integer, "seconds": round(time.perf_counter() - start, 1)}


@torch.no_grad()
def _integer(row: Row, task: Task, done: Run, keep: Path | None, number: int) -> dict[str, float]:
    """Accuracies of the integer reference, and the share of all rows to which PyTorch gives the same class."""
    examples = done.examples
    whole = (examples.in_codes(np.arange(len(task.data))) if isinstance(examples, ManyGraphs)
             else examples.codes("test")[0])
    network = fit_steps(done.model, alone(done.model, whole), f"{row.label}-{row.data}-{number}".lower())
    if keep is not None:
        kept = f"{row.data}-{number}" if task.per == "graphs" else f"{row.label}-{row.data}-{number}"
        save_network(network, keep / kept)
        if task.per == "nodes":
            write_npz(keep / kept / "graph.npz", batch_arrays(whole))
    program = None if row.banked else program_for(network, Limits.of(whole, network.input_bits))
    same, rows, predicted = 0, 0, []
    for example, codes in zip(examples.part("test"), examples.codes("test"), strict=True):
        logits = done.model.logits(example.batch).double().numpy()
        if program is None:
            banked = banked_lowering.lower(network, codes)
            results, scale = banked_reference.run(banked).logits, banked.passes[-1].out.scale
        else:
            results, scale = lists_reference.run(program, codes).results, program.scale
        agreed = Nearness.of("classification", results * scale, logits)
        predicted.append(results.argmax(axis=1))
        same, rows = same + (agreed.decided or 0) - (agreed.differing or 0), rows + len(logits)
    classes = torch.from_numpy(np.concatenate(predicted))
    found = {"integer_test": _share(classes, examples, "test"), "agreement": same / rows}
    if task.per == "nodes":
        found["integer_validation"] = _share(classes, examples, "validation")
    return found


def _share(classes: torch.Tensor, examples: Examples, part: Any) -> float:
    """Share of a part's rows that are classified right."""
    parts = examples.part(part)
    labels = torch.cat([each.labels for each in parts])
    counted = slice(None) if parts[0].rows is None else parts[0].rows
    return float((classes == labels)[counted].double().mean())
