"""How long work tells its caller what goes on: one protocol, and the progress that nobody sees."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol

__all__ = ["SILENT", "Expected", "Progress"]


class Expected(NamedTuple):
    """About what a long step takes: seconds on one quiet core, and megabytes at its peak, of all its processes."""

    seconds: float
    megabytes: float


class Progress(Protocol):
    """Told what goes on; the command line shows it."""

    def step(self, text: str, expected: Expected | None = None) -> AbstractContextManager[None]:
        """A context that lasts as long as the step that ``text`` names."""
        ...

    def note(self, text: str) -> None:
        """Something that is known before the next step begins."""
        ...

    def bar(self, text: str, total: int) -> AbstractContextManager[Callable[[str], None]]:
        """A context that gives a function, which is called ``total`` times, each time with a note."""
        ...


class _Silent:
    def step(self, text: str, expected: Expected | None = None) -> AbstractContextManager[None]:
        return nullcontext()

    def note(self, text: str) -> None:
        pass

    def bar(self, text: str, total: int) -> AbstractContextManager[Callable[[str], None]]:
        return nullcontext(lambda note: None)


#: Nobody is told.
SILENT: Progress = _Silent()
