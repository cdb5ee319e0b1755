"""Train seeds or folds and keep the best by validation: what ``hwgen train`` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import torch
from torch import nn
from torch_geometric.data import Data

from ...errors import HwgenError
from ...network.bits import UNIFORM_WIDTHS
from ...schemes import Prompt
from ..data.graph_set import FOLDS, GraphSet
from ..prompts import prompted
from ..quantize import QuantizedNetwork, Scheme
from ..quantize.prepare import quantize_batch
from ..tracing import plan_of
from .examples import Examples
from .loop import Forward, Score, evaluate, fit
from .recipes import Recipe
from .results import Progress, Result, Run, Training
from .task import Model, Task

__all__ = ["run", "runs", "train", "train_fp32", "train_quantized"]

#: Gives what is told after every epoch of a stage; it begins after so many epochs of other models.
Report = Callable[[Literal["fp32", "quantized"], int], Callable[[int, float | None], None]]


def train(
    model: Model = "gcn",
    data: str | Path | Data | Sequence[Data] | GraphSet = "digits",
    scheme: str | Scheme | None = None,
    recipe: str | Recipe = "default",
    *,
    seeds: int = 1,
    folds: Sequence[int] | None = None,
    hidden: int | None = None,
    layers: int | None = None,
    dropout: float | None = None,
    epochs: int | None = None,
    bits: int | None = None,
    weight_bits: int | None = None,
    message_bits: int | None = None,
    edge_bits: int | None = None,
    input_bits: int | None = None,
    widths: Mapping[str, int] | None = None,
    target_bits: float | None = None,
    prompt: str | Prompt | None = None,
    by_width: bool = False,
    root: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Training:
    """Train a model in FP32, quantize it and train on, for every seed and fold; keep the best by validation.

    Parameters
    ----------
    model : str, Module or callable
        ``gcn``, ``gin`` or ``sage``; ``net.py:Net``, a module in a user's file, which is executed; a module, which is
        trained from the parameters that it has and left alone; or what makes one, such as its class.
    data : str, Path, Data, list of Data or GraphSet
        What :func:`hwgen.load_data` takes or gives: one graph with ``y`` and the three masks, or a set of graphs with a
        label each.
    scheme : str, Scheme or None
        How hidden values get their bits (:data:`hwgen.schemes.SCHEMES`). None: ``a2q`` on one graph, a step
        and a width for each node; ``nns`` on a set, which serves graphs that training never saw.
    recipe : str or Recipe
        Hyper-parameters: a name of :data:`.recipes.RECIPES`, or settings of one's own.
    seeds : int
        Seeds 0 to ``seeds - 1``.
    folds : sequence of int or None
        Of a set of graphs, which of its ten stratified folds are trained; None: the first.
    hidden, layers, dropout
        Of a named model, in place of the recipe's.
    epochs : int or None
        Of every model, in place of the recipe's.
    bits, weight_bits, message_bits, edge_bits : int or None
        Widths of hidden rows to start from, of weights and of what is summed over neighbours, in place of the scheme's.
    input_bits : int or None
        Width of the input's codes; None: what unsigned integers need, and 4 of real values.
    widths : mapping of str to int, or None
        Bits of single values, by name or by layer (:class:`hwgen.schemes.Scheme`).
    target_bits : float or None
        Mean stored bits of a hidden value to allocate at the start instead of learning them: a2q only, for below 0.9.
    prompt : str, Prompt or None
        A kind of :data:`hwgen.schemes.PROMPTS`, or one with its number of rows: what is learned beside the module
        (:mod:`hwgen.frontend.prompts`). A softmax trains, and is refused where the model is saved.
    by_width : bool
        Also train models whose hidden rows all have 1, 2, 4 or 8 bits, each row its own step, from the same FP32
        models: their accuracies travel with the kept model, and reports then compare at equal accuracy.
    root : Path or None
        Folder of data sets; None: ``$HWGEN_DATA``.
    progress : callable or None
        Called after every epoch.

    Raises
    ------
    HwgenError
        Before training: unknown names, options out of range or that do not go together, a module that is not supported
        or does not fit the data, missing labels or masks. Later: a loss that is not finite.
    """
    if seeds < 1:
        raise HwgenError(f"{seeds} seeds", "seeds", "use at least 1")
    task = Task.of(model, data, scheme, recipe, root=root, hidden=hidden, layers=layers, dropout=dropout, epochs=epochs,
                   bits=bits, weight_bits=weight_bits, message_bits=message_bits, edge_bits=edge_bits,
                   input_bits=input_bits, widths=widths,
                   target_bits=target_bits, prompt=Prompt(kind=prompt) if isinstance(prompt, str) else prompt)
    if isinstance(model, nn.Module) and seeds > 1:
        raise HwgenError(f"{seeds} seeds of a module that has its parameters", "seeds",
                         "pass what makes the module, such as its class, or train 1 seed")
    if folds is not None and task.per == "nodes":
        raise HwgenError("folds of one graph", "folds", "leave folds out: the masks of the graph part its nodes")
    if by_width and not task.recipe.learns_bits:
        raise HwgenError(f"scheme {task.scheme or 'of your own'} learns no widths of rows", "by_width",
                         "leave it out, or use a scheme that does: a2q, nns or mega")
    if by_width and task.labels.kind == "regression":
        raise HwgenError("real labels have errors, no accuracy, to compare widths by", "by_width", "leave it out")
    tasks = [task, *(replace(task, recipe=task.recipe.with_one_width(bits)) for bits in UNIFORM_WIDTHS if by_width)]
    kept: Run | None = None
    results: list[list[Result]] = []
    for fold in [0] if folds is None else folds:
        examples = task.examples(fold)
        if not results:
            task.check(examples)
        for seed in range(seeds):
            done, *others = runs(tasks, examples, seed=seed, fold=fold, number=len(results), progress=progress)
            results.append([done.result, *(each.result for each in others)])
            if kept is None or done.result.rank > kept.result.rank:
                kept = done
    if kept is None:
        raise HwgenError("no fold", "folds", "name at least one")
    accuracy = [(bits, fmean(each.validation for each in alike), fmean(each.test for each in alike))
                for bits, alike in zip((0, *UNIFORM_WIDTHS), zip(*results, strict=True), strict=False)]
    return Training(kept=kept, recipe=task.recipe, scheme=task.scheme, results=tuple(first for first, *_ in results),
                    accuracy_by_width=tuple(accuracy) if by_width else ())


def run(task: Task, examples: Examples, *, seed: int = 0, fold: int = 0) -> Run:
    """One seed of one fold: every FP32 generation, then the quantized model; test rows are looked at last."""
    return runs([task], examples, seed=seed, fold=fold)[0]


def runs(tasks: Sequence[Task], examples: Examples, *, seed: int = 0, fold: int = 0, number: int = 0,
         progress: Callable[[Progress], None] | None = None) -> list[Run]:
    """The same of tasks that differ in how the last FP32 model is quantized; ``number`` is for ``progress``."""
    task, rng = tasks[0], fold + FOLDS * seed  # of the module, of the order of batches and of dropout
    recipe = task.recipe
    every = recipe.total_epochs + (len(tasks) - 1) * recipe.quantized_epochs

    def report(stage: Literal["fp32", "quantized"], before: int) -> Callable[[int, float | None], None]:
        """After ``before`` epochs of other models."""
        epochs = recipe.quantized_epochs if stage == "quantized" else recipe.generations * recipe.epochs
        start = before if stage == "fp32" else 0

        def tell(epoch: int, validation: float | None) -> None:
            if progress is not None:
                progress(Progress(run=number, seed=seed, fold=fold, stage=stage, epoch=start + epoch + 1, epochs=epochs,
                                  done=before + epoch + 1, total=every, validation=validation))

        return tell

    trained = []
    with torch.random.fork_rng(devices=[]):
        module, teachers, scores = train_fp32(task, examples, rng, report)
        for place, each in enumerate(tasks):
            before = recipe.generations * recipe.epochs + place * recipe.quantized_epochs
            trained.append(train_quantized(each, module, examples, rng, teachers[-1], report("quantized", before)))
    batches = [each.batch for each in examples.part("test")]
    first, last = (evaluate(forward, examples, "test").figure for forward in (teachers[0], teachers[-1]))
    found = []
    for model, epoch in trained:
        if examples.per == "nodes":
            model.settle(examples.sample(rng))
        score = evaluate(model.logits, examples, "validation")
        result = Result(
            seed=seed, fold=fold, epoch=epoch, task=examples.labels.kind, validation=score.figure,
            validation_loss=score.loss, test=evaluate(model.logits, examples, "test").figure,
            bits=model.average_bits(batches), bits_of_every_code=model.average_bits(batches, messages=True),
            fp32_validation=scores[-1].figure, fp32_test=last, first_validation=scores[0].figure, first_test=first)
        found.append(Run(model=model, module=module, examples=examples, result=result))
    return found


def train_fp32(task: Task, examples: Examples, rng: int, report: Report | None = None,
               ) -> tuple[nn.Module, list[Forward], list[Score]]:
    """Every FP32 generation: the last module, and what each of them computes and reaches in validation."""
    recipe, teachers, scores = task.recipe, list[Forward](), list[Score]()
    torch.manual_seed(rng)
    for generation in range(recipe.generations):
        module = task.make()
        forward = task.forward(module)
        _, score = fit(module, forward, examples, _fp32_optimizer(module, recipe), epochs=recipe.epochs, seed=rng,
                       teacher=teachers[-1] if teachers else None, share=recipe.distillation, cosine=recipe.cosine,
                       progress=None if report is None else report("fp32", generation * recipe.epochs))
        teachers.append(forward)
        scores.append(score)
    return module, teachers, scores


def train_quantized(task: Task, module: nn.Module, examples: Examples, rng: int, teacher: Forward,
                    tell: Callable[[int, float | None], None] | None = None) -> tuple[QuantizedNetwork, int]:
    """The quantized model of an FP32 module, trained on; and the epoch that was selected."""
    recipe, model = task.recipe, _quantized(task, module, examples, rng)
    epoch, _ = fit(model, model.logits, examples, _optimizer(model, recipe), epochs=recipe.quantized_epochs, seed=rng,
                   teacher=teacher if recipe.distillation else None, share=recipe.distillation, cosine=recipe.cosine,
                   progress=tell)
    return model, epoch


def _quantized(task: Task, module: nn.Module, examples: Examples, rng: int) -> QuantizedNetwork:
    """The quantized model as its training starts."""
    recipe = task.recipe
    torch.manual_seed(rng)
    start = module if recipe.start == "fp32" else task.make()
    plan = plan_of(start, weighs=task.weighs)
    if not recipe.quantized_dropout:
        plan = replace(plan, values=tuple(replace(value, terms=tuple(
            replace(term, dropout=0.0) for term in value.terms)) for value in plan.values))
    if recipe.prompt is not None:
        plan = prompted(plan, recipe.prompt, rng)
    model = quantize_batch(plan, recipe.scheme, examples.sample(rng), examples.input, correct=False,
                           target_bits=recipe.target_bits, original=plan_of(module, weighs=task.weighs))
    if recipe.start == "scratch":
        model.randomise_steps()
    return model


def _fp32_optimizer(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    norms = [each for layer in module.modules() if isinstance(layer, nn.BatchNorm1d) for each in layer.parameters()]
    kept = {id(each) for each in norms}
    groups: list[dict[str, Any]] = [
        {"params": [each for each in module.parameters() if id(each) not in kept], "weight_decay": recipe.decay},
        {"params": norms}]
    return torch.optim.Adam(groups, lr=recipe.rate)


def _optimizer(model: QuantizedNetwork, recipe: Recipe) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameter_groups(
        weights={"lr": recipe.weight_rate, "weight_decay": recipe.weight_decay},
        weight_steps={"lr": recipe.weight_step_rate}, message_steps={"lr": recipe.message_step_rate},
        row_steps={"lr": recipe.row_step_rate}, bits={"lr": recipe.bit_rate}))
