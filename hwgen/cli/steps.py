"""What long work shows: on a terminal a line that moves, with elapsed and expected time, and expected memory.

In a log there is a line when a step begins, and again as long as it lasts.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from ..progress import Expected

__all__ = ["REPEAT_S", "bar", "spell", "step"]

#: In a log, a step that goes on is named again so often.
REPEAT_S = 30.0
#: Shorter times are not announced.
WORTH_S = 5.0


def spell(seconds: float) -> str:
    """``0.4 s``, ``45 s``, ``3 min``, ``2.5 h``."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


@contextmanager
def step(console: Console, text: str, expected: Expected | None, *, keep: bool) -> Iterator[None]:
    """Show a step while it lasts; afterwards how long it took, where that was over a second or is to be kept.

    Parameters
    ----------
    expected : Expected or None
        What it may take.
    """
    about = f"about {spell(expected.seconds)}, {expected.megabytes / 1000:.1f} GB" if (
        expected is not None and expected.seconds >= WORTH_S) else ""
    start = time.perf_counter()
    if console.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn(),
                   TextColumn(f"of {about}" if about else ""))
        with Progress(*columns, console=console, transient=True) as progress:
            progress.add_task(text, total=None)
            yield
    else:
        _line(console, f"{text} ..." + (f" {about}" if about else ""))
        of = f" of {about}" if about else ""
        with _again(lambda: _line(console, f"{text}: {spell(time.perf_counter() - start)}{of} so far")):
            yield
    seconds = time.perf_counter() - start
    if keep or seconds > 1:
        _line(console, f"{text}: {seconds:.1f} s")


@contextmanager
def bar(console: Console, text: str, total: int, *, keep: bool) -> Iterator[Callable[[str], None]]:
    """Show how much of some work is done; yields a function that advances it by one and takes a note."""
    start, done = time.perf_counter(), [0]
    if console.is_terminal:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(),
                   TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn(),
                   TextColumn("{task.fields[left]} {task.fields[note]}", markup=False))
        with Progress(*columns, console=console, transient=not keep) as progress:
            task = progress.add_task(text, total=total, note="", left="")

            def advance(note: str) -> None:
                done[0] += 1
                progress.update(task, advance=1, note=note, left=_left(start, done[0], total))

            yield advance
        return

    def count(note: str) -> None:
        done[0] += 1

    _line(console, f"{text}: 0 of {total:,} ...")
    with _again(lambda: _line(console, f"{text}: {done[0]:,} of {total:,} after "
                              f"{spell(time.perf_counter() - start)}{_left(start, done[0], total)}")):
        yield count
    _line(console, f"{text}: {done[0]:,} of {total:,} in {spell(time.perf_counter() - start)}")


def _line(console: Console, text: str) -> None:
    console.print(Text(text, "dim"), soft_wrap=True)


def _left(start: float, done: int, total: int) -> str:
    """How much longer it takes at the pace so far."""
    return f", about {spell((time.perf_counter() - start) * (total - done) / done)} left" if done else ""


@contextmanager
def _again(say: Callable[[], None]) -> Iterator[None]:
    """Call something every half minute, in a thread of its own, until the context ends."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(REPEAT_S):
            say()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
