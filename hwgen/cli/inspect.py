"""``hwgen inspect``: what is in a checkpoint, or whether hardware can run a module."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..report.tables import Table
from .console import Console, common

__all__ = ["inspect"]


@click.command()
@click.argument("model")
@common
def inspect(console: Console, model: str) -> None:
    """Print a checkpoint's layers, bit widths, scales and sizes; or say whether hardware can run a module.

    \b
    hwgen inspect model.pt
    hwgen inspect net.py:Net                a class or function, called without arguments
    hwgen inspect 'net.py:Net(16, 2)'       any expression in the terms of the file

    Bit widths are those on the sample graphs that travel in the checkpoint. Of a module, every value that
    hardware would compute and store is listed, or the first construct that is not supported is named. The Python file
    is executed; nothing of the module is run.
    """
    from ..frontend.user_file import is_user_file, load_module

    if is_user_file(model):
        with console.step("reading the module"):
            from ..frontend.tracing import some_plan_of
            from ..frontend.tracing.describe import facts_of

            traced = facts_of(some_plan_of(load_module(model)))
        show_plan(console, model, traced)
        console.result(traced)
        return
    with console.step("reading the checkpoint"):
        from ..frontend.checkpoint import load
        from ..network.bits import bits_of_model
        from ..report.model_facts import model_facts
        from ..report.model_tables import headline, model_tables

        network, sample = load(Path(model))
        facts = model_facts(network, sample.batch, bits_of_model(network, sample.batch))
    console.say(f": {headline(facts)}", head=facts.name)
    console.tables(model_tables(facts))
    console.result(asdict(facts))


#: What hardware leaves to its reader, and why it may.
LEFT_OUT = {"log_softmax": "the class is the same", "softmax": "the class is the same",
            "sigmoid": "over 0.5 is a result over 0"}


def show_plan(console: Console, model: str, facts: dict[str, Any]) -> None:
    """Print :func:`hwgen.frontend.tracing.describe.facts_of` as a table."""
    head = f", {facts['head']} left out: {LEFT_OUT[facts['head']]}" if facts["head"] else ""
    outputs = "1 output" if facts["outputs"] == 1 else f"{facts['outputs']} outputs"
    console.say(f" is supported: {facts['features']} features, {outputs} "
                f"for each of the {facts['of']}{head}; {facts['weights']:,} weights", head=model)
    console.tables([Table(
        title="Values in order of computation; messages add up over lists, activations go through the MAC array",
        columns=("value", "layer", "channels", "of", "role", "computes"),
        rows=[(value["name"], value["path"], str(value["width"]), value["of"], value["role"], value["formula"])
              for value in facts["values"]])])
