"""Network to integer program: the GCN of :mod:`hwgen.targets.banked.chain`, scales folded, ranges proved.

Between two layers the next combination moves into the pass that aggregates: one row written per layer::

    pass 0      x W_0                      → message codes of layer 0
    pass l      aggregate layer l-1, × W_l → message codes of layer l
    last pass   aggregate the last layer   → logits

The normalisation is PyG's ``gcn_norm``: a self loop on every node that has none, duplicate edges counted,
and ``d`` the in-degree that results. ``d_j^-1/2`` goes into the message requantizer's row factor, ``d_i^-1/2``
into the row quantizer's.

Ranges are intervals per node and column, carried through the program (:mod:`hwgen.targets.banked.ranges`).
"""

from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

from rtl_templates.banked.formats import ACC_BITS, MID_SHIFT, RAW_SHIFT, ROW_BITS, WIDE_ACC_BITS, column_bits
from rtl_templates.cells.formats import RAW_BITS

from ...errors import HwgenError
from ...network.batch import Batch, check_batch
from ...network.execute import Lists, choose_entry
from ...network.network import Network
from ...network.rules import check_network
from ...numeric import Bounds, IntRange
from ..arrays import Floats
from .accepts import chain_of
from .bias_classes import Bias
from .chain import Chain, Layer
from .fixed_point import Factors, fold
from .program import Pass, Program, Requant
from .ranges import codes_of, feature_sums, gathered_sums
from .rules import check_program
from .zero_rows import without_zero_rows

__all__ = ["lower"]

_TRIES = 8  #: Of a scale of results.


def lower(network: Network, batch: Batch, sum_bits: int | None = None) -> Program:
    """Lower a network on one graph.

    Parameters
    ----------
    network : Network
        A chain of GCN layers (:func:`hwgen.targets.banked.accepts.chain_of`).
    batch : Batch
        The graph.
    sum_bits : int or None
        Of the design that the program is for; None: the least that its sums need.

    Returns
    -------
    Program
        Verified.

    Raises
    ------
    HwgenError
        If the network or the graph is malformed, or a layer's scales exceed the multipliers.
    """
    check_network(network)
    chain = chain_of(network)
    check_batch(network, batch)
    if not batch.num_nodes:
        raise HwgenError("the graph has no nodes", f"model {network.name}", "give a graph with nodes")
    features = _clean(batch.features)
    adjacency = _clean(batch.lists("looped"))  # duplicate edges counted
    norm = np.asarray(adjacency.sum(axis=1), dtype=np.float64).ravel() ** -0.5

    passes = _passes(chain, features, adjacency, batch, norm, sum_bits or ACC_BITS)
    sums = [stage.x for step in passes for stage in (step.q1, step.q2) if stage is not None]
    if sum_bits is None and any(x.signed_bits > ACC_BITS for x in sums):
        sum_bits = WIDE_ACC_BITS
        passes = _passes(chain, features, adjacency, batch, norm, sum_bits)
    program = Program(name=network.name, features=features, input_bits=network.input_bits, neighbours=adjacency,
                      passes=passes, sum_bits=sum_bits or ACC_BITS)
    check_program(program)
    return without_zero_rows(program)


def _passes(chain: Chain, features: csr_array, adjacency: csr_array, batch: Batch, norm: Floats,
            sum_bits: int) -> tuple[Pass, ...]:
    codes, step = _input_pass(chain, features, norm, sum_bits)
    passes = [step]
    for layer, following in pairwise(chain.layers):
        codes, step = _hidden_pass(layer, following, codes, adjacency, batch, norm, sum_bits)
        passes.append(step)
    return (*passes, _logits_pass(chain.layers[-1], codes, adjacency, norm, sum_bits))


def _clean(matrix: csr_array) -> csr_array:
    tidy = csr_array(matrix, dtype=np.int64, copy=True)
    tidy.sum_duplicates()
    tidy.eliminate_zeros()
    return tidy


def _input_pass(chain: Chain, features: csr_array, norm: Floats, sum_bits: int) -> tuple[Bounds, Pass]:
    layer = chain.layers[0]
    weight = layer.weight
    sums = feature_sums(features, weight)
    ratio = np.full(len(norm), 1 / chain.input_scale)  # of p to x: one class
    prompt = None if layer.prompt is None else Bias(column=layer.prompt / layer.message_step, ratio=ratio)
    message = _message(layer, chain.input_scale * norm, sums, sum_bits, prompt)
    sparse = chain.input_bits == 1
    step = Pass(
        name=f"{layer.path}.combine",
        kind="gather_features" if sparse else "dense",
        source=weight if sparse else None,
        accumulate=sums.span if sparse else IntRange(0, 0),
        q1=message if sparse else None,
        combine=None if sparse else weight,
        q2=None if sparse else message,
    )
    return codes_of(message, sums), step


def _hidden_pass(
    layer: Layer, following: Layer, codes: Bounds, adjacency: csr_array, batch: Batch, norm: Floats, sum_bits: int
) -> tuple[Bounds, Pass]:
    row, unread = layer.row, np.empty((batch.num_nodes, 0))
    assert row is not None  # chain_of: every layer but the last has one, which asks for no node's values
    entry = choose_entry(unread, row, Lists(batch))
    step_of, bits_of = row.step[entry], row.bits[entry]
    sums = gathered_sums(adjacency, codes)
    kept = bits_of > 0
    inverse = np.where(kept, 1.0 / step_of, 0.0)
    q1 = fold(
        Factors(column=layer.message_step, row=norm * inverse, bias=_bias(layer, norm)),
        where=layer.path, kind="unsigned", bits=max(1, int(bits_of.max(initial=0))), row_bits=bits_of,
        x=sums.span, scale=np.ones(len(layer.message_step)), sum_bits=sum_bits,
    )
    activations = codes_of(q1, sums)
    products = activations.times(following.weight)
    message = _message(following, np.where(kept, step_of * norm, 0.0), products, sum_bits)
    step = Pass(name=f"{layer.path}.aggregate", kind="gather", source=None, accumulate=sums.span, q1=q1,
                combine=following.weight, q2=message)
    return codes_of(message, products), step


def _logits_pass(layer: Layer, codes: Bounds, adjacency: csr_array, norm: Floats, sum_bits: int) -> Pass:
    sums = gathered_sums(adjacency, codes)
    bias = np.zeros(len(layer.message_step)) if layer.bias is None else layer.bias
    largest = np.maximum(np.abs(sums.low), np.abs(sums.high)) * layer.message_step
    peak = float((norm[:, None] * largest + np.abs(bias)).max(initial=0.0))
    unit = float(norm.max(initial=0.0) * layer.message_step.max(initial=0.0))
    # one code of room for rounding; and no finer than the multipliers can hold where sums stay tiny
    room = (1 << (RAW_BITS - 1)) - 2
    finest = 2.0 ** (column_bits(sum_bits) + ROW_BITS - 1 - MID_SHIFT - RAW_SHIFT)
    scale, beyond = max(peak / room, unit / finest) or 1.0, 1.0
    for _ in range(_TRIES):  # constants that are rounded up may want some more
        scale *= beyond
        q1 = fold(
            Factors(column=layer.message_step, row=norm / scale, bias=_bias(layer, norm)),
            where=layer.path, kind="raw", bits=RAW_BITS, row_bits=None, x=sums.span,
            scale=np.full(len(bias), scale), sum_bits=sum_bits,
        )
        reached = codes_of(q1, sums).span
        beyond = max(-reached.low, reached.high) / room
        if reached in IntRange.signed(RAW_BITS):
            break
    return Pass(name=f"{layer.path}.aggregate", kind="gather", source=None, accumulate=sums.span, q1=q1,
                combine=None, q2=None)


def _bias(layer: Layer, norm: Floats) -> Bias | None:
    """A layer's bias beside a sum that is multiplied by the destination's d^-1/2."""
    return None if layer.bias is None else Bias(column=layer.bias, ratio=1 / norm)


def _message(layer: Layer, row: Floats, sums: Bounds, sum_bits: int, bias: Bias | None = None) -> Requant:
    """Q_message of a layer whose inputs have the real value ``code * row`` (the source's d^-1/2 included)."""
    zero = layer.message_zero
    return fold(Factors(column=layer.weight_step / layer.message_step, row=row, bias=bias), where=layer.path,
                kind="signed" if zero is None else "affine", bits=layer.message_bits, row_bits=None, x=sums.span,
                scale=layer.message_step, zero=zero or 0, sum_bits=sum_bits)
