"""Tables of facts on the terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from .console import Console

if TYPE_CHECKING:  # importing NumPy takes a moment
    from ..report.tables import Table

__all__ = ["agreement_rows", "show_tables"]

_VERDICTS = {"yes": "[green]yes[/green]", "no": "[red]no[/red]"}


def show_tables(console: Console, tables: "Iterable[Table]") -> None:
    """Print tables of :mod:`hwgen.report`, one below the other."""
    for table in tables:
        console.table(escape(table.title), table.columns,
                      [[_VERDICTS.get(cell, escape(cell)) for cell in row] for row in table.rows])


def agreement_rows(agreed: dict[str, Any] | None) -> list[tuple[str, str]]:
    """How near the integer results are to PyTorch's: rows of a table, none where PyTorch's are not known."""
    if not agreed:
        return []
    rows = [("argmax agrees with PyTorch",
             f"{agreed['argmax']:.3%} ({agreed['disagreeing']} {agreed.get('of', 'nodes')} differ)"),
            ("largest difference of a logit", f"{agreed['largest_code_difference']} codes of 16 bit")]
    if agreed["accuracy_torch"] is not None:
        rows.append(("accuracy, PyTorch / hardware",
                     f"{agreed['accuracy_torch']:.2%} / {agreed['accuracy_integer']:.2%}"))
    return rows
