"""A command and what STATUS says after it: good only where it is done and nothing is wrong."""

import asyncio
from types import SimpleNamespace

import pytest

from sim.commands import command

ERRORS = {0: "NONE", 5: "WATCHDOG", 6: "BUSY"}


def bench(**status):
    """A bench whose command ends so."""
    async def played(name, deadline):
        assert (name, deadline) == ("run", 100)
        return {"error": 0, "stuck_stage": 0, "stuck_pass": 0, **status}
    design = SimpleNamespace(errors=ERRORS, stages={2: "GATHER"})
    return SimpleNamespace(command=played, design=design, cycle=7, time_ns=28)


@pytest.mark.parametrize(("status", "said"), [
    ({"done": 1}, None),
    ({"done": 0}, "run: not finished after 7 cycles"),
    ({"done": 1, "error": 6}, "run: the design reports error BUSY"),
    ({"done": 0, "error": 6}, "run: the design reports error BUSY"),
    ({"done": 1, "error": 9}, "run: the design reports error 9"),
    ({"done": 1, "error": 5, "stuck_stage": 2, "stuck_pass": 3},
     "run: the design reports error WATCHDOG: stage GATHER stood still in pass 3"),
])
def test_a_command(status, said):
    wrong = asyncio.run(command(bench(**status), "run", 100))
    assert (wrong and wrong.detail) == said
    assert wrong is None or wrong.kind == "stuck"
