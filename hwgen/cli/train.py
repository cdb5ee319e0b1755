"""``hwgen train``: a data set to a checkpoint."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import HwgenError
from .console import Console, common

if TYPE_CHECKING:
    from ..frontend.train import Progress, SeedResult

__all__ = ["run_training", "train"]


@click.command()
@click.option("--dataset", default="digits", show_default=True,
              help="digits (no download: scikit-learn's digits as a k-NN graph), Cora or CiteSeer.")
@click.option("--model", "kind", type=click.Choice(["gcn"]), default="gcn", show_default=True, help="The layers.")
@click.option("--scheme", type=click.Choice(["a2q"]), default="a2q", show_default=True, help="The quantizers.")
@click.option("--recipe", default="default", show_default=True,
              help="default: starts from FP32, distils, freezes bits. published: A²Q as its authors train it.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True,
              help="Train this many models and keep the best by validation.")
@click.option("--hidden", type=click.IntRange(1), default=16, show_default=True, help="Channels of hidden layers.")
@click.option("--layers", type=click.IntRange(2), default=2, show_default=True, help="Graph convolutions.")
@click.option("--dropout", type=click.FloatRange(0, 0.95), help="Instead of the recipe's.")
@click.option("--epochs", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option("--target-bits", type=click.FloatRange(0, 8, min_open=True),
              help="Allocate this many bits a hidden value at the start instead of learning them; for below 0.9.")
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of data sets.  [default: $HWGEN_DATA]")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("model.pt"), show_default=True,
              help="The checkpoint.")
@common
def train(console: Console, output: Path, **options: Any) -> None:
    """Train a graph neural network whose nodes learn their own bit widths; write a checkpoint.

    \b
    hwgen train --dataset digits -o digits.pt
    hwgen train --dataset Cora --seeds 10 -o cora.pt
    hwgen train --dataset CiteSeer --recipe published -o citeseer.pt

    The same from Python, around a training loop of your own: docs/usage.md.
    """
    console.result(run_training(console, output=output, **options))


def run_training(console: Console, *, output: Path, dataset: str, kind: str = "gcn", scheme: str = "a2q",
                 recipe: str = "default", seeds: int = 1, hidden: int = 16, layers: int = 2,
                 dropout: float | None = None, epochs: int | None = None, target_bits: float | None = None,
                 data_root: Path | None = None) -> dict[str, Any]:
    """Train, save and print; shared with ``hwgen demo``."""
    if output.is_dir() or not os.access(output.parent, os.W_OK):  # now, not after an hour of training
        raise HwgenError("the checkpoint cannot be written", str(output),
                         "name a file in a folder that exists and that you may write to")
    with console.step("loading torch and the data set"):
        from ..frontend import chain_checkpoint
        from ..frontend.datasets import load_dataset
        from ..frontend.recipes import recipe_for
        from ..frontend.train import train as train_model

        data = load_dataset(dataset, data_root)
        length = epochs or recipe_for(recipe, data.name).epochs
    every = max(1, length // 20)
    with console.bar(f"training {dataset}", total=2 * seeds * -(-length // every)) as advance:
        def progress(where: "Progress") -> None:
            if where.epoch % every == 0 or where.epoch == where.epochs:
                advance(f"seed {where.seed}, {where.stage}, epoch {where.epoch}")

        done = train_model(data, recipe, seeds=seeds, hidden=hidden, layers=layers, dropout=dropout,
                           epochs=epochs, target_bits=target_bits, progress=progress)
    chain_checkpoint.save(done.model, data, output)
    show_results(console, dataset, list(done.results), done.best)
    console.say(f"checkpoint: {output}")
    return {"checkpoint": str(output), "dataset": dataset, "model": kind, "scheme": scheme, "recipe": recipe,
            "hidden": hidden, "layers": layers, "best": asdict(done.best),
            "seeds": [asdict(result) for result in done.results]}


def show_results(console: Console, dataset: str, results: "list[SeedResult]", best: "SeedResult") -> None:
    """Print every seed's accuracy beside its FP32 model's."""
    rows: list[tuple[object, ...]] = [
        (f"{result.seed}{' (kept)' if result is best else ''}", result.epoch, f"{result.bits:.3f}",
         f"{result.validation:.2%}", f"{result.test:.2%}", f"{result.fp32_validation:.2%}",
         f"{result.fp32_test:.2%}") for result in results
    ]
    if len(results) > 1:
        keys = ("bits", "validation", "test", "fp32_validation", "fp32_test")
        mean = {key: sum(getattr(result, key) for result in results) / len(results) for key in keys}
        rows.append(("mean", "", f"{mean['bits']:.3f}", *(f"{mean[key]:.2%}" for key in keys[1:])))
    console.table(f"Training on {dataset}", ("seed", "epoch", "bits a hidden value", "validation", "test",
                                             "FP32 validation", "FP32 test"), rows)
