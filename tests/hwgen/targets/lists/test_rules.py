"""Proofs over programs: every port's limit is seen, and bounds hold for all batches within the capacities."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from networks import capacities, gin_network, random_batch, residual_gcn_network, sage_network
from scipy.sparse import csr_array

from hwgen.errors import HwgenError
from hwgen.network.batch import Batch
from hwgen.numeric import IntRange
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.network_to_program import lower
from hwgen.targets.lists.rules import check_program
from rtl_templates.lists.formats import BIAS_HALF

SAGE = lower(sage_network(0), max_degree=20, max_members=30, max_features=10)
GIN = lower(gin_network(0), max_degree=20, max_members=30, max_features=10)


def changed(program, index, *, operand=None, block=None, final=None, combine=None, **step):
    """A program with one pass changed: fields of its first operand, first block, Q1, Q2 and MAC, or its own."""
    old = program.passes[index]
    first = old.blocks[0]
    if operand is not None:
        first = replace(first, operands=(replace(first.operands[0], **operand), *first.operands[1:]))
    if block is not None:
        first = replace(first, **block)
    step.setdefault("blocks", (first, *old.blocks[1:]))
    if final is not None:
        step["final"] = replace(old.final, **final)
    if combine is not None:
        step["combine"] = replace(old.combine, **combine)
    passes = list(program.passes)
    passes[index] = replace(old, **step)
    return replace(program, passes=tuple(passes))


def operand(program, index):
    return program.passes[index].blocks[0].operands[0]


WIDE = np.array([1 << 17])
BROKEN = {
    "C": (changed(SAGE, 0, operand={"column": operand(SAGE, 0).column * 0 + (1 << 17)}), "C range"),
    "R": (changed(SAGE, 0, operand={"row": replace(operand(SAGE, 0).row, table=WIDE)}), "R range"),
    "B": (changed(SAGE, 0, block={"bias": np.full(16, 1 << 26)}), "B range"),
    "mid": (changed(replace(SAGE, max_degree=200), 1, operand={
        "column": operand(SAGE, 1).column * 0 + (1 << 17) - 1, "mid": 0, "x": IntRange(-10**6, 10**6)}),
        "value between the multipliers"),
    "accumulator": (changed(replace(SAGE, max_degree=10**7), 1), "accumulator range"),
    "proved accumulator": (changed(SAGE, 0, operand={"x": IntRange(0, 1)}), "accumulator range"),
    "V": (changed(SAGE, 0, block={"bias": np.full(16, (1 << 26) - 1 - BIAS_HALF)}), "V range"),
    "a bias that rounds": (changed(SAGE, 0, block={"bias": np.full(16, (1 << 26) - BIAS_HALF)}), "B range"),
    "proved V": (changed(SAGE, 0, final={"v": IntRange(0, 1)}), "V range"),
    "result": (changed(SAGE, -1, combine={"bias": np.full(5, 1 << 20), "final": replace(
        SAGE.passes[-1].out, v=IntRange.signed(24))}), "result range"),
    "Q": (changed(SAGE, 0, final={"multiplier": WIDE}), "Q range"),
    "width": (changed(SAGE, 0, final={"bits": np.array([9])}), "width range"),
    "thresholds": (changed(GIN, 1, final={"thresholds": GIN.passes[1].final.thresholds[::-1]}), "do not ascend"),
    "number of thresholds": (changed(GIN, 1, final={"thresholds": GIN.passes[1].final.thresholds[:-1]}), "thresholds"),
    "weight": (changed(SAGE, 1, combine={"bits": 2}), "weight range"),
    "weight shape": (changed(SAGE, 1, combine={"weight": SAGE.passes[1].combine.weight[1:]}), "weight has shape"),
    "order": (replace(SAGE, passes=(SAGE.passes[1], SAGE.passes[0], SAGE.passes[2])), "read before it is written"),
    "written twice": (changed(GIN, 2, target=GIN.passes[1].target), "is not what is written|written twice"),
    "result inside": (changed(SAGE, 1, target=None), "gives the result"),
    "blocks": (replace(SAGE, tensors=(replace(SAGE.tensors[0], blocks=(3, 3)), *SAGE.tensors[1:])), "blocks (3, 3)"),
    "no such block": (changed(SAGE, 1, operand={"start": 3}), "are no block of"),
    "no such tensor": (changed(SAGE, 1, operand={"source": 99}), "there is no tensor 99"),
    "mid number": (changed(SAGE, 0, operand={"mid": 4}), "mid is 4"),
    "two degrees": (changed(SAGE, 1, combine={"final": replace(
        SAGE.passes[1].out, select="degree", of={"edges": "looped", "looped": "edges"}[SAGE.passes[1].final.of])}),
        "degrees of edges and looped"),
    "no passes": (replace(SAGE, passes=()), "there are no passes"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_fit_is_refused(name):
    program, what = BROKEN[name]
    with pytest.raises(HwgenError) as caught:
        check_program(program)
    assert any(each in caught.value.what for each in what.split("|")), caught.value.what
    assert "lower the model again" in caught.value.fix


def test_bounds_hold_where_every_list_is_full():
    """A complete graph of the capacity's size, with the largest inputs: the accumulators' extremes are near."""
    network = residual_gcn_network(2, features=6)
    nodes = 9
    pairs = np.array([(s, t) for s in range(nodes) for t in range(nodes)]).T
    sample = random_batch(0, network, graphs=1)
    batch = replace(sample, features=csr_array(np.ones((nodes, 6), dtype=np.int64)), edges=pairs,
                    graph=np.zeros(nodes, dtype=np.int64), node=np.arange(nodes))
    held = capacities(batch)
    assert asdict(held) == {"max_degree": nodes, "max_members": nodes, "max_features": 6, "max_weight": 1}
    run(lower(network, **asdict(held)), batch)  # raises where a bound does not hold


def test_lists_of_a_batch():
    batch = Batch(features=csr_array(np.array([[0, 2], [0, 0], [3, 1]])), graphs=2, graph=np.array([0, 0, 1]),
                  edges=np.array([[0, 2, 1, 1, 0], [1, 1, 1, 0, 1]]), node=np.zeros(3, dtype=np.int64))

    def rows(name):
        matrix = batch.lists(name)
        return [matrix.indices[a:b].tolist() for a, b in zip(matrix.indptr, matrix.indptr[1:], strict=False)]

    assert rows("edges") == [[1], [0, 2, 1, 0], []]
    assert rows("looped") == [[1, 0], [0, 2, 0, 1], [2]]
    assert rows("members") == [[0, 1], [2]]
    assert rows("features") == [[1], [], [0, 1]]
    assert batch.lists("features").data.tolist() == [2, 3, 1]
