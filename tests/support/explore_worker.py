"""A process that explores a checkpoint: ``python explore_worker.py CHECKPOINT FOLDER TRIALS SECONDS``."""

import sys
import time
from pathlib import Path
from typing import Any

import boards
from hwgen.explore.measure import Measure
from hwgen.explore.run import Explored, explore
from hwgen.frontend.checkpoint import load

BOARD = boards.load("ultra96")


def explored(model: Path, folder: Path, trials: int, **options: Any) -> Explored:
    """A short exploration, without exact cycles unless they are asked for."""
    given = {"points": 3, "confirm": "none"} | options
    return explore(*load(model), BOARD, study=folder, source=model.name, trials=trials, **given)


if __name__ == "__main__":
    measure, pause = Measure.__call__, float(sys.argv[4])

    def slowly(self: Measure, assignment: Any) -> Any:
        time.sleep(pause)
        return measure(self, assignment)

    Measure.__call__ = slowly  # type: ignore[method-assign]
    explored(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
