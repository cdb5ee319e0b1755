"""What hardware was compared with, as rows: `hwgen verify` prints them of a simulation, `validate.py` of a board."""

from collections.abc import Sequence
from typing import Protocol

__all__ = ["as_text", "verification_rows"]


class _Run(Protocol):
    """A run; ``difference``: cycles expected minus cycles counted."""

    @property
    def difference(self) -> int: ...


class _Outcome(Protocol):
    """What the rows say; of all runs that ran."""

    @property
    def bit_exact(self) -> bool: ...
    @property
    def what(self) -> str: ...
    @property
    def runs(self) -> Sequence[_Run]: ...
    @property
    def rows_compared(self) -> int: ...
    @property
    def codes_compared(self) -> int: ...
    @property
    def cycles(self) -> int: ...
    @property
    def load_cycles(self) -> int: ...
    @property
    def store_cycles(self) -> int: ...


def verification_rows(run: _Outcome, how: str = "simulated") -> list[tuple[str, str]]:
    """What was compared, and cycles beside those expected.

    Parameters
    ----------
    how : str
        What was done to the hardware.
    """
    differing = [each for each in run.runs if each.difference]
    difference = sum(each.difference for each in run.runs)
    return [
        ("bit-exact", "yes" if run.bit_exact else "no"),
        (how, run.what),
        ("rows / codes compared", f"{run.rows_compared:,} / {run.codes_compared:,}") if run.rows_compared else
        ("results compared", f"{run.codes_compared:,}"),
        ("cycles, by the RTL's counter", f"{run.cycles:,}"),
        ("cycle estimate minus RTL counter", f"{difference:+,} in {len(differing):,} of {len(run.runs):,} runs"
         if differing else "+0 in every run" if len(run.runs) > 1 else "+0"),
        ("load / store cycles", f"{run.load_cycles:,} / {run.store_cycles:,}"),
    ]


def as_text(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain text."""
    widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
             for row in (columns, ["-" * width for width in widths], *rows)]
    return "\n".join([title, *lines, ""])
