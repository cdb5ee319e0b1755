"""Windows as runs of a session: what stands for all, rows as the store unit writes them, and results in order."""

import numpy as np
import pytest
from network_samples import sample_of
from networks import gin_network, node_gcn_network
from numpy.typing import NDArray

from hwgen.errors import CapacityError
from hwgen.flow.packed import pack_batches, representative
from hwgen.report.cycles import Ran
from hwgen.targets.lists.choose import Capacity
from hwgen.targets.lists.design import place_windows, program_for
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.golden import read_rows
from hwgen.targets.lists.windows.candidates import window_candidates
from hwgen.targets.lists.windows.pack import Window
from rtl_templates.lists.formats import RESULT_LANES

TINY = {"lanes": 8, "requant_lanes": 1, "buffer_depth": 64, "list_depth": 12, "descriptor_depth": 12,
        "result_depth": 16}


def planned(network, sample, **wanted):
    program = program_for(network, sample.limits)
    total = Capacity.of([sample.batch], network.input_bits)
    return place_windows(network, program, next(window_candidates(program, total, {**TINY, **wanted},
                                                                  lambda hardware: True)))


def ran(part, **sizes):
    return Ran(sizes=sizes, load_beats=1, store_beats=1, passes=[], counters={}, part=part)


def test_of_every_pass_the_first_the_fullest_and_the_last() -> None:
    windows = [(step, entries) for step, some in enumerate(
        ([5, 1, 9, 9, 2], [3], [4, 4], [1, 2, 3], [7, 6, 5])) for entries in some]
    assert representative(windows) == [0, 2, 4, 5, 6, 7, 8, 10, 11, 13]
    assert representative([]) == []
    assert representative([(None, 0)] * 3) == [0, 1, 2]


def as_stored(window: Window, codes: NDArray[np.int64]) -> bytes:
    """What the store unit writes of results in the order of a window's rows: words of each unit, one after another."""
    units, words = window.layout.hardware.units, window.layout.result_words
    dealt = np.zeros((-(-len(codes) // units) * units, words * RESULT_LANES), dtype="<i2")
    dealt[: len(codes), window.layout.result] = codes
    return dealt.reshape(-1, units, words * RESULT_LANES).transpose(1, 0, 2).tobytes()


@pytest.mark.parametrize("units", [1, 4])
def test_rows_are_stored_as_they_are_read(units: int) -> None:
    network = gin_network(0, features=5, hidden=8, layers=1)
    sample = sample_of(network, 1, graphs=9, nodes=12)
    design = planned(network, sample, units=units)
    trace, session, kept = run(design.program, sample.batch), design.session(sample.batch), 0
    while runs := session.next_runs():
        with pytest.raises(ValueError, match="feed its windows first"):
            session.next_runs()
        for each in runs:
            window = session._windows[each.size["window"]]
            stored = as_stored(window, each.done()[-1].written[window.rows])
            assert len(stored) == 16 * units * each.result_words
            np.testing.assert_array_equal(each.read(stored), each.expected)
            rows = read_rows(window.layout, len(window.rows), stored)
            done = trace.passes[window.index]
            if len(window.layout.passes) == 2:  # entries come back beside codes
                np.testing.assert_array_equal(rows[:, -1], done.written_entry[window.rows])
                rows, kept = rows[:, :-1], kept + 1
            np.testing.assert_array_equal(rows, done.written[window.rows])
            session.feed(each, each.read(stored))
    assert kept
    np.testing.assert_array_equal(session.results, trace.results)
    np.testing.assert_array_equal(session.reference, trace.results)


def test_files_of_a_choice_or_of_all() -> None:
    network = gin_network(0, features=5, hidden=8, layers=1)
    sample = sample_of(network, 1, graphs=9, nodes=12)
    design = planned(network, sample, units=1)
    some, everything = (pack_batches(design, [sample.batch], whole=whole) for whole in (False, True))
    assert some.runs == everything.runs
    assert some.by_bits == everything.by_bits
    assert set(some.files) < set(everything.files) == set(range(len(some.runs)))
    assert all(some.files[number] == everything.files[number] for number in some.files)
    assert some.by_bits["learned"] == sum(step.cycles for each in some.runs for step in each.passes)
    assert some.by_bits["uniform 2 bit"] < some.by_bits["uniform 8 bit"]


def test_batches_of_windows_are_numbered_on() -> None:
    network = gin_network(0, features=5, hidden=8, layers=1)
    sample = sample_of(network, 1, graphs=9, nodes=12)
    design = planned(network, sample, units=1)
    one = pack_batches(design, [sample.batch], whole=True)
    two = pack_batches(design, [sample.batch, sample.batch], whole=True)
    assert sorted(two.files) == list(range(2 * len(one.runs)))
    np.testing.assert_array_equal(np.concatenate(two.results), np.concatenate([*one.results, *one.results]))


def test_longer_lists_than_ranges_are_proved_for_are_refused() -> None:
    network = node_gcn_network(3, features=9, hidden=8)
    design = planned(network, sample_of(network, 1, graphs=9, nodes=12), acc_bits=14)
    hub = sample_of(network, 2, graphs=9, nodes=30).batch
    hub.edges[1] = 0
    with pytest.raises(CapacityError, match="neighbours of a node, itself included; the design takes max_degree"):
        design.session(hub)
    longer = design.by_windows(hub)
    assert longer.program.max_degree > design.program.max_degree
    assert longer.hardware == design.hardware
    assert design.by_windows(sample_of(network, 1, graphs=9, nodes=12).batch) is design
