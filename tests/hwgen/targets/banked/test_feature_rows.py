"""Hardware gathers a dictionary's rows; the reference knows of none, and every graph's sums are the same."""

import dataclasses

import numpy as np
import pytest
from designs import design_of, graph_run
from models import program_of, random_graph_data, random_graph_model

from hwgen.network.dictionary import Dictionary
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.feature_rows import dictionary_for, room_for, told_in
from hwgen.targets.banked.network_to_program import lower
from hwgen.targets.banked.sizes import capacity, choose, needs

MODEL = random_graph_model(1, 400, 90, 8, 4, density=0.15, min_bits=1)


@pytest.fixture(scope="module")
def design():
    return design_of("banked", *MODEL.parts)


@pytest.mark.slow
def test_the_sample_is_told_in_as_many_rows_as_its_nodes_leave(design):
    program = program_of(MODEL)
    weight, told = program.passes[0].source, graph_run(design, MODEL.sample.batch).program
    rows, reads = told.gathered.rows, told.gathered.reads
    assert len(design.dictionary.pairs) > 100
    np.testing.assert_array_equal(reads @ rows, program.features @ weight)
    assert reads.sum() < 0.8 * program.features.sum()
    assert told.gathers[0].reads is reads
    assert len(rows) <= len(design.dictionary.rows) <= room_for(program, design.hardware)
    assert np.array_equal(np.unique(reads.indices), np.arange(len(rows)))  # none that no node reads
    assert np.array_equal(run(told).logits, run(program).logits)
    assert needs(told, groups=1, servers=4, requant_lanes=8, planes=1)["slots"] < needs(
        program, groups=1, servers=4, requant_lanes=8, planes=1)["slots"]


def test_every_other_graph_is_told_in_the_same_rows(design):
    other = random_graph_data(9, nodes=300, features=90, trained=400, density=0.2).batch
    run_of = graph_run(design, other)
    plain = lower(design.network, other, design.hardware.sum_bits)
    np.testing.assert_array_equal(run_of.program.gathered.reads @ run_of.program.gathered.rows,
                                  plain.features @ plain.passes[0].source)
    kept = {row.tobytes() for row in design.dictionary.rows}
    assert {row.tobytes() for row in run_of.program.gathered.rows} <= kept
    assert np.array_equal(run_of.expected, run(plain).logits)
    small = random_graph_data(9, nodes=10, features=90, trained=400, density=0.05).batch
    few = graph_run(design, small).program.gathered
    assert np.array_equal(np.unique(few.reads.indices), np.arange(len(few.rows)))
    assert len(few.rows) < len(design.dictionary.rows) / 2


def test_a_larger_graph_leaves_fewer_sums_in_the_banks(design):
    """Headroom first: capacities count different rows, and no sum of them."""
    program, hardware = program_of(MODEL), design.hardware
    base = Dictionary.distinct(program.passes[0].source)
    limit = capacity(told_in(program, design.dictionary), hardware)
    assert limit["nodes"] == capacity(told_in(program, base), hardware)["nodes"] >= MODEL.sample.batch.num_nodes
    tight = dataclasses.replace(hardware, bank_depth=1 << (2 * -(-program.num_nodes // 16) + 6).bit_length())
    for bank_depth in (tight.bank_depth, hardware.bank_depth):
        told = told_in(program, design.dictionary, dataclasses.replace(hardware, bank_depth=bank_depth))
        assert len(told.gathered.rows) <= max(len(base.rows), 16 * bank_depth - int(program.written.sum()))
        np.testing.assert_array_equal(told.gathered.reads @ told.gathered.rows,
                                      program.features @ program.passes[0].source)


def test_capacities_count_features_and_not_reads(design):
    program = program_of(MODEL)
    told = told_in(program, design.dictionary)
    limit = capacity(told, design.hardware)
    assert limit["nonzeros"] >= program.features.sum() > told.gathered.reads.sum()
    share = limit["nonzeros"] / program.features.sum()
    assert limit["edges"] / program.neighbours.sum() == pytest.approx(share, rel=0.01)


def test_input_of_several_bits_is_not_gathered():
    """It goes through the MAC array, bit plane by bit plane."""
    model = random_graph_model(2, 60, 20, 8, 3, input_bits=3)
    design = design_of("banked", *model.parts)
    assert design.dictionary is None
    program = program_of(model)
    assert dictionary_for(program, choose(program)) is None
    assert graph_run(design, model.sample.batch).program.gathered is None


@pytest.mark.slow
def test_sums_are_codes_of_the_banks():
    """Eight-bit messages make rows of eight bits, and room for larger sums."""
    spans = []
    for bits in (4, 8):
        model = random_graph_model(3, 200, 40, 6, 3, density=0.3, message_bits=bits)
        design = design_of("banked", *model.parts)
        assert design.hardware.code_bits == bits
        rows = design.dictionary.rows
        assert -(1 << bits - 1) <= rows.min() <= rows.max() < 1 << bits - 1
        spans.append(rows.max() - rows.min())
    assert spans[0] <= 15 < spans[1]
