"""``hwgen quantize``: an FP32 model of a user's own to a checkpoint, without training."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from .checkpoint_options import check_output, data_option, input_option, output_options, scheme_options
from .console import Console, common
from .figures import TEST, measured
from .summary import show_figures

__all__ = ["quantize"]


@click.command()
@click.argument("model")
@click.option("--weights", type=click.Path(path_type=Path),
              help="Trained weights, of torch.save(model.state_dict(), ...).  [default: as the file makes them]")
@data_option(required=True)
@TEST
@scheme_options("nns")
@click.option("--bits", type=click.IntRange(1, 8), help="Stored bits of hidden rows.  [default: the scheme's]")
@click.option("--weight-bits", type=click.IntRange(2, 8), help="Bits of weights.  [default: the scheme's]")
@click.option("--message-bits", type=click.IntRange(2, 8), help="Bits of what is summed.  [default: the scheme's]")
@click.option("--edge-bits", type=click.IntRange(1, 8), help="Bits of what edges weigh, without the sign.  "
              "[default: the scheme's]")
@input_option
@output_options
@common
def quantize(console: Console, model: str, weights: Path | None, data: str, test: Path | None, scheme: str,
             data_root: Path | None, output: Path, **widths: Any) -> None:
    """Quantize a trained FP32 model from its values on calibration graphs; write a checkpoint. Nothing is trained.

    \b
    hwgen quantize net.py:Net --weights net.pt --data MUTAG -o mutag.pt
    hwgen quantize 'net.py:Net(1433, 7)' --weights cora_fp32.pt --data Cora --scheme a2q -o cora.pt

    FP32, the quantized model and the integer program stand side by side, on the test nodes or graphs of --data, or on
    --test. What is counted follows from the labels and the results (docs/usage.md): classes, signs or real values.

    MODEL names the structure as `hwgen inspect` takes it; the Python file is executed. The module and what hwgen takes
    it to compute are run on calibration graphs and compared before anything is quantized.
    """
    check_output(output)
    with console.step("reading the module"):
        from ..frontend.data import load_data
        from ..frontend.data.batching import graphs_of
        from ..frontend.data.own_files import load_weights
        from ..frontend.known import batches_of
        from ..frontend.quantize.prepare import quantize as quantize_module
        from ..frontend.saving import save_read
        from ..frontend.tracing import some_plan_of
        from ..frontend.user_file import load_module

        module = load_module(model)
        if weights is not None:
            load_weights(module, weights)
        some_plan_of(module)  # what is not supported is said before data are read
    with console.step("reading the data"):
        graphs = graphs_of(load_data(data, data_root))
        tested = graphs if test is None else graphs_of(load_data(test, data_root))
    with console.step("quantizing"):
        quantized = quantize_module(module, scheme, data=graphs, **widths)
        figures = measured(quantized, tested, graphs, data if test is None else str(test))
        mean = quantized.average_bits(batches_of(tested))
        save_read(quantized, graphs, tested, output)
    console.say(f": mean bits of a hidden row {mean:.3f}", head=model)
    show_figures(console, [figures])
    console.say(f"checkpoint: {output}")
    console.result({"checkpoint": str(output), "model": model, "scheme": scheme, "bits": mean,
                    "agreement": figures.same("quantized", "fp32"), "accuracy": figures.accuracy("quantized"),
                    "fp32_accuracy": figures.accuracy("fp32"),
                    "figures": asdict(figures)})
