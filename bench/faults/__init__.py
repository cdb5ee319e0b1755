"""Deliberate faults that a test must catch: the tables of ``bench/mutations.py``, one file for each area.

Each is a slip that somebody could make while changing that file. A row is a name, the id of the test that catches it
(as pytest takes it, in ``tests/``, so that a test that was renamed is an error and not a selection of nothing), what
then goes wrong, text that occurs once in the file, and what replaces it. The test lies beside the code where that is
possible, and takes seconds. Rows of ``SAME`` change nothing that can be seen, and say why: no test can catch them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from . import (
    banked,
    banked_server,
    banked_target,
    cells,
    common,
    dictionary,
    lists,
    lists_rows,
    lists_target,
    serial,
    shell,
    verifier,
)

__all__ = ["AREAS", "FAULTS", "Fault"]

AREAS = {module.__name__.rpartition(".")[2]: module for module in (
    verifier, shell, serial, cells, banked, banked_server, banked_target, lists, lists_rows, lists_target, dictionary,
    common)}


class Fault(NamedTuple):
    """One wrong line.

    Parameters
    ----------
    name : str
    file, old, new : str
        Text that occurs once in the file, and what replaces it.
    why : str
        What then goes wrong; of a change that changes nothing, why it does not.
    test : str
        Id of tests that pass without the fault; one of them fails with it.
    area : str
    same : bool
        It changes nothing that can be seen.
    """

    name: str
    file: str
    old: str
    new: str
    why: str
    test: str
    area: str = ""
    same: bool = False


def _faults() -> Iterator[Fault]:
    for area, module in AREAS.items():
        tables: Sequence[Mapping[str, Sequence[tuple[str, ...]]]] = (module.FAULTS, module.SAME)
        for table in tables:
            for file, rows in table.items():
                for name, test, why, old, new in rows:
                    yield Fault(name, file, old, new, why, f"tests/{test}", area, table is module.SAME)


FAULTS = tuple(_faults())
