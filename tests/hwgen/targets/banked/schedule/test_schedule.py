"""Whole schedules: every read of every node is there once, halves alternate, capacities are named."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from models import program_of, random_graph_model
from refusals import accepted
from scheduling import one_placement

from hwgen.errors import CapacityError, HwgenError
from hwgen.targets.banked.schedule.owners import edge_list
from hwgen.targets.banked.schedule.schedule import BEST, QUICK, schedule
from hwgen.targets.banked.sizes import choose


def made(seed=0, groups=2, servers=8, method=BEST, **model):
    program = program_of(random_graph_model(seed, **model))
    hardware = choose(program, groups=groups, servers=servers, slots=4096)
    return program, hardware, schedule(program, hardware, method)


def reads(plan, slots):
    """(node, bank, row) of every read, following each processing element's open node."""
    found = Counter()
    for g in range(slots.bank.shape[1]):
        for p in range(16):
            pending = []
            for bank, row, node in zip(slots.bank[:, g, p], slots.row[:, g, p], slots.node[:, g, p], strict=True):
                if bank >= 0:
                    pending.append((int(bank), int(row)))
                if node >= 0:
                    assert plan.owners.unit[node] == p
                    assert plan.owners.group[node] == g
                    found.update((int(node), *read) for read in pending)
                    pending = []
            assert not pending
    return found


@pytest.mark.parametrize(("groups", "servers"), [(1, 4), (2, 8), (3, 16), (4, 4)])
@pytest.mark.parametrize("method", [BEST, QUICK], ids=["best", "quick"])
def test_every_read_is_scheduled_once(groups, servers, method):
    program, _, plan = made(groups=groups, servers=servers, method=method, layers=3)
    owners, sources = plan.owners, plan.sources
    first, *others = program.schedules
    node, feature = edge_list(first.reads)
    copies = {int(f): (int(b), int(r)) for f, b, r in zip(sources.source, sources.bank, sources.row, strict=True)}
    assert reads(plan, plan.slots[0]) == Counter((int(i), *copies[int(f)]) for i, f in zip(node, feature, strict=True))
    assert len(others) == len(plan.slots) - 1 == 3  # passes read different rows
    for gather, slots in zip(others, plan.slots[1:], strict=True):
        node, source = edge_list(gather.reads)
        assert reads(plan, slots) == Counter(
            (int(i), int(owners.unit[j]), int(owners.row[j])) for i, j in zip(node, source, strict=True))
    for slots in plan.slots:
        for column in slots.bank.reshape(-1, 16):
            used = column[column >= 0]
            assert len(set(used.tolist())) == len(used)
        assert slots.count >= slots.bound


def test_passes_share_slots_and_alternate_halves():
    _, hardware, plan = made(layers=4, min_bits=1)
    first, *rest = plan.passes
    assert (first.start, first.count, first.read_half, first.write_half) == (0, plan.slots[0].count, 0, 0)
    assert {(step.start, step.count) for step in rest} == {(plan.slots[0].count, plan.slots[1].count)}
    for before, after in zip(plan.passes, plan.passes[1:], strict=False):
        assert after.read_half == before.write_half
        assert after.write_half != after.read_half
    assert plan.slots_used == sum(slots.count for slots in plan.slots) <= hardware.slots


@pytest.mark.parametrize("model", [{}, {"input_bits": 4}])
def test_arrival_order(model):
    """Ports are numbered g * (16/S) + p // S, and nodes arrive in the order in which they finish."""
    program, hardware, plan = made(groups=2, servers=4, **model)
    for index, (step, kind) in enumerate(zip(plan.passes, [p.kind for p in program.passes], strict=True)):
        assert len(step.order) == 4
        everyone = np.concatenate([nodes for ports in step.order for nodes in ports])
        assert sorted(everyone.tolist()) == np.flatnonzero(program.rows_of(index)).tolist()
        for server, ports in enumerate(step.order):
            assert len(ports) == hardware.ports == 8
            assert (plan.owners.unit[np.concatenate(ports)] % 4 == server).all()
            if kind == "dense":
                assert all(len(nodes) == 0 for nodes in ports[1:])
                continue
            slots = plan.slots[program.schedules.index(program.gathers[index])]
            for port, nodes in enumerate(ports):
                assert (plan.owners.group[nodes] == port // 4).all()
                assert (plan.owners.unit[nodes] // 4 == port % 4).all()
                when = [np.argwhere(slots.node == i)[0, 0] for i in nodes]
                assert when == sorted(when)


def test_too_few_slots_are_counted(monkeypatch):
    one = one_placement(monkeypatch)
    program, hardware, _ = made(nodes=60)
    plan = schedule(program, hardware, one, room=0)
    need = schedule(program, replace(hardware, slots=1 << 16), one, room=0).slots_used
    assert need == plan.slots_used
    assert schedule(program, replace(hardware, slots=need), one, room=0).slots_used == need
    least = sum(slots.bound for slots in plan.slots) - 1
    with pytest.raises(CapacityError, match=rf"\d+ slots are needed .* has {least}: \d+ too many") as error:
        schedule(program, replace(hardware, slots=least), one)
    told = int(error.value.fix.split("--slots ")[1].split(",")[0])
    assert error.value.what.startswith(f"{told} slots")
    assert f": {told - least} too many" in error.value.what
    assert schedule(program, replace(hardware, slots=told), one).slots_used <= told


@pytest.mark.slow
def test_the_short_schedule_is_taken_when_only_it_fits(monkeypatch):
    """The even flow that slow servers like takes more slots than the shortest schedule."""
    one = one_placement(monkeypatch)
    program, hardware, _ = made(groups=1, servers=16, nodes=400, hidden=8, min_bits=1)
    hardware = replace(hardware, requant_lanes=2, column_depth=64, bias_depth=512, result_depth=2048)
    even = schedule(program, replace(hardware, slots=1 << 16), one, room=0).slots_used
    assert schedule(program, replace(hardware, slots=even), one, room=0).slots_used == even
    with accepted():
        assert schedule(program, replace(hardware, slots=even - 1), one, room=0).slots_used < even


def test_input_features_in_a_later_pass_are_refused():
    program, hardware, _ = made()
    wrong = replace(program, passes=(program.passes[1], program.passes[0]), live=None)
    with pytest.raises(HwgenError, match="only the first pass"):
        schedule(wrong, hardware)


def test_deterministic():
    _, _, one = made(seed=5)
    _, _, two = made(seed=5)
    for a, b in zip(one.slots, two.slots, strict=True):
        np.testing.assert_array_equal(a.row, b.row)
        np.testing.assert_array_equal(a.node, b.node)
