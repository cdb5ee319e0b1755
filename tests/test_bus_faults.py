"""Faults on the bus of emitted designs of both targets: reported or survived, never a wrong result in silence.

``bench/bus_faults.py`` plays more of them.
"""

import bus_designs
import pytest

from sim import SimError
from sim.folder import Design
from sim.run import SimOptions, simulate
from sim.verilate import compile_model

pytestmark = pytest.mark.verilator

EVERY = ("clear", "reset", "run limit", "short watchdog", "read response", "write response", "early end", "flipped bit",
         "flipped bit of a header", "damaged beats", "RLAST", "silent memory", "ranges", "busy")


@pytest.fixture(scope="module", params=[
    pytest.param(each, marks=pytest.mark.slow if each == "lists" else ()) for each in bus_designs.TARGETS])
def played(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    bus_designs.write_build(folder, request.param)
    model = compile_model(Design.load(folder))

    def play(kinds, numbers, seed=0):
        job = {"build": str(folder), "seed": seed, "numbers": list(numbers), "kinds": list(kinds)}
        try:
            return simulate(model, job, folder / "sim", SimOptions(), test="bus_play")[0]
        except SimError as wrong:  # what the play itself asserts
            raise AssertionError(str(wrong)) from wrong
    return play


def test_a_run_that_is_ended_at_any_moment_leaves_the_design_as_it_was(played):
    """By clear, by its limit, by the watchdog: the next run, without a load, has the same results and CYCLES.

    Four moments of each: the bench plays hundreds.
    """
    found = played(("clear", "run limit", "short watchdog"), range(12))
    assert {each["outcome"] for each in found} <= {"survived", "reported"}, found
    assert {each["outcome"] for each in found if each["kind"] != "clear"} == {"survived"}, found


@pytest.mark.slow
def test_every_fault_is_reported_or_survived(played):
    found = played(EVERY, range(len(EVERY)))
    assert not [each for each in found if each["outcome"] == "silent"]
    assert {each["kind"] for each in found} == set(EVERY)
