"""``hwgen quantize``: an FP32 model of a user's own to a checkpoint, without training."""

from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from .checkpoint_options import SCHEMES, check_output, data_option, output_options
from .console import Console, common

__all__ = ["quantize"]


@click.command()
@click.argument("model")
@click.option("--weights", type=click.Path(path_type=Path),
              help="Trained weights, of torch.save(model.state_dict(), ...).  [default: as the file makes them]")
@data_option(required=True)
@click.option("--scheme", type=click.Choice(SCHEMES), default="nns",
              show_default=True, help="How hidden rows get their bits; a2q: one graph, every node its own.")
@click.option("--bits", type=click.IntRange(1, 8), help="Stored bits of hidden rows.  [default: the scheme's]")
@click.option("--weight-bits", type=click.IntRange(2, 8), help="Bits of weights.  [default: the scheme's]")
@click.option("--message-bits", type=click.IntRange(2, 8), help="Bits of what is summed.  [default: the scheme's]")
@output_options
@common
def quantize(console: Console, model: str, weights: Path | None, data: str, scheme: str, bits: int | None,
             weight_bits: int | None, message_bits: int | None, data_root: Path | None, output: Path) -> None:
    """Quantize a trained FP32 model from its values on calibration graphs; write a checkpoint. Nothing is trained.

    \b
    hwgen quantize net.py:Net --weights net.pt --data MUTAG -o mutag.pt
    hwgen quantize 'net.py:Net(1433, 7)' --weights cora_fp32.pt --data Cora --scheme a2q -o cora.pt

    MODEL names the structure as `hwgen inspect` takes it; the Python file is executed. The module and what hwgen takes
    it to compute are run on calibration graphs and compared before anything is quantized.
    """
    check_output(output)
    with console.step("reading the module"):
        from ..frontend.checkpoint import save
        from ..frontend.data import load_data
        from ..frontend.data.batching import graphs_of
        from ..frontend.data.own_files import load_weights
        from ..frontend.quantize.prepare import quantize as quantize_module
        from ..frontend.tracing import plan_of
        from ..frontend.tracing.agreement import agreement
        from ..frontend.user_file import load_module

        module = load_module(model)
        if weights is not None:
            load_weights(module, weights)
        plan_of(module)  # what is not supported is said before data are read
    with console.step("reading the data"):
        graphs = graphs_of(load_data(data, data_root))
    with console.step("quantizing"):
        quantized = quantize_module(module, scheme, data=graphs[0] if len(graphs) == 1 else graphs, bits=bits,
                                    weight_bits=weight_bits, message_bits=message_bits)
        found = agreement(module, quantized, graphs)
        save(quantized, graphs[0] if len(graphs) == 1 else graphs, output)
    _show(console, model, found)
    console.say(f"checkpoint: {output}")
    console.result({"checkpoint": str(output), "model": model, "scheme": scheme, **found})


def _show(console: Console, model: str, found: dict[str, Any]) -> None:
    rows: list[tuple[object, ...]] = [("same class as FP32", f"{found['agreement']:.2%}"),
                                      ("mean bits of a hidden row", f"{found['bits']:.3f}")]
    if found["accuracy"] is not None:
        rows += [("accuracy, FP32", f"{found['fp32_accuracy']:.2%}"),
                 ("accuracy, quantized", f"{found['accuracy']:.2%}")]
    console.table(f"{escape(model)} on {found['rows']:,} {found['of']}", ("what", "figure"), rows)
