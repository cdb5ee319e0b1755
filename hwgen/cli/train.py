"""``hwgen train``: a data set to a checkpoint."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .checkpoint_options import check_output, data_option, output_options
from .console import Console, common

if TYPE_CHECKING:
    from ..frontend.train import Progress, SeedResult

__all__ = ["run_training", "train"]


@click.command()
@data_option(default="digits", show_default=True)
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
@output_options
@common
def train(console: Console, output: Path, **options: Any) -> None:
    """Train a graph neural network whose nodes learn their own bit widths; write a checkpoint.

    \b
    hwgen train --data digits -o digits.pt
    hwgen train --data Cora --seeds 10 -o cora.pt
    hwgen train --data CiteSeer --recipe published -o citeseer.pt

    The same from Python, around a training loop of your own: docs/usage.md.
    """
    console.result(run_training(console, output=output, **options))


def run_training(console: Console, *, output: Path, data: str, kind: str = "gcn", scheme: str = "a2q",
                 recipe: str = "default", seeds: int = 1, hidden: int = 16, layers: int = 2,
                 dropout: float | None = None, epochs: int | None = None, target_bits: float | None = None,
                 data_root: Path | None = None) -> dict[str, Any]:
    """Train, save and print; shared with ``hwgen demo``."""
    check_output(output)
    with console.step("loading torch and the data set"):
        from ..frontend import chain_checkpoint
        from ..frontend.data import load_data
        from ..frontend.recipes import recipe_for
        from ..frontend.train import train as train_model

        graph: Any = load_data(data, data_root)
        length = epochs or recipe_for(recipe, graph.name).epochs
    every = max(1, length // 20)
    with console.bar(f"training {data}", total=2 * seeds * -(-length // every)) as advance:
        def progress(where: "Progress") -> None:
            if where.epoch % every == 0 or where.epoch == where.epochs:
                advance(f"seed {where.seed}, {where.stage}, epoch {where.epoch}")

        done = train_model(graph, recipe, seeds=seeds, hidden=hidden, layers=layers, dropout=dropout,
                           epochs=epochs, target_bits=target_bits, progress=progress)
    chain_checkpoint.save(done.model, graph, output)
    show_results(console, data, list(done.results), done.best)
    console.say(f"checkpoint: {output}")
    return {"checkpoint": str(output), "data": data, "model": kind, "scheme": scheme, "recipe": recipe,
            "hidden": hidden, "layers": layers, "best": asdict(done.best),
            "seeds": [asdict(result) for result in done.results]}


def show_results(console: Console, data: str, results: "list[SeedResult]", best: "SeedResult") -> None:
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
    console.table(f"Training on {data}", ("seed", "epoch", "bits a hidden value", "validation", "test",
                                             "FP32 validation", "FP32 test"), rows)
