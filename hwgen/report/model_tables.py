"""What ``hwgen inspect`` shows of a model, as tables."""

from collections.abc import Sequence

from .model_facts import LayerFacts, ModelFacts, ValueFacts
from .names import title
from .tables import Table, span

__all__ = ["degree_tables", "headline", "model_tables"]

#: What each of :func:`hwgen.report.sizes.average_bits` averages over.
CONVENTIONS = {"rows": "rows of activations, each counted once, as A²Q reports",
               "hidden_maps": "codes of activations: the hidden feature maps",
               "all_activations": "every stored code: activations and messages"}


def headline(facts: ModelFacts) -> str:
    """The model and its sample in one sentence."""
    graphs = "1 graph" if facts.graphs == 1 else f"{facts.graphs:,} graphs"
    results = "1 result" if facts.classes == 1 else f"{facts.classes} results"
    left = f", {facts.head} left to the host" if facts.head else ""
    return (f"{results} for each of the {facts.of}{left}; sample of {graphs}, {facts.nodes:,} nodes, "
            f"{facts.edges:,} edges, {facts.features:,} features of {facts.input_bits} bit, "
            f"{facts.feature_nonzeros:,} of them not zero; {facts.bit_operations / 1e6:,.2f} million bit operations")


def model_tables(facts: ModelFacts) -> list[Table]:
    """Values, linear layers, bits by degree, average bits and sizes."""
    return [
        Table(title="Values in order of computation", rows=[_value(value) for value in facts.values], columns=(
            "value", "layer", "channels", "of", "role", "computes", "quantizer", "bits", "mean bits", "step")),
        Table(title="Linear layers", columns=("value", "layer", "weights", "weight bits", "weight step", "zeros",
                                              "different rows"),
              rows=[_layer(layer) for layer in facts.layers]),
        *degree_tables(facts),
        Table(title="Average bits of an activation", columns=("average over", "bits", "against FP32"), rows=[
            (name, f"{facts.average_bits[key]:.3f}", f"{facts.compression[key]:.1f}x")
            for key, name in CONVENTIONS.items()]),
        _sizes(facts),
    ]


def degree_tables(facts: ModelFacts) -> list[Table]:
    """Of each activation: nodes of each class of in-degrees by bit width. None where there are no nodes."""
    path = {value.name: value.path for value in facts.values}
    return [_degrees(title(name, path[name]), table, facts.degree_classes)
            for name, table in facts.bits_by_degree.items() if any(map(any, table))]


def _value(value: ValueFacts) -> tuple[str, ...]:
    head = (value.name, value.path, str(value.width), value.of, value.role, value.formula)
    quantizer, bits = value.quantizer, value.row_bits
    if quantizer is None:
        return (*head, "-", "16", "-", "-")
    low, high = quantizer.bits
    return (*head, quantizer.name, f"{low}" if low == high else f"{low}-{high}", f"{bits.mean:.3f}" if bits else "-",
            span(quantizer.step))


def _layer(layer: LayerFacts) -> tuple[str, ...]:
    return (layer.name, layer.path, f"{layer.inputs} x {layer.outputs}", str(layer.weight_bits),
            span(layer.weight_step), f"{layer.weight_zeros:.1%}",
            f"{layer.different_rows:,}")


def _degrees(name: str, table: Sequence[Sequence[int]], classes: Sequence[str]) -> Table:
    widths = range(1 + max(bits for row in table for bits, nodes in enumerate(row) if nodes))
    every = [sum(column) for column in zip(*table, strict=True)]
    rows = [(label, *(f"{row[bits]:,}" for bits in widths), f"{sum(row):,}",
             f"{sum(bits * nodes for bits, nodes in enumerate(row)) / sum(row):.3f}")
            for label, row in (*zip(classes, table, strict=True), ("all", every)) if sum(row)]
    return Table(title=f"{name}: nodes by in-degree (self loop counted) and bit width", rows=rows,
                 columns=("in-degree", *(f"{bits} bit" for bits in widths), "nodes", "mean bits"))


def _sizes(facts: ModelFacts) -> Table:
    size, ratio = facts.bytes, facts.compression
    model = size["weights"] + size["steps_and_biases"]
    return Table(title="Model size", columns=("what", "bytes", "against FP32"), rows=[
        ("FP32 weights and biases", f"{size['fp32']:,.0f}", "1.0x"),
        ("weight codes, steps, biases", f"{model:,.0f}", f"{ratio['model']:.1f}x"),
        ("the same with tables of rows' steps and widths", f"{model + size['node_parameters']:,.0f}",
         f"{ratio['model_with_node_parameters']:.1f}x"),
    ])
