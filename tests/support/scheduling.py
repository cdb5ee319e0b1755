"""Problems for slot schedulers, and the rules of what they return."""

from dataclasses import replace

import numpy as np

from hwgen.targets.banked.schedule import schedule as scheduling
from hwgen.targets.banked.schedule.balance import relative
from hwgen.targets.banked.schedule.quick import quick_spread


def check(counts, unit, bank, node):
    """Every rule of a slot schedule, checked read by read."""
    remaining = counts.copy()
    finished = np.zeros(len(unit), dtype=bool)
    open_node = [-1] * 16
    for slot_bank, slot_node in zip(bank.tolist(), node.tolist(), strict=True):
        used = [b for b in slot_bank if b >= 0]
        assert len(used) == len(set(used)), "a bank is read twice"
        for p, (b, i) in enumerate(zip(slot_bank, slot_node, strict=True)):
            if i < 0:
                assert b < 0
                continue
            assert unit[i] == p
            assert not finished[i]
            assert open_node[p] in (-1, i), "two nodes open in one accumulator"
            if b < 0:
                assert not counts[i].any(), "only a node without reads takes a slot without one"
                assert open_node[p] == -1
            else:
                remaining[i, b] -= 1
                assert remaining[i, b] >= 0
            finished[i] = not remaining[i].any()
            open_node[p] = -1 if finished[i] else i
    assert finished.all()


def problem(seed, nodes, mean, banks=16):
    rng = np.random.default_rng(seed)
    counts = np.zeros((nodes, 16), dtype=np.int64)
    for i, reads in enumerate(np.minimum(rng.geometric(1 / (mean + 1), nodes) - 1, 200)):
        np.add.at(counts[i], rng.integers(0, banks, reads), 1)
    return counts, rng.integers(0, 16, nodes)


def balanced(seed, mean, nodes=640, features=400):
    """Popular features spread over banks and long nodes over elements, as the lowering does: both near the mean.

    Placed in doubles that every machine adds alike; exponentials, as a build's placement has, differ by processor.
    """
    rng = np.random.default_rng(seed)
    popular = 1 / np.arange(1, features + 1) ** 0.7
    x = (rng.random((nodes, features)) < np.minimum(mean * popular / popular.sum(), 0.5)).astype(np.int64)

    def place(load, limit):
        demand = relative(load[:, None])
        return quick_spread(demand, np.argsort(-load, kind="stable"), 16, limit)

    bank, unit = place(x.sum(0), features), place(np.maximum(x.sum(1), 1), nodes)
    return x @ np.eye(16, dtype=np.int64)[bank], unit


def one_placement(monkeypatch):
    """The method of builds with one placement: of several, one may fit where another one does not."""
    one = replace(scheduling.BEST, place=scheduling.BEST.place[:1])
    monkeypatch.setattr(scheduling, "BEST", one)
    return one
