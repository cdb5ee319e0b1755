"""Tables that both kinds of models have."""

from collections.abc import Sequence
from typing import Any

from .console import Console

__all__ = ["agreement_rows", "bits_by_degree", "sizes", "span"]


def agreement_rows(agreed: dict[str, Any] | None) -> list[tuple[str, str]]:
    """How near the integer results are to PyTorch's: rows of a table, none where PyTorch's are not known."""
    if not agreed:
        return []
    rows = [("argmax agrees with PyTorch",
             f"{agreed['argmax']:.3%} ({agreed['disagreeing']} {agreed.get('of', 'nodes')} differ)"),
            ("largest difference of a logit", f"{agreed['largest_code_difference']} codes of 16 bit")]
    if agreed["accuracy_torch"] is not None:
        rows.append(("accuracy, PyTorch / hardware",
                     f"{agreed['accuracy_torch']:.2%} / {agreed['accuracy_integer']:.2%}"))
    return rows


def bits_by_degree(console: Console, name: str, table: Sequence[Sequence[int]], classes: Sequence[str]) -> None:
    """Print how many nodes of each class of in-degrees have which width; nothing if there are no nodes."""
    if not any(map(any, table)):
        return
    widths = range(1 + max(bits for row in table for bits, nodes in enumerate(row) if nodes))
    every = [sum(column) for column in zip(*table, strict=True)]
    shown = [*zip(classes, table, strict=True), ("all", every)]
    lines = [(label, *(f"{row[bits]:,}" for bits in widths), f"{sum(row):,}",
              f"{sum(bits * nodes for bits, nodes in enumerate(row)) / sum(row):.3f}")
             for label, row in shown if sum(row)]
    console.table(f"{name}: nodes by in-degree (self loop counted) and bit width",
                  ("in-degree", *(f"{bits} bit" for bits in widths), "nodes", "mean bits"), lines)


def sizes(console: Console, facts: dict[str, Any], conventions: tuple[str, str], with_rows: str) -> None:
    """Print average bits in both conventions, and what the model takes.

    Parameters
    ----------
    conventions : pair of str
        What ``hidden_maps`` and ``all_activations`` average over.
    with_rows : str
        Name of the size with the parameters of rows.
    """
    average, size, ratio = facts["average_bits"], facts["bytes"], facts["compression"]
    console.table("Average bits of an activation", ("convention", "bits", "against FP32"), [
        (name, f"{average[key]:.3f}", f"{ratio[key]:.1f}x")
        for name, key in zip(conventions, ("hidden_maps", "all_activations"), strict=True)])
    model = size["weights"] + size["steps_and_biases"]
    console.table("Model size", ("what", "bytes", "against FP32"), [
        ("FP32 weights and biases", f"{size['fp32']:,.0f}", "1.0x"),
        ("weight codes, steps, biases", f"{model:,.0f}", f"{ratio['model']:.1f}x"),
        (with_rows, f"{model + size['node_parameters']:,.0f}", f"{ratio['model_with_node_parameters']:.1f}x"),
    ])


def span(pair: list[float]) -> str:
    """Lowest and highest of some steps."""
    return f"{pair[0]:.3g} .. {pair[1]:.3g}" if pair[0] != pair[1] else f"{pair[0]:.3g}"
