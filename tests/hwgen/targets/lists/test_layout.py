"""Places do not collide, constants are stored once, and a design that is too small by one is refused by name."""

from dataclasses import replace

import numpy as np
import pytest
from list_builds import build, compare, random_build
from networks import Builder, gin_network, random_batch, residual_gcn_network, sage_network

from hwgen.errors import CapacityError, HwgenError
from hwgen.network.network import Term
from hwgen.targets.lists.layout import positions
from hwgen.targets.lists.placement import place, tensor_places
from hwgen.targets.lists.program import Row
from hwgen.targets.lists.sizes import needs
from hwgen.targets.lists.tables import Tables
from rtl_templates.lists.formats import Operand, Select


def rows_of(built, tensor):
    if tensor.rows is not None:
        return len(tensor.rows)
    return built.capacity.nodes if tensor.domain == "nodes" else built.capacity.graphs


@pytest.mark.parametrize("seed", range(10))
def test_no_tensor_is_written_over_while_it_is_read(seed):
    built = random_build(seed)
    program, layout = built.program, built.layout
    words = [set(range(place_.address, place_.address + place_.chunks * rows_of(built, tensor)))
             for place_, tensor in zip(layout.tensors, program.tensors, strict=True)]
    assert max((max(each, default=-1) for each in words), default=-1) < layout.buffer_words
    holds = {word: k for k, each in enumerate(words) for word in each if program.tensors[k].rows is not None}
    for step in program.passes:
        reads = {operand.source for block in step.blocks for operand in block.operands} - {None}
        for source in reads:
            assert all(holds.get(word) == source for word in words[source]), step.name
        if step.target is not None:
            assert not any(words[step.target] & words[source] for source in reads), step.name
            holds |= dict.fromkeys(words[step.target], step.target)


def test_the_space_of_dead_tensors_is_used_again():
    built = build(gin_network(0, layers=4), wanted={"lanes": 16})
    tensors = [tensor for tensor in built.program.tensors if tensor.domain == "nodes"]
    assert len(tensors) > 4
    weights = sum(len(tensor.rows) for tensor in built.program.tensors if tensor.rows is not None)
    assert built.layout.buffer_words <= weights + 2 * built.capacity.nodes + 3 * built.capacity.graphs


def test_positions_begin_a_chunk_with_every_block():
    assert positions((3, 9), 8).tolist() == [0, 1, 2, *range(8, 17)]
    assert positions((8,), 8).tolist() == list(range(8))
    assert positions((1, 1), 16).tolist() == [0, 16]


def test_equal_constants_are_stored_once():
    tables = Tables(8, 3)
    values, position = np.arange(5), np.array([0, 1, 2, 8, 9])
    assert tables.column(0, values, position, 2) == 0
    assert tables.column(0, values + 1, position, 2) == 2
    assert tables.column(0, values, position, 2) == 0
    assert tables.column(1, values, position, 2) == 0
    assert tables.column_table(0).tolist() == [[0, 1, 2, 0, 0, 0, 0, 0], [3, 4, 0, 0, 0, 0, 0, 0],
                                               [1, 2, 3, 0, 0, 0, 0, 0], [4, 5, 0, 0, 0, 0, 0, 0]]
    assert tables.column_entries == [4, 2]
    assert [tables.params(0, np.array(row)) for row in ([5], [5, 6], [5])] == [0, 1, 0]
    assert tables.params(0, np.array([5]), np.array([3])) == 3
    assert tables.thresholds(1, np.array([2, 9])) == 0
    assert tables.threshold_table(1).tolist() == [[2, 9, *[(1 << 23) - 1] * 5]]
    page = tables.pages(np.arange(10).reshape(2, 5), np.array([0, 9]), position, (2, 2))
    assert page == tables.pages(np.arange(10).reshape(2, 5), np.array([0, 9]), position, (2, 2)) == 0
    assert tables.page_count == 4
    pages = tables.page_table()
    assert pages[0][0].tolist() == [0, 1, 2, 0, 0, 0, 0, 0]  # chunk 0 of the inputs for chunk 0 of the outputs
    assert pages[1][1].tolist() == [5, 6, 7, 0, 0, 0, 0, 0]  # chunk 1 for chunk 0
    assert pages[2][0].tolist() == [3, 4, 0, 0, 0, 0, 0, 0]
    assert pages[3][1].tolist() == [8, 9, 0, 0, 0, 0, 0, 0]


def one_pass(by, via, terms, seed=0, **rest):
    """A network of an input layer, one value of the terms given, and the result."""
    builder = Builder(seed, name="small", features=6, input_bits=1, trained_nodes=20)
    first = builder.add("first", (Term(via="features", weight=builder.weight(6, 5)),), 5, by="per_channel", bits=(4, 4))
    made = tuple(replace(term, source=first) if term.source == "" else term for term in terms)
    second = builder.add("second", made, 5, by=by, bits=(3, 5), **rest)
    if via is not None:
        network = builder.network
        value = network.values[-1]
        value = replace(value, quantizer=replace(value.quantizer, via=via))
        builder.network = replace(network, values=(*network.values[:-1], value))
    builder.add("last", (Term(source=second, weight=builder.weight(5, 3)),), 3, by=None)
    used = by == "per_node"
    return replace(builder.network, trained_nodes=20 if used else 0)


def beats_of(built, number):
    fields = built.layout.passes[number]
    return built.layout.beats[fields["beat_start"] : fields["beat_start"] + fields["beat_count"]]


def number_of(built, name):
    return next(k for k, step in enumerate(built.program.passes) if name in step.name)


MEAN = {"via": "edges", "factor": "mean", "of": "edges"}


@pytest.mark.parametrize(("by", "via", "terms", "rest", "operands", "degrees"), [
    # a list's own length needs no beat of its own
    ("per_degree", "edges", [Term(source="", **MEAN)], {}, ["LIST"], [1]),
    ("per_degree", "edges", [Term(source=""), Term(source="", **MEAN)], {}, ["SELF", "LIST"], [0, 1]),
    ("per_degree", "edges", [Term(source="", **MEAN), Term(source="")], {}, ["LIST", "SELF"], [1, 0]),
    ("per_degree", "edges", [Term(source="", factor="mean"), Term(source="")], {}, ["SKIP", "SELF", "SELF"], [1, 0, 0]),
    # another list's length is read by a SKIP, as late as it is needed
    ("per_degree", "looped", [Term(source="", via="edges")], {}, ["SKIP", "LIST"], [1, 0]),
    ("per_degree", "edges", [Term(source="")], {}, ["SKIP", "SELF"], [1, 0]),
    # whoever takes another degree goes first
    ("per_degree", "looped", [Term(source=""), Term(source="", **MEAN)], {}, ["LIST", "SKIP", "SELF"], [1, 1, 0]),
    # and if all do, zero is added
    ("per_degree", "looped", [Term(source="", **MEAN)], {}, ["LIST", "SKIP", "ONE"], [1, 1, 0]),
    # a trained node comes with any descriptor
    ("per_node", None, [Term(source="", via="edges")], {}, ["LIST"], [1]),
    ("per_node", None, [Term(source="")], {}, ["SKIP", "SELF"], [1, 0]),
])
def test_degrees_are_read_where_they_are_needed(by, via, terms, rest, operands, degrees):
    network = one_pass(by, via, terms, **rest)
    built = build(network, random_batch(3, network, graphs=2, nodes=6), wanted={"lanes": 8})
    beats = beats_of(built, number_of(built, "second"))
    assert [Operand(beat["operand"]).name for beat in beats] == operands
    assert [beat["degree"] for beat in beats] == degrees
    assert [beat["end"] for beat in beats] == [0] * (len(beats) - 1) + [1]
    compare(built)


def test_a_maximum_cannot_take_two_degrees():
    network = one_pass("per_degree", "looped", [Term(source="", **MEAN), Term(source="", **MEAN | {"op": "max"})],
                       join="max", bias=None)
    with pytest.raises(HwgenError, match="takes all its factors by the degree in edges") as error:
        build(network, random_batch(3, network, graphs=2, nodes=6))
    assert "second" in error.value.where


def test_rows_cannot_take_two_degrees_at_their_end():
    built = build(residual_gcn_network(1, by="per_degree"), seed=1)
    program = built.program
    number = next(k for k, step in enumerate(program.passes) if step.combine is not None)
    step = program.passes[number]
    combine = replace(step.combine, row=Row(select="degree", of="looped", table=np.array([1, 2])))
    step = replace(step, combine=combine, final=replace(step.final, select="degree", of="edges"))
    wrong = replace(program, passes=(*program.passes[:number], step, *program.passes[number + 1 :]))
    with pytest.raises(HwgenError, match="by its degree in edges and in looped at once"):
        place(wrong, built.hardware, nodes=4, graphs=1)


def test_entries_come_with_the_row_that_is_read():
    built = build(residual_gcn_network(1, by="per_node"), seed=1)
    beats = built.layout.beats
    assert any(beat["entry"] and beat["row_kind"] == Select.ENTRY for beat in beats)
    assert not any(beat["entry"] for beat in beats if beat["operand"] != Operand.SELF)


@pytest.mark.parametrize("make", [gin_network, sage_network, residual_gcn_network])
def test_a_design_too_small_by_one_is_refused_by_name(make):
    built = build(make(0), wanted={"lanes": 8}, seed=1)
    exact = {name: value for name, (_, value) in needs(built.layout).items()}
    hardware = replace(built.hardware, **exact)
    size = {"nodes": built.capacity.nodes, "graphs": built.capacity.graphs}
    assert place(built.program, hardware, **size).buffer_words == exact["buffer_depth"]
    tried = 0
    for name, value in exact.items():
        if value > 0 and name not in ("levels",):
            with pytest.raises(CapacityError, match=rf"need {name} {value}; the design has {value - 1}, 1 too few"):
                place(built.program, replace(hardware, **{name: value - 1}), **size)
            tried += 1
    assert tried >= 10


def test_searches_need_levels():
    built = build(gin_network(0, by="nearest"), seed=1)
    levels = built.hardware.levels
    assert levels > 0
    with pytest.raises(CapacityError, match=rf"need levels {levels}; the design has {levels - 1}"):
        place(built.program, replace(built.hardware, levels=levels - 1), nodes=5, graphs=1)


def test_places_follow_the_batch():
    built = build(sage_network(0), seed=1)
    small, _ = tensor_places(built.program, 16, 5, 1)
    large, words = tensor_places(built.program, 16, 50, 1)
    assert [each.chunks for each in small] == [each.chunks for each in large]
    assert words > max(each.address for each in large) >= max(each.address for each in small)
    pooled = build(gin_network(0), seed=1).program
    assert any(tensor.domain == "graphs" for tensor in pooled.tensors)
    assert tensor_places(pooled, 16, 5, 50)[1] > tensor_places(pooled, 16, 5, 1)[1]
    with pytest.raises(CapacityError, match="names one of 32768 rows, 32767 at most"):
        place(built.program, replace(built.hardware, buffer_depth=1 << 20, result_depth=1 << 20), nodes=1 << 15,
              graphs=1)
