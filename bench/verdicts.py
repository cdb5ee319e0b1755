"""What became of deliberate faults, and a file that keeps it, so that a campaign may be run in parts."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from faults import Fault
from result_lines import append_line, write_lines

__all__ = ["Kept", "Verdict"]


class Verdict(NamedTuple):
    """What became of a fault.

    ``outcome`` is "caught", "survived", or what kept it from being tried; of a change that changes nothing "the same".
    """

    fault: Fault
    outcome: str
    test: str
    message: str
    seconds: float

    @property
    def ok(self) -> bool:
        """It is what the table says."""
        return self.outcome == ("the same" if self.fault.same else "caught")


class Kept:
    """Verdicts of runs before, a line of JSON each: those that are what the tables say, and still stand.

    A verdict stands while the row, the file in which the fault is planted and the file of its tests are what they were.
    It is not looked at what these two import: where that matters, begin a new file.

    Parameters
    ----------
    path : Path or None
        None keeps nothing.
    tree : Path
        Where the files are.
    """

    def __init__(self, path: Path | None, tree: Path) -> None:
        self.path, self.tree = path, tree
        lines = path.read_text().splitlines() if path is not None and path.is_file() else []
        self._known = {entry["key"]: entry for entry in map(json.loads, lines)}

    def find(self, fault: Fault) -> Verdict | None:
        """The verdict of before."""
        known = self._known.get(self._key(fault))
        return None if known is None else Verdict(fault, **{name: known[name] for name in Verdict._fields[1:]})

    def add(self, verdict: Verdict) -> None:
        """Keep a verdict."""
        if self.path is not None and verdict.ok:
            append_line(self.path, self._line(verdict))

    def keep_only(self, verdicts: Iterable[Verdict]) -> None:
        """Leave out verdicts that no longer stand."""
        if self.path is not None:
            write_lines(self.path, [self._line(verdict) for verdict in verdicts if verdict.ok])

    def _line(self, verdict: Verdict) -> dict[str, object]:
        facts = verdict._asdict() | {"fault": verdict.fault.name, "seconds": round(verdict.seconds, 1)}
        return {**facts, "key": self._key(verdict.fault)}

    def _key(self, fault: Fault) -> str:
        test = fault.test.partition("::")[0]
        parts = [*map(str, fault), *(path.read_text() if (path := self.tree / name).is_file() else ""
                                     for name in (fault.file, test))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()
