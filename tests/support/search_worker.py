"""A process that works on a study of a made-up accuracy: ``python search_worker.py FOLDER SLOTS SECONDS SAMPLER``."""

import sys
import time
from pathlib import Path

from hwgen.bit_search.propose import Proposer
from hwgen.studies.study import Assignment, Done, Settings, Study, Worth
from hwgen.studies.work import work

CHOICES = dict.fromkeys(("a", "b", "c", "d"), (1, 2, 3, 4, 6, 8))
#: Bits that each knob wants before accuracy suffers.
NEEDS = {"a": 4, "b": 2, "c": 3, "d": 6}


def study_of(folder: Path, settings: Settings) -> Study:
    """A study of small costs and high accuracies."""
    return Study(folder, "made-up", ("minimize", "maximize"), settings, CHOICES)


def measured(assignment: Assignment) -> Worth | None:
    """Total bits, and an accuracy; an assignment of one bit throughout cannot be built."""
    if set(assignment.values()) == {1}:
        return None
    lost = sum(0.03 * max(0, NEEDS[name] - bits) for name, bits in assignment.items())
    return Worth(values=(float(sum(assignment.values())), 0.9 - lost))


def searched(folder: Path, slots: int, seconds: float = 0.0, sampler: str = "tree", seed: int = 3) -> list[Done]:
    """What the study holds in the end; each measurement takes some seconds."""
    def slowly(assignment: Assignment) -> Worth | None:
        time.sleep(seconds)
        return measured(assignment)

    study = study_of(folder, {"seed": seed, "sampler": sampler})
    try:
        work(study, Proposer(choices=CHOICES, seed=seed, floor=0.88, sampler=sampler, first=8), slowly, slots)
        return study.done
    finally:
        study.close()


if __name__ == "__main__":
    searched(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
