"""Which windows stand for all, what loads and stores take, and rows as the store unit writes them."""

import numpy as np
import pytest
from network_samples import sample_of
from networks import gin_network, node_gcn_network

from hwgen.errors import CapacityError
from hwgen.targets.lists.design import window_designs
from hwgen.targets.lists.execute import run
from hwgen.targets.lists.golden import read_rows
from hwgen.targets.lists.windows.packing import pack_windows, reference_rows, representative, total_cycles
from hwgen.targets.lists.windows.run import WindowedRun

TINY = {"lanes": 8, "requant_lanes": 1, "buffer_depth": 64, "list_depth": 12, "descriptor_depth": 12,
        "result_depth": 16}


def planned(network, sample, **wanted):
    return next(window_designs(network, sample, {**TINY, **wanted}, lambda hardware: True))


def test_of_every_pass_the_first_the_fullest_and_the_last() -> None:
    windows = [{"pass": step, "entries": entries} for step, some in enumerate(
        ([5, 1, 9, 9, 2], [3], [4, 4], [1, 2, 3], [7, 6, 5])) for entries in some]
    assert representative(windows) == [0, 2, 4, 5, 6, 7, 8, 10, 11, 13]
    assert representative([]) == []


def test_transfers() -> None:
    windows = [{"total": 100, "load_beats": 10, "store_beats": 256}, {"total": 50, "load_beats": 1, "store_beats": 257}]
    assert total_cycles(windows) == {"run": 150, "load": 47 + 38, "store": 266 + 267, "total": 150 + 85 + 533}


@pytest.mark.parametrize("units", [1, 4])
def test_rows_are_stored_as_they_are_read(units: int) -> None:
    network = gin_network(0, features=5, hidden=8, layers=1)
    sample = sample_of(network, 1, graphs=9, nodes=12)
    plan = planned(network, sample, units=units)
    trace, running, kept = run(plan.program, sample.batch), WindowedRun(plan.windows, sample.batch), 0
    while (window := running.next_window()) is not None:
        stored = reference_rows(window, trace)
        assert len(stored) == 16 * units * window.result_words
        rows = read_rows(window.layout, len(window.rows), stored)
        done = trace.passes[window.index]
        if len(window.layout.passes) == 2:  # entries come back beside codes
            np.testing.assert_array_equal(rows[:, -1], done.written_entry[window.rows])
            rows, kept = rows[:, :-1], kept + 1
        np.testing.assert_array_equal(rows, done.written[window.rows])
        running.feed(window, stored)
    assert kept
    np.testing.assert_array_equal(running.results, trace.results)


def test_files_of_a_choice_or_of_all() -> None:
    network = gin_network(0, features=5, hidden=8, layers=1)
    sample = sample_of(network, 1, graphs=9, nodes=12)
    plan = planned(network, sample, units=1)
    some, everything = pack_windows(plan, sample.batch), pack_windows(plan, sample.batch, whole=True)
    assert some.windows == everything.windows
    assert some.by_bits == everything.by_bits
    assert set(some.files) < set(everything.files)
    assert {name[:4] for name in everything.files} == {f"{number:04d}" for number in range(len(some.windows))}
    assert some.by_bits["learned"] == total_cycles(some.windows)["run"]
    assert some.by_bits["uniform 2 bit"] < some.by_bits["uniform 8 bit"]


def test_longer_lists_than_ranges_are_proved_for_are_refused() -> None:
    network = node_gcn_network(3, features=9, hidden=8)
    plan = planned(network, sample_of(network, 1, graphs=9, nodes=12))
    hub = sample_of(network, 2, graphs=9, nodes=30).batch
    hub.edges[1] = 0
    with pytest.raises(CapacityError, match="neighbours of a node, itself included; the design takes max_degree"):
        pack_windows(plan, hub)
