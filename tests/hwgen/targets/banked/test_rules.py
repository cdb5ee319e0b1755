"""Proofs over programs: every port's limit is seen, and the bounds that are proved are the extremes that come."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from models import program_of, random_graph_model
from refusals import accepted

from hwgen.errors import HwgenError
from hwgen.numeric import IntRange
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.rules import check_program


@functools.cache
def lowered(**options):
    """A random model's program: what the lowering chose itself must not be refused by the proof."""
    with accepted():
        return program_of(random_graph_model(1, 60, **options))


def changed(program, index, stage=None, **fields):
    """A program with one pass changed: fields of a stage, or its own."""
    step = program.passes[index]
    new = replace(step, **(fields if stage is None else {stage: replace(getattr(step, stage), **fields)}))
    passes = list(program.passes)
    passes[index] = new
    return replace(program, passes=tuple(passes))


def filled(program, index, stage, name, value):
    """Constants of a stage, all the same."""
    return np.full_like(getattr(getattr(program.passes[index], stage), name), value)


BROKEN = {
    "order": (lambda p: replace(p, passes=p.passes[1:]), "starts from input features", "program"),
    "end": (lambda p: replace(p, passes=p.passes[:-1]), "ends in raw results", "program"),
    "nothing": (lambda p: replace(p, passes=()), "starts from input features", "program"),
    "C": (lambda p: changed(p, 0, "q1", column=filled(p, 0, "q1", "column", 1 << 24)), "column multiplier", ".q1"),
    "negative C": (lambda p: changed(p, 0, "q1", column=filled(p, 0, "q1", "column", -1)), "column multiplier", ".q1"),
    "B": (lambda p: changed(p, 1, "q1", bias=filled(p, 1, "q1", "bias", 1 << 25)), "bias", ".q1"),
    "R": (lambda p: changed(p, 1, "q2", row=filled(p, 1, "q2", "row", 1 << 17)), "row multiplier", ".q2"),
    "Rb": (lambda p: changed(p, 1, "q1", bias_row=filled(p, 1, "q1", "bias_row", 1 << 17)), "bias row", ".q1"),
    "mid": (lambda p: changed(p, 1, "q1", x=IntRange(-(1 << 17), (1 << 17) - 1),
                              column=filled(p, 1, "q1", "column", (1 << 24) - 1)), "mid value", ".q1"),
    "accumulator": (lambda p: changed(p, 1, "q1", x=IntRange(-(1 << 17), 1 << 17)), "need sum_bits 24", ".q1"),
    "sum of features": (lambda p: changed(p, 0, accumulate=IntRange(0, 1)), "sum range", "combine"),
    "sum of rows": (lambda p: changed(p, 1, accumulate=IntRange(-1, 1)), "sum range", "aggregate"),
    "result": (lambda p: changed(p, -1, "q1", bias=filled(p, -1, "q1", "bias", 1 << 21),
                                 bias_row=filled(p, -1, "q1", "row", 1 << 16)), "result range", ".q1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_fit_is_refused(name):
    spoil, what, where = BROKEN[name]
    program = spoil(lowered())
    with pytest.raises(HwgenError, match=what) as caught:
        check_program(program)
    assert where in caught.value.where


@pytest.mark.parametrize("input_bits", [1, 3])
def test_what_was_lowered_is_proved_and_tight(input_bits):
    program = lowered(input_bits=input_bits)
    check_program(program)
    for index, step in enumerate(program.passes):
        for stage in ("q1", "q2"):
            requant = getattr(step, stage)
            if requant is not None:
                for narrower in (IntRange(requant.x.low, requant.x.high - 1),
                                 IntRange(requant.x.low + 1, requant.x.high)):
                    with pytest.raises(HwgenError, match="accumulator"):
                        check_program(changed(program, index, stage, x=narrower))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_results_come_near_the_last_code_and_fit(sign):
    """Weights of one sign and every input at its largest: sums reach the bound that the results' scale is made for."""
    largest = []
    for seed in range(20):
        graph = random_graph_model(seed, 20, layers=1, bias=False, density=1.0)
        layer = graph.layers[0]
        graph = replace(graph, layers=(replace(layer, weight=sign * np.abs(layer.weight)),))
        with accepted():
            results = run(program_of(graph)).logits
        assert IntRange.of(results) in IntRange.signed(16)
        largest.append(int((sign * results).max()))
    assert min(largest) >= 32_700
