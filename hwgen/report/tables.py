"""Tables of facts as text: the terminal prints them, the page shows them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Table", "is_number", "span"]

_NUMBER = re.compile(r"[-+]?[\d,.]+(e[-+]?\d+)?($|[ %x(/.])|-$")


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table.

    Parameters
    ----------
    title : str
    columns : sequence of str
        Headings.
    rows : sequence of sequences of str
        Cells, as they are printed.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def numeric(self) -> list[bool]:
        """Whether each column holds numbers, empty cells apart: they are right-aligned."""
        return [all(is_number(row[index]) for row in self.rows if row[index]) for index in range(len(self.columns))]


def is_number(cell: str) -> bool:
    """Whether a cell starts as a number does, or is a dash."""
    return bool(_NUMBER.match(cell))


def span(pair: Sequence[float]) -> str:
    """Lowest and highest of some steps."""
    low, high = pair
    return f"{low:.3g} .. {high:.3g}" if low != high else f"{low:.3g}"
