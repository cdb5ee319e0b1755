"""Tables of facts on the terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .console import Console

if TYPE_CHECKING:  # importing NumPy takes a moment
    from ..report.tables import Table

__all__ = ["show_tables"]


def show_tables(console: Console, tables: "Iterable[Table]") -> None:
    """Print tables of :mod:`hwgen.report`, one below the other."""
    for table in tables:
        console.table(table.title, table.columns, table.rows)
