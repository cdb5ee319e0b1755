"""Slot after slot, until all are finished, whoever finishes them."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from ..progress import SILENT, Progress
from .study import Assignment, Done, Study, Worth

__all__ = ["Proposes", "work"]

#: Seconds between looks at what other processes do.
WAIT = 0.2


class Proposes(Protocol):
    """Draws assignments; the same for the same arguments."""

    def known_before(self, slot: int) -> int:
        """How many first slots the proposal of a slot rests on."""
        ...

    def __call__(self, slot: int, known: Sequence[Done]) -> Assignment:
        """The assignment of a slot, from what was measured in the slots that it rests on."""
        ...


def work(study: Study, propose: Proposes, measure: Callable[[Assignment], Worth | None], slots: int,
         progress: Progress = SILENT, *, what: str = "measuring assignments") -> None:
    """Measure free slots until all are finished.

    Parameters
    ----------
    study : Study
    propose : Proposes
    measure : callable
        What an assignment is worth; None where it cannot be built.
    slots : int
        Of all processes together.
    what : str
        That is done, for people.
    """
    with progress.bar(what, slots) as advance:
        shown = 0
        while True:
            finished = min(study.finished, slots)
            for _ in range(finished - shown):
                advance(f"{finished} of {slots}")
            shown = max(shown, finished)
            if finished >= slots:
                return
            slot = study.claim(slots, propose.known_before, propose)
            if slot is None:
                time.sleep(WAIT)
            else:
                study.tell(slot, measure(slot.assignment))
