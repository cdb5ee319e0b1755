"""``hwgen train``: a model and a data set to a checkpoint."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import click

from ..errors import HwgenError
from ..schemes import PROMPTS, Prompt
from .checkpoint_options import check_output, data_option, input_option, output_options, scheme_options
from .console import Console, common
from .figures import TEST, measured
from .summary import show_figures

if TYPE_CHECKING:
    from ..frontend.training.results import Progress, Training

__all__ = ["run_training", "train"]

#: Steps of the progress bar for each run.
STEPS = 40


@click.command()
@click.option("--model", default="gcn", show_default=True,
              help="gcn, sage or gin; or a module of your own, net.py:Net, whose file is executed.")
@data_option(default="digits", show_default=True)
@TEST
@scheme_options(None, "a2q on one graph, nns on a set")
@click.option("--recipe", default="default", show_default=True,
              help="default: starts from FP32, distils, freezes bits half-way. fast: the same for fewest cycles, with "
                   "0.7 bit a row and weights of 3 bits. published: A²Q as its authors train it. Both are for gcn with "
                   "a2q on one graph.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True,
              help="Train this many models, of each fold, and keep the best by validation.")
@click.option("--folds", type=click.IntRange(1, 10), help="Of a set of graphs: train this many of its ten folds.")
@click.option("--fold", type=click.IntRange(0, 9), help="Of a set of graphs: train this fold only.  [default: 0]")
@click.option("--hidden", type=click.IntRange(1), help="Channels of hidden layers, instead of the recipe's.")
@click.option("--layers", type=click.IntRange(1), help="Graph convolutions, instead of the recipe's.")
@click.option("--dropout", type=click.FloatRange(0, 0.95), help="Instead of the recipe's.")
@click.option("--epochs", type=click.IntRange(1), help="Of the FP32 and the quantized model, instead of the recipe's.")
@click.option("--bits", type=click.IntRange(1, 8), help="Bits of hidden values to start from.  [default: the recipe's]")
@click.option("--weight-bits", type=click.IntRange(2, 8), help="Bits of weights.  [default: the recipe's]")
@click.option("--message-bits", type=click.IntRange(2, 8), help="Bits of what is summed.  [default: the recipe's]")
@click.option("--edge-bits", type=click.IntRange(1, 8), help="Bits of what edges weigh, without the sign.  "
              "[default: the recipe's]")
@input_option
@click.option("--target-bits", type=click.FloatRange(0, 4, min_open=True),
              help="Allocate this many bits a hidden value at the start instead of learning them; gcn with a2q, for "
                   "below 0.9.")
@click.option("--prompt", type=click.Choice(PROMPTS), default="none", show_default=True,
              help="Rows to learn beside the model (docs/prompts.md). A softmax, as in gpf-plus, trains from Python "
                   "only: no hardware computes it.")
@click.option("--prompts", type=click.IntRange(1), default=8, show_default=True, help="Rows of gpf-plus.")
@click.option("--rank", type=click.IntRange(0), default=4, show_default=True,
              help="Of lorap: rows behind each aggregation; 0 is one constant row.")
@click.option("--by-width", is_flag=True, help="Also train rows that all have 1, 2, 4 or 8 bits, each its own step: "
              "reports then compare learned widths with uniform ones at equal accuracy.")
@output_options
@common
def train(console: Console, output: Path, folds: int | None, fold: int | None, **options: Any) -> None:
    """Train a graph neural network that learns its own bit widths; write a checkpoint.

    \b
    hwgen train -o digits.pt                                       gcn on digits, nothing is downloaded
    hwgen train --data Cora --seeds 10 -o cora.pt                  the best of ten by validation
    hwgen train --model sage --data Cora --scheme mega -o sage.pt
    hwgen train --model gin --data MUTAG --folds 10 -o mutag.pt    graph classification, ten folds
    hwgen train --model net.py:Net --data graphs.pt -o net.pt      your own module, your own graphs

    The model is trained in FP32, quantized, and trained on with the FP32 model's predictions beside the labels. Epochs
    are selected by validation; the test part is looked at once, at the end: FP32, the quantized model and the integer
    program stand side by side. What is learned follows from labels and results: classes, signs, several labels, or
    real values by their squared error. One graph is parted by its masks, a set of graphs by ten folds, stratified by
    class. What cannot be trained or built is refused before the first epoch.

    The same from Python: hwgen.train(...); around a training loop of your own: docs/usage.md.
    """
    if folds is not None and fold is not None:
        raise HwgenError(f"--folds {folds} and --fold {fold}", "--fold", "give one of them")
    prompt = Prompt(kind=options.pop("prompt"), prompts=options.pop("prompts"), rank=options.pop("rank"))
    if not prompt.is_exact:
        raise HwgenError(f"--prompt {prompt.kind} has a softmax, of which hardware has no exact integers", "--prompt",
                         "use gpf, lorap or gpf-lorap; or measure it from Python: hwgen.train(..., prompt=...)")
    options["prompt"] = None if prompt.kind == "none" else prompt
    chosen = [fold] if fold is not None else None if folds is None else list(range(folds))
    console.result(run_training(console, output=output, folds=chosen, **options))


def run_training(console: Console, *, output: Path, model: str = "gcn", data: str = "digits", scheme: str | None = None,
                 recipe: str = "default", seeds: int = 1, folds: Sequence[int] | None = None,
                 data_root: Path | None = None, test: Path | None = None, **options: Any) -> dict[str, Any]:
    """Train, save and print; shared with ``hwgen demo``."""
    check_output(output)
    with console.step("loading torch and the data set"):
        from ..frontend.data import load_data
        from ..frontend.data.batching import graphs_of
        from ..frontend.training import train as train_model

        given = None if test is None else graphs_of(load_data(test, data_root))

    shown = 0
    with console.bar(f"training {model} on {data}", total=STEPS * seeds * len(folds or [0])) as advance:
        def progress(where: "Progress") -> None:
            nonlocal shown
            fold = "" if folds is None else f"fold {where.fold}, "
            while shown < STEPS * where.run + STEPS * where.done // where.total:
                advance(f"{fold}seed {where.seed}, {where.stage}, epoch {where.epoch} of {where.epochs}")
                shown += 1

        done = train_model(model, data, scheme, recipe, seeds=seeds, folds=folds, root=data_root, progress=progress,
                           **options)
    show_results(console, f"{model} on {data}", done)
    with console.step("running FP32, the quantized model and the integer program"):
        others, tested = done.kept.examples.graphs()
        figures = measured(done.model, tested if given is None else given, others,
                           f"the test part of {data}" if test is None else str(test))
        done.save(output, test=given)
    show_figures(console, [figures])
    console.say(f"checkpoint: {output}")
    return {"checkpoint": str(output), "model": model, "data": data, "scheme": done.scheme, "recipe": recipe,
            "best": asdict(done.best), "runs": [asdict(result) for result in done.results], "figures": asdict(figures),
            "accuracy_by_width": done.accuracy_by_width}


def show_results(console: Console, what: str, training: "Training") -> None:
    """Print every run's accuracy, or mean error of real labels, beside its FP32 model's."""
    results, best = training.results, training.best
    form, title = ("{:.4g}", f"Training {what}; mean absolute errors") if best.task == "regression" else (
        "{:.2%}", f"Training {what}")
    by_fold = training.kept.examples.per == "graphs"
    keys = ("bits", "validation", "test", "fp32_validation", "fp32_test")
    runs: list[tuple[object, object, object, list[float]]] = [
        (each.fold, f"{each.seed}{' (kept)' if each is best else ''}", each.epoch, [getattr(each, key) for key in keys])
        for each in results]
    if len(results) > 1:
        means = [fmean(getattr(each, key) for each in results) for key in keys]
        runs.append(("mean", "" if by_fold else "mean", "", means))
    rows = [(*([fold] if by_fold else []), seed, epoch, f"{bits:.3f}", *map(form.format, others))
            for fold, seed, epoch, (bits, *others) in runs]
    console.table(title, (*(["fold"] if by_fold else []), "seed", "epoch", "bits a hidden value", "validation", "test",
                          "FP32 validation", "FP32 test"), rows)
    if training.accuracy_by_width:
        console.table("Means by width of hidden rows", ("width", "validation", "test"), [
            (f"{bits} bit" if bits else "learned", f"{validation:.2%}", f"{test:.2%}")
            for bits, validation, test in training.accuracy_by_width])
