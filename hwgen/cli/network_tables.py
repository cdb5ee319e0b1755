"""What ``hwgen inspect`` prints of a network."""

from typing import Any

from rich.markup import escape

from .console import Console
from .tables import bits_by_degree, sizes, span

__all__ = ["show_network"]


def show_network(console: Console, facts: dict[str, Any]) -> None:
    """Print :func:`hwgen.report.network_facts.network_facts` as tables."""
    from ..report.lists_names import title

    graphs = "1 graph" if facts["graphs"] == 1 else f"{facts['graphs']:,} graphs"
    console.say(f"[bold]{escape(facts['name'])}[/bold]: {facts['classes']} results for each of the {facts['of']}; "
                f"sample of {graphs}, {facts['nodes']:,} nodes, {facts['edges']:,} edges, {facts['features']:,} "
                f"features of {facts['input_bits']} bit, {facts['feature_nonzeros']:,} of them not zero")
    console.table("Values in order of computation",
                  ("value", "layer", "channels", "of", "role", "computes", "quantizer", "bits", "mean bits", "step"),
                  [_value(value) for value in facts["values"]])
    console.table("Linear layers", ("value", "layer", "weights", "weight bits", "weight step", "zeros"),
                  [(layer["name"], layer["path"], f"{layer['inputs']} x {layer['outputs']}", layer["weight_bits"],
                    span(layer["weight_step"]), f"{layer['weight_zeros']:.1%}") for layer in facts["layers"]])
    path = {value["name"]: value["path"] for value in facts["values"]}
    for name, table in facts["bits_by_degree"].items():
        bits_by_degree(console, title(name, path[name]), table, facts["degree_classes"])
    sizes(console, facts, ("rows, each counted once, as A²Q reports", "every stored code: rows and messages"),
          "the same with tables of rows' steps and widths")


def _value(value: dict[str, Any]) -> tuple[object, ...]:
    head = (value["name"], value["path"], value["width"], value["of"], value["role"], escape(value["formula"]))
    quantizer, bits = value["quantizer"], value["row_bits"]
    if quantizer is None:
        return (*head, "-", "16", "-", "-")
    low, high = quantizer["bits"]
    return (*head, quantizer["name"], f"{low}" if low == high else f"{low}-{high}",
            f"{bits['mean']:.3f}" if bits else "-", span(quantizer["step"]))
