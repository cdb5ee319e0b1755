"""Facts about a quantized network: what it computes, bits, scales, sizes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..network.batch import Batch
from ..network.bits import Bits
from ..network.dictionary import Dictionary
from ..network.formulas import formula
from ..network.heads import Head
from ..network.network import Network, Quantizer, Term, Value
from ..numeric import MAX_ACTIVATION_BITS
from .names import quantizer_name, roles
from .sizes import average_bits, bit_operations, bytes_of, compression, linear_terms, operations

__all__ = ["DEGREES", "LayerFacts", "ModelFacts", "QuantizerFacts", "RowBits", "ValueFacts", "bits_by_degree",
           "degree_labels", "model_facts"]

#: Lower bounds of the in-degree classes (self loop counted) that histograms use.
DEGREES = (1, 2, 3, 4, 5, 9, 17, 33)

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class QuantizerFacts:
    """How a value becomes codes.

    Parameters
    ----------
    by : str
        As in :class:`hwgen.network.network.Quantizer`; ``name`` is for people.
    entries : int
        Steps to choose from; 1 by column.
    bits, step : pair
        Lowest and highest.
    """

    by: str
    name: str
    signed: bool
    entries: int
    bits: tuple[int, int]
    step: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class RowBits:
    """Bit widths of a value's rows on the sample; ``histogram``: rows of width 0, 1, ..., 8."""

    mean: float
    min: int
    max: int
    histogram: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ValueFacts:
    """One value of the network.

    Parameters
    ----------
    name, path : str
        Unique name; the user's layer.
    width : int
        Channels.
    of : str
        nodes or graphs.
    role : str
        activation, message or result (:func:`hwgen.report.names.roles`).
    formula : str
        What it computes.
    quantizer, row_bits
        None of the result; ``row_bits`` also where the sample has no rows.
    """

    name: str
    path: str
    width: int
    of: str
    role: str
    formula: str
    quantizer: QuantizerFacts | None
    row_bits: RowBits | None


@dataclass(frozen=True, kw_only=True)
class LayerFacts:
    """One linear layer; ``name`` is the value that it is part of, ``weight_zeros`` the share of zero codes.

    ``different_rows`` are those of the weights that are neither zeros nor equal to one before.
    """

    name: str
    path: str
    inputs: int
    outputs: int
    weight_bits: int
    weight_step: tuple[float, float]
    weight_zeros: float
    different_rows: int
    bias: bool


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What ``hwgen inspect`` prints of a model.

    Parameters
    ----------
    name : str
    graphs, nodes, edges, feature_nonzeros : int
        Of the sample.
    features, input_bits : int
        Of the input.
    of : str
        What has results: nodes or graphs.
    classes, trained_nodes : int
        Results of each; nodes of per-node quantizers, 0 where there are none.
    head : Head
        What the user's forward does with the results, and hardware does not.
    values, layers : tuple
        In order of computation.
    operations : dict
        Value name -> FINN's counts (:func:`hwgen.report.sizes.operations`).
    bits_by_degree : dict
        Name of an activation of nodes -> nodes of the sample by class of in-degrees and bit width 0, ..., 8.
    degree_classes : tuple of str
        Names of the classes.
    average_bits, bytes, compression : dict
    bit_operations : int
        On the sample; :mod:`hwgen.report.sizes`.
    """

    name: str
    graphs: int
    nodes: int
    edges: int
    features: int
    feature_nonzeros: int
    input_bits: int
    of: str
    classes: int
    trained_nodes: int
    head: Head
    values: tuple[ValueFacts, ...]
    layers: tuple[LayerFacts, ...]
    operations: dict[str, dict[str, int]]
    bits_by_degree: dict[str, tuple[tuple[int, ...], ...]]
    degree_classes: tuple[str, ...]
    average_bits: dict[str, float]
    bytes: dict[str, float]
    compression: dict[str, float]
    bit_operations: int


def model_facts(network: Network, batch: Batch, bits: Bits) -> ModelFacts:
    """Collect the facts of a network and its sample.

    Parameters
    ----------
    network : Network
    batch : Batch
        Its sample graphs.
    bits : mapping of value name to int64 [rows]
        Width of each row of every value but the result, on these graphs: of the model itself
        (:func:`hwgen.network.bits.bits_of_model`), or as a design chooses them.
    """
    role = roles(network)
    average = average_bits(network, bits)
    degrees = np.diff(batch.lists("looped").indptr).astype(np.int64)
    return ModelFacts(
        name=network.name, graphs=batch.graphs, nodes=batch.num_nodes, edges=int(batch.edges.shape[1]),
        features=network.features, feature_nonzeros=int(batch.features.nnz), input_bits=network.input_bits,
        of=network.values[-1].domain, classes=network.values[-1].width, trained_nodes=network.trained_nodes,
        head=network.head,
        values=tuple(_value(value, role[value.name], bits.get(value.name)) for value in network.values),
        layers=tuple(_layer(value, term) for value, term in linear_terms(network)),
        operations={value.name: operations(value, network, batch) for value in network.values},
        bits_by_degree={value.name: bits_by_degree(degrees, bits[value.name]) for value in network.values
                        if role[value.name] == "activation" and value.domain == "nodes"},
        degree_classes=degree_labels(), average_bits=average, bytes=bytes_of(network),
        compression=compression(network, average), bit_operations=bit_operations(network, batch, bits))


def degree_labels() -> tuple[str, ...]:
    """Names of the degree classes: ``1``, ``2``, ..., ``5-8``, ..., ``33+``."""
    ends = [*(start - 1 for start in DEGREES[1:]), None]
    return tuple(f"{low}+" if high is None else str(low) if low == high else f"{low}-{high}"
                 for low, high in zip(DEGREES, ends, strict=True))


def bits_by_degree(degrees: Ints, bits: Ints) -> tuple[tuple[int, ...], ...]:
    """Count nodes by degree class (rows) and bit width 0..8 (columns)."""
    classes = np.searchsorted(np.array(DEGREES), degrees, side="right") - 1
    table = np.zeros((len(DEGREES), MAX_ACTIVATION_BITS + 1), np.int64)
    np.add.at(table, (classes, bits), 1)
    return tuple(tuple(row) for row in table.tolist())


def _value(value: Value, role: str, bits: Ints | None) -> ValueFacts:
    return ValueFacts(
        name=value.name, path=value.path, width=value.width, of=value.domain, role=role,
        formula=formula(value, lambda weight: weight.codes),
        quantizer=None if value.quantizer is None else _quantizer(value.quantizer),
        row_bits=None if bits is None or not bits.size else RowBits(
            mean=float(bits.mean()), min=int(bits.min()), max=int(bits.max()),
            histogram=tuple(np.bincount(bits, minlength=MAX_ACTIVATION_BITS + 1).tolist())))


def _quantizer(quantizer: Quantizer) -> QuantizerFacts:
    return QuantizerFacts(
        by=quantizer.granularity, name=quantizer_name(quantizer), signed=quantizer.signed,
        entries=int(quantizer.step.size) if quantizer.granularity.by_row else 1,
        bits=(int(quantizer.bits.min()), int(quantizer.bits.max())), step=_span(quantizer.step))


def _layer(value: Value, term: Term) -> LayerFacts:
    weight = term.weight
    assert weight is not None
    return LayerFacts(
        name=value.name, path=value.path, inputs=int(weight.codes.shape[0]), outputs=int(weight.codes.shape[1]),
        weight_bits=weight.bits, weight_step=_span(weight.step), weight_zeros=float((weight.codes == 0).mean()),
        different_rows=len(Dictionary.distinct(weight.codes).rows), bias=value.bias is not None)


def _span(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values.min()), float(values.max())
