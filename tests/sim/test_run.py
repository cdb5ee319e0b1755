"""What a simulator is given, and what is told of its log."""

from pathlib import Path

import pytest

from sim.run import _complaint, _environment


@pytest.mark.parametrize("test", ["sim.cosim", "bus_play"])
def test_the_test_of_the_caller_runs_whatever_cocotb_variables_are_set(monkeypatch, test):
    monkeypatch.setenv("COCOTB_TEST_MODULES", "another")
    monkeypatch.setenv("COCOTB_TESTCASE", "one")
    given = _environment(Path("libpython.so"), Path("job.json"), test)
    assert given["COCOTB_TEST_MODULES"] == test
    assert "COCOTB_TESTCASE" not in given


@pytest.mark.parametrize(("log", "line"), [
    ("", "no message"), ("one\n\n  two \n", "two"), ("KeyError: 1\nlast", "KeyError: 1"),
    ("ValueError: a\nAssertionError: b\nend", "AssertionError: b"),
])
def test_the_line_that_says_most(log, line):
    assert _complaint(log) == line
