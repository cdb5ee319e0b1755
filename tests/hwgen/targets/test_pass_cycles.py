"""Counters of a run add up: what a stage worked, waited and idled is all cycles of all of it."""

import pytest

from hwgen.targets.pass_cycles import CycleEstimate, PassCycles, Stage

PASSES = (PassCycles(name="a", cycles=100, run={"gather": 150, "write": 20}, waited={"gather": 30, "write": 0}),
          PassCycles(name="b", cycles=40, run={"gather": 5, "write": 33}, waited={"gather": 7, "write": 0}))


@pytest.mark.parametrize("waits", ["out", "in"])
def test_counters_add_up(waits):
    estimate = CycleEstimate(passes=PASSES, stages=(Stage(name="gather", count=2, waits=waits),
                                                    Stage(name="write", count=3, waits=None)))
    assert estimate.total == 140
    assert estimate.counters() == {"gather_run": 155, f"gather_wait_{waits}": 37, "gather_idle": 2 * 140 - 155 - 37,
                                   "write_run": 53}
    facts = estimate.to_dict()
    assert (facts["total"], facts["counters"]) == (140, estimate.counters())
    first = facts["passes"][0]
    assert first["utilisation"] == {"gather": 150 / 200, "write": 20 / 300}
    assert first["waited"] == ({"gather": 30 / 200, "write": 0.0} if waits == "out" else {"write": 0.0})
