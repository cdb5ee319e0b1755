"""Slot after slot, until all are finished, whoever finishes them."""

import time
from collections.abc import Callable

from ..progress import SILENT, Progress
from .propose import Proposer
from .study import Assignment, Study

__all__ = ["work"]

#: Seconds between looks at what other processes do.
WAIT = 0.2


def work(study: Study, proposer: Proposer, measure: Callable[[Assignment], tuple[float, float] | None], slots: int,
         progress: Progress = SILENT) -> None:
    """Measure free slots until all are finished.

    Parameters
    ----------
    study : Study
    proposer : Proposer
    measure : callable
        Gives cost and accuracy of an assignment; None where it cannot be built.
    slots : int
        Of all processes together.
    """
    with progress.bar("measuring assignments", slots) as advance:
        shown = 0
        while True:
            finished = min(study.finished, slots)
            for _ in range(finished - shown):
                advance(f"{finished} of {slots}")
            shown = max(shown, finished)
            if finished >= slots:
                return
            slot = study.claim(slots, proposer.known_before, proposer)
            if slot is None:
                time.sleep(WAIT)
            else:
                study.tell(slot, measure(slot.assignment))
