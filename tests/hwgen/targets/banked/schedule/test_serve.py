"""Slots beside servers: rules of a schedule, and passes that take no longer, counted exactly."""

from dataclasses import replace

import numpy as np
import pytest
from models import program_of, random_graph_model
from scheduling import check

from hwgen.targets.banked.cycles import estimate, pass_cycles, pass_entries
from hwgen.targets.banked.images import task_fields
from hwgen.targets.banked.pace import node_cycles
from hwgen.targets.banked.schedule import schedule as scheduling
from hwgen.targets.banked.schedule.improve import TRIALS, _choose, improve
from hwgen.targets.banked.schedule.serve import Members, serve
from hwgen.targets.banked.sizes import choose


@pytest.fixture(scope="module")
def saturated():
    """A graph whose servers take longer than its reads, and its plain schedule."""
    program = program_of(random_graph_model(3, nodes=300, hidden=16, min_bits=1))
    hardware = replace(choose(program, groups=4, servers=16, slots=1 << 12), requant_lanes=4, column_depth=32,
                       bias_depth=256, result_depth=512)
    plain, reads = scheduling._schedule(program, hardware, scheduling.BEST.place[0], scheduling.BEST)
    return program, hardware, plain, reads


@pytest.mark.parametrize("trial", [TRIALS[0], TRIALS[-1]])
def test_every_read_has_its_slot(saturated, trial):
    program, hardware, plain, reads = saturated
    index = 1
    mine = reads[next(k for k, slots in enumerate(plain.slots) if slots is plain.slots_of(index))]
    cycles, entries = node_cycles(program, hardware, index), pass_entries(program, index)
    groups = [Members(counts=mine.counts[nodes], unit=mine.owners.unit[nodes], cycles=cycles[nodes],
                      entries=[entries[node] for node in nodes.tolist()]) for nodes in mine.members]
    found = serve(groups, hardware, task_fields(program, hardware, plain)[index], *trial)
    for members, (bank, node) in zip(groups, found, strict=True):
        check(members.counts, members.unit, bank, node)


@pytest.mark.slow
def test_passes_that_wait_for_servers_take_fewer_cycles(saturated):
    """As many as are said, in the slots that there is room for."""
    program, hardware, plain, reads = saturated
    before = estimate(program, hardware, plain)
    assert before.passes[1].waited["gather"] > 0
    cycles, better = improve(program, hardware, plain, reads, hardware.slots)
    after = estimate(program, hardware, better)
    assert after.total < before.total
    alone = [pass_cycles(program, hardware, better, index, better.slots_of(index)).cycles
             for index in range(len(program.passes))]
    assert sum(alone) == cycles
    assert after.total - before.total == cycles - improve(program, hardware, plain, reads, 0)[0]
    assert improve(program, hardware, plain, reads, 0)[1].slots_used == plain.slots_used


def test_slots_of_several_passes_count_once():
    class Fake:
        def __init__(self, count):
            self.count = count

    shared, own, other = Fake(100), Fake(60), Fake(50)
    options = [[(900, shared), (800, own)], [(500, shared), (450, other)]]
    assert _choose(options, 100) == (1400, (shared, shared))
    assert _choose(options, 110) == (1250, (own, other))
    assert _choose(options, 150) == (1250, (own, other))
    options = [[(900, shared), (800, own)], [(0, None)], [(500, shared), (450, other)]]
    assert _choose(options, 105) == (1400, (shared, None, shared))


def test_the_cycles_of_a_node_are_its_interval():
    program = program_of(random_graph_model(3, nodes=300, hidden=16, min_bits=1))
    hardware = choose(program, groups=1, servers=16)
    (bits, pairs), index = (program.passes[1].q1.row_bits, program.passes[1].q1.pairs), 1
    one = node_cycles(program, hardware, index)
    np.testing.assert_array_equal(one, np.maximum(bits, 3) + 2 * pairs)
    np.testing.assert_array_equal(node_cycles(program, replace(hardware, lane_sets=2), index),
                                  np.maximum(bits, 2) + 2 * pairs)
    last = len(program.passes) - 1
    assert set((node_cycles(program, hardware, last) - program.passes[last].q1.pairs).tolist()) == {1}
