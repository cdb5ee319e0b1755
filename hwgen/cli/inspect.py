"""``hwgen inspect``: what is in a checkpoint, or whether hardware can run a module."""

from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from .console import Console, common
from .network_tables import show_network
from .tables import bits_by_degree, sizes, span

__all__ = ["inspect", "show"]


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
            from ..frontend.tracing import plan_of
            from ..frontend.tracing.describe import facts_of

            traced = facts_of(plan_of(load_module(model)))
        show_plan(console, model, traced)
        console.result(traced)
        return
    with console.step("reading the checkpoint"):
        from ..frontend.model_file import load
        from ..report.model_facts import model_facts
        from ..report.network_facts import network_facts
        from ..targets.banked.chain import QuantGraph
        from ..targets.lists.bits import bits_of_model

        found = load(Path(model))
        if isinstance(found, QuantGraph):
            facts, print_tables = model_facts(found), show
        else:
            network, sample = found
            facts = network_facts(network, sample.batch, bits_of_model(network, sample.batch))
            print_tables = show_network
    print_tables(console, facts)
    console.result(facts)


def show_plan(console: Console, model: str, facts: dict[str, Any]) -> None:
    """Print :func:`hwgen.frontend.tracing.describe.facts_of` as a table."""
    head = f", {facts['head']} left out" if facts["head"] else ""
    console.say(f"[bold]{escape(model)}[/bold] is supported: {facts['features']} features, {facts['outputs']} outputs "
                f"for each of the {facts['of']}{head}; {facts['weights']:,} weights")
    console.table("Values in order of computation; messages add up over lists, rows go through the MAC array",
                  ("value", "layer", "channels", "of", "role", "computes"),
                  [(value["name"], value["path"], value["width"], value["of"], value["role"], escape(value["formula"]))
                   for value in facts["values"]])


def show(console: Console, facts: dict[str, Any]) -> None:
    """Print :func:`hwgen.report.model_facts.model_facts` as tables."""
    console.say(f"[bold]{facts['name']}[/bold]: {facts['nodes']:,} nodes, {facts['edges']:,} edges, "
                f"{facts['features']:,} features of {facts['input_bits']} bit, "
                f"{facts['feature_nonzeros']:,} of them not zero")
    rows = []
    for layer in facts["layers"]:
        bits = layer["row_bits"]
        rows.append((layer["path"], f"{layer['inputs']} x {layer['outputs']}", layer["weight_bits"],
                     span(layer["weight_step"]), layer["message_bits"], span(layer["message_step"]),
                     f"{bits['mean']:.3f} ({bits['min']}-{bits['max']})" if bits else "-",
                     span(layer["row_step"]) if layer["row_step"] else "-"))
    console.table("Layers", ("layer", "weights", "weight bits", "weight step", "XW bits", "XW step", "bits per node",
                             "node step"), rows)
    for path, table in facts["bits_by_degree"].items():
        bits_by_degree(console, path, table, facts["degree_classes"])
    sizes(console, facts, ("hidden feature maps only, as A²Q reports", "all activations: hidden maps and XW codes"),
          "the same with per-node steps and widths")
