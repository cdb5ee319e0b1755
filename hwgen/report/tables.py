"""Tables of facts as text: the terminal prints them, the page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Table", "span"]


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
    note : str
        What the figures mean; may be empty.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def span(pair: Sequence[float]) -> str:
    """Lowest and highest of some steps."""
    low, high = pair
    return f"{low:.3g} .. {high:.3g}" if low != high else f"{low:.3g}"
