"""Tables of facts on the terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.markup import escape

from .console import Console

if TYPE_CHECKING:  # importing NumPy takes a moment
    from ..report.tables import Table

__all__ = ["show_tables"]

_VERDICTS = {"yes": "[green]yes[/green]", "no": "[red]no[/red]"}


def show_tables(console: Console, tables: "Iterable[Table]") -> None:
    """Print tables of :mod:`hwgen.report`, one below the other."""
    for table in tables:
        console.table(escape(table.title), table.columns,
                      [[_VERDICTS.get(cell, escape(cell)) for cell in row] for row in table.rows])
