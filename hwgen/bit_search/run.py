"""The search: FP32 once, then slot after slot, together with any other process that works on the same study."""

from __future__ import annotations

import hashlib
import io
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

import boards

from ..errors import HwgenError
from ..frontend.data.own_files import load_weights
from ..frontend.quantize import QuantizedNetwork
from ..frontend.training.examples import Examples
from ..frontend.training.loop import evaluate
from ..frontend.training.runs import train_fp32
from ..frontend.training.task import Task
from ..progress import SILENT, Progress
from ..scratch import write_whole
from ..studies.study import Study
from ..studies.work import work
from .measure import Measure, Measured, Objective
from .propose import Proposer, Sampler
from .space import Granularity, Space

if TYPE_CHECKING:  # importing PyG takes longer than anything else here
    from torch_geometric.data import Data

__all__ = ["Outcome", "search_bits"]

#: Assignments that are trained in full, at most.
FINALISTS = 6


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a search found.

    Parameters
    ----------
    fp32, floor : float
        Validation accuracy of the FP32 model, and the least that was asked for.
    measured : sequence of Measured
        By slot.
    best : Measured
        The one that costs least of those that reach the floor also when they are trained in full; where none does, the
        most accurate.
    model : QuantizedNetwork
        Of the best, trained in full from the first seed.
    validation : float
        Its accuracy, as all of them the mean over seeds.
    test, fp32_test : float
        Accuracy on the test part, which was looked at now for the first time.
    examples : Examples
    """

    fp32: float
    floor: float
    measured: Sequence[Measured]
    best: Measured
    model: QuantizedNetwork
    validation: float
    test: float
    fp32_test: float
    examples: Examples

    @property
    def front(self) -> list[Measured]:
        """Those that no other beats in cost and accuracy both, by cost."""
        found: list[Measured] = []
        for each in sorted(self.measured, key=lambda each: (each.cost, -each.accuracy)):
            if not found or each.accuracy > found[-1].accuracy:
                found.append(each)
        return found


def search_bits(model: str = "gcn", data: str | Path | Data | Sequence[Data] = "digits", scheme: str | None = None, *,
                study: Path, weights: Path | None = None, granularity: Granularity = "value",
                objective: Objective = "memory", board: str = "ultra96", drop: float = 0.005, trials: int = 60,
                epochs: int = 30, sampler: Sampler = "tree", seed: int = 0, seeds: int = 1, root: Path | None = None,
                progress: Progress = SILENT) -> Outcome:
    """Search the widths of a model's values: the cheapest whose validation accuracy is near FP32's.

    Parameters
    ----------
    model, data, scheme, root
        As of :func:`hwgen.train`; the scheme says what shares a step.
    study : Path
        Folder of the study; one that exists is continued, and other processes may work on it.
    weights : Path or None
        Of a module that is trained already, one seed; None: it is trained in FP32 first.
    granularity : "uniform", "component", "layer", "value" or "topology"
        What shares a width (:mod:`.space`).
    objective : "memory", "rows", "cycles" or "luts"
        What is to be small (:mod:`.measure`).
    drop : float
        How far below FP32 the validation accuracy may lie, a share.
    trials : int
        Assignments that are measured, of all processes together.
    epochs : int
        That each is trained on for; the best are then trained for as many as the recipe says.
    sampler : "tree" or "random"
    seed : int
        Of FP32 training and of the search.
    seeds : int
        FP32 models that every assignment is trained on from, of this seed and those that follow it. One seed's
        validation part flatters the best of many assignments; a mean over some does less.

    Raises
    ------
    HwgenError
        As :func:`hwgen.train`; a study of other settings; no assignment that hardware runs.
    """
    if trials < 1:
        raise HwgenError(f"{trials} trials", "trials", "measure at least 1 assignment")
    if epochs < 1:
        raise HwgenError(f"{epochs} epochs", "epochs", "train each assignment for at least 1 epoch")
    if seeds < 1:
        raise HwgenError(f"{seeds} seeds", "seeds", "measure each assignment with at least 1")
    if seeds > 1 and (weights is not None or isinstance(model, nn.Module)):
        raise HwgenError(f"{seeds} seeds of a module that has its parameters", "seeds",
                         "pass what makes the module and no weights, or measure 1 seed")
    if not 0 <= drop < 1:
        raise HwgenError(f"drop is {drop}", "drop", "use a share from 0 to below 1: 0.005 is half a point")
    task = Task.of(model, data, scheme, "default", root=root)
    examples = task.examples()
    task.check(examples)
    if examples.labels.kind == "regression":
        raise HwgenError("real labels, and the search compares accuracies", "data.y",
                         "give classes, or choose widths by hand: hwgen train --width NAME=BITS")
    tracking = task.recipe.scheme.tracking
    if tracking is not None and tracking.candidates:
        raise HwgenError(f"scheme {task.scheme} chooses widths itself", "scheme",
                         "use another one: uniform, or qat-int8")
    if task.recipe.scheme.by_edge:
        raise HwgenError(f"scheme {task.scheme} has values of its own for messages and sums, of which no width is "
                         "searched", "scheme", "use the scheme without -published, or uniform")
    space = Space.of(task.plan, granularity, task.recipe.scheme)
    given = "" if weights is None else hashlib.sha256(weights.read_bytes()).hexdigest()
    shared = Study(study, "bits", ("minimize", "maximize"), {
        "model": str(model), "data": task.name, "scheme": task.scheme, "weights": given, "granularity": granularity,
        "objective": objective, "board": board, "drop": drop, "epochs": epochs, "sampler": sampler, "seed": seed,
        "seeds": seeds,
    }, space.choices)
    try:
        with progress.step("training in FP32" if weights is None else "reading weights"), shared.alone("fp32"):
            modules = [_fp32(task, examples, study / f"fp32-{each}.pt", weights, each)
                       for each in range(seed, seed + seeds)]
        forwards = [task.forward(module) for module in modules]
        fp32 = statistics.mean(evaluate(each, examples, "validation").figure for each in forwards)
        measure = Measure(task=task, examples=examples, modules=modules, space=space, objective=objective,
                          board=boards.load(board), epochs=epochs, seed=seed)
        proposer = Proposer(choices=space.choices, seed=seed, floor=fp32 - drop, sampler=sampler)
        work(shared, proposer, measure, trials, progress)
        measured = [Measured.of(each) for each in shared.done]
    finally:
        shared.close()
    if not measured:
        raise HwgenError(f"none of {trials} assignments runs on hardware", "trials", "use a narrower model")
    with progress.step("training the best assignments in full"):
        best, chosen, validation = _final(measure, measured, proposer.floor)
    fp32_test = statistics.mean(evaluate(each, examples, "test").figure for each in forwards)
    return Outcome(fp32=fp32, floor=proposer.floor, measured=measured, best=best, model=chosen[0],
                   validation=validation, test=measure.accuracy(chosen, "test"), fp32_test=fp32_test,
                   examples=examples)


def _final(measure: Measure, measured: Sequence[Measured],
           floor: float) -> tuple[Measured, list[QuantizedNetwork], float]:
    """The cheapest assignment that still reaches the floor when it is trained in full; its models and accuracy.

    The few epochs of a trial, and the choice of the best of many, flatter some of them.
    """
    ranked = sorted(measured, key=lambda each: (each.accuracy < floor, each.cost if each.accuracy >= floor
                                                else -each.accuracy, each.slot))
    found: list[tuple[Measured, list[QuantizedNetwork], float]] = []
    for each in ranked[:FINALISTS]:
        models = measure.trained(each.assignment, measure.task.recipe.quantized_epochs)
        found.append((each, models, measure.accuracy(models, "validation")))
        if found[-1][2] >= floor:
            return found[-1]
    return max(found, key=lambda each: each[2])


def _fp32(task: Task, examples: Examples, kept: Path, weights: Path | None, seed: int) -> nn.Module:
    """The FP32 module, in evaluation mode; trained by the first process that asks."""
    torch.manual_seed(seed)
    module = task.make()
    if weights is not None:
        load_weights(module, weights)
    elif kept.is_file():
        load_weights(module, kept)
    else:
        with torch.random.fork_rng(devices=[]):
            module = train_fp32(task, examples, seed)[0]
        buffer = io.BytesIO()
        torch.save(module.state_dict(), buffer)
        write_whole(kept, buffer.getvalue())
    return module.eval()
