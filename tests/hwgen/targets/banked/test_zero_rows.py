"""Rows that are zero are left out of everything but the reference, and what hardware still does gives its results."""

from dataclasses import replace

import numpy as np
import pytest
from designs import design_of, graph_run
from models import program_of, random_graph_model

from hwgen.targets.banked.arithmetic import requantize
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.zero_rows import without_zero_rows
from rtl_templates.banked.formats import RAW_SHIFT, SHIFT


def of_what_is_left(program, seed):
    """Results out of the reads that are left; rows that are not computed hold anything."""
    rng, rows = np.random.default_rng(seed), None
    for index, (step, gather) in enumerate(zip(program.passes, program.gathers, strict=True)):
        codes = program.features.toarray()
        for stage, weight in ((step.q1, None), (step.q2, step.combine)):
            if stage is None:
                continue
            if weight is None:
                sums = gather.reads @ (program.gathered.rows if step.kind == "gather_features" else rows)
            else:
                sums = codes @ weight
            limits = stage.code_range
            high = limits.high if stage.row_bits is None else ((1 << stage.row_bits) - 1)[:, None]
            codes = requantize(sums, stage.column, stage.bias, stage.row, stage.bias_class, stage.bias_row, limits.low,
                               high, shift=RAW_SHIFT if stage.kind == "raw" else SHIFT, half_up=stage.half_up)
        rows = np.where(program.rows_of(index)[:, None], codes, rng.integers(-7, 8, codes.shape))
    return rows


@pytest.mark.parametrize("options", [{}, {"layers": 4}, {"zero_points": True, "layers": 3}, {"prompt": True},
                                     {"input_bits": 3}, {"bias": False}, {"message_bits": 8}], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_results_do_not_depend_on_rows_that_are_left_out(options, seed):
    program = program_of(random_graph_model(seed, 80, 20, 6, 4, **options))
    assert program.live is not None
    trace = run(program)
    assert np.array_equal(of_what_is_left(program, seed), trace.logits)
    for index, (step, live) in enumerate(zip(program.passes, program.live, strict=True)):
        if step.q1 is not None and step.q1.row_bits is not None:
            assert not live.rows[step.q1.row_bits == 0].any()  # those of 0 bits are the least that is left out
        if index:
            assert not trace.passes[index - 1].rows[~live.sources].any()
    assert program.live[-1].rows.all()
    assert np.array_equal(run(replace(program, live=None)).logits, trace.logits)


def test_a_row_that_only_rows_of_0_bits_read_is_not_computed():
    program = program_of(random_graph_model(1, 80, 20, 6, 4))
    reads = program.neighbours.toarray() > 0
    first, second = program.live[:2]
    unread = ~reads[second.rows].any(axis=0)
    assert unread.any()
    assert not first.rows[unread].any()
    assert (program.gathers[0].slots > 0).sum() == first.rows.sum()


def test_programs_without_zero_rows_stay_as_they_are():
    program = program_of(random_graph_model(1, 80, 20, 6, 4, min_bits=1))
    assert program.live is None
    assert len(program.schedules) == 2  # passes over edges share one
    none = replace(program, passes=tuple(
        step if step.q1 is None or step.q1.row_bits is None else
        replace(step, q1=replace(step.q1, row_bits=np.zeros_like(step.q1.row_bits))) for step in program.passes))
    assert without_zero_rows(none).live is None  # a pass would have nothing to do


@pytest.mark.slow
def test_rows_that_are_not_written_leave_room_for_sums_of_weights():
    model = random_graph_model(2, 400, 90, 8, 4, density=0.15)
    design = design_of("banked", *model.parts)
    program = graph_run(design, model.sample.batch).program
    assert program.written.sum() < 2 * 400
    assert program.written.sum() + len(program.told.rows) <= 16 * design.hardware.bank_depth


@pytest.mark.slow
def test_uniform_widths_are_counted_with_all_rows():
    model = random_graph_model(2, 300, 60, 8, 4, density=0.15)
    found = graph_run(design_of("banked", *model.parts), model.sample.batch)
    program, placed = found._whole
    assert program.live is None
    assert sum(len(order) for ports in placed.passes[1].order for order in ports) == 300
    assert found.cycles_with(8) > found.cycles["total"]
    assert np.array_equal(program.gathered.reads @ program.gathered.rows, program.features @ program.passes[0].source)
