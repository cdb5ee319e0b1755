"""Steps are named when they begin, named again while they last, and say what they may take."""

import io
import time

import pytest
from rich.console import Console as RichConsole

from hwgen.cli import steps
from hwgen.progress import Expected


def console(*, terminal: bool) -> tuple[RichConsole, io.StringIO]:
    text = io.StringIO()
    return RichConsole(file=text, force_terminal=terminal, width=60, color_system=None), text


def test_in_a_log_a_step_is_named_when_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps.time, "perf_counter", lambda: 7.0)  # however busy the machine is
    log, text = console(terminal=False)
    with steps.step(log, "counting " + 12 * "many ", Expected(90.0, megabytes=1200), keep=False):
        assert text.getvalue() == "counting " + 12 * "many " + " ... about 90 s, 1.2 GB\n"
    assert text.getvalue().count("\n") == 1  # it took no second
    with steps.step(log, "packing", Expected(0.5, megabytes=1200), keep=True):
        assert text.getvalue().endswith("packing ...\n")
    assert text.getvalue().endswith("packing: 0.0 s\n")


def test_in_a_log_a_step_that_lasts_is_named_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "REPEAT_S", 0.02)
    log, text = console(terminal=False)
    def interrupted() -> None:
        with steps.step(log, "counting", Expected(90.0, megabytes=1200), keep=False):
            while text.getvalue().count("so far") < 2:
                time.sleep(0.01)
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    lines = text.getvalue().splitlines()
    assert lines[1].startswith("counting: 0.")
    assert lines[1].endswith(" of about 90 s, 1.2 GB so far")
    time.sleep(0.05)
    assert text.getvalue().splitlines() == lines  # it ends with the step


def test_in_a_log_a_bar_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "REPEAT_S", 0.02)
    log, text = console(terminal=False)
    with steps.bar(log, "training", 4, keep=False) as advance:
        assert text.getvalue() == "training: 0 of 4 ...\n"
        advance("epoch 1")
        while "1 of 4 after 0." not in text.getvalue():
            time.sleep(0.01)
    assert " left\n" in text.getvalue()
    assert "training: 1 of 4 in 0." in text.getvalue().splitlines()[-1]


def test_on_a_terminal_a_step_shows_elapsed_and_expected_time() -> None:
    shown, text = console(terminal=True)
    with steps.step(shown, "counting [b]", Expected(90.0, megabytes=1200), keep=False):
        pass
    assert "counting [b]" in text.getvalue()
    assert "0:00:00" in text.getvalue()
    assert "of about 90 s, 1.2 GB" in text.getvalue()
    with steps.bar(shown, "training", 4, keep=True) as advance:
        advance("epoch 1")
    assert "1/4" in text.getvalue()
    assert "left epoch 1" in text.getvalue()


@pytest.mark.parametrize(("seconds", "words"), [(0.42, "0.4 s"), (45.2, "45 s"), (180, "3 min"), (9000, "2.5 h")])
def test_times_are_spelt(seconds: float, words: str) -> None:
    assert steps.spell(seconds) == words
