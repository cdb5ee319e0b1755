"""``hwgen inspect``: what is in a checkpoint, or whether hardware can run a module."""

from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from .console import Console, common

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

    Bit widths are those of the nodes of the sample graph that travels in the checkpoint. Of a module, every value that
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
        from ..frontend.reading import load
        from ..report.model_facts import model_facts

        facts = model_facts(load(Path(model)))
    show(console, facts)
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
                     _span(layer["weight_step"]), layer["message_bits"], _span(layer["message_step"]),
                     f"{bits['mean']:.3f} ({bits['min']}-{bits['max']})" if bits else "-",
                     _span(layer["row_step"]) if layer["row_step"] else "-"))
    console.table("Layers", ("layer", "weights", "weight bits", "weight step", "XW bits", "XW step", "bits per node",
                             "node step"), rows)
    for path, table in facts["bits_by_degree"].items():
        widths = range(1 + max(bits for row in table for bits, nodes in enumerate(row) if nodes))
        every = [sum(column) for column in zip(*table, strict=True)]
        shown = [*zip(facts["degree_classes"], table, strict=True), ("all", every)]
        lines = [(label, *(f"{row[bits]:,}" for bits in widths), f"{sum(row):,}",
                  f"{sum(bits * nodes for bits, nodes in enumerate(row)) / sum(row):.3f}")
                 for label, row in shown if sum(row)]
        console.table(f"{path}: nodes by in-degree (self loop counted) and bit width",
                      ("in-degree", *(f"{bits} bit" for bits in widths), "nodes", "mean bits"), lines)
    average, size, ratio = facts["average_bits"], facts["bytes"], facts["compression"]
    console.table("Average bits of an activation", ("convention", "bits", "against FP32"), [
        ("hidden feature maps only, as A²Q reports", f"{average['hidden_maps']:.3f}", f"{ratio['hidden_maps']:.1f}x"),
        ("all activations: hidden maps and XW codes", f"{average['all_activations']:.3f}",
         f"{ratio['all_activations']:.1f}x"),
    ])
    model = size["weights"] + size["steps_and_biases"]
    console.table("Model size", ("what", "bytes", "against FP32"), [
        ("FP32 weights and biases", f"{size['fp32']:,.0f}", "1.0x"),
        ("weight codes, steps, biases", f"{model:,.0f}", f"{ratio['model']:.1f}x"),
        ("the same with per-node steps and widths", f"{model + size['node_parameters']:,.0f}",
         f"{ratio['model_with_node_parameters']:.1f}x"),
    ])


def _span(pair: list[float]) -> str:
    return f"{pair[0]:.3g} .. {pair[1]:.3g}"
