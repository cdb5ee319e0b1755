"""What every verb shares: quiet, verbose and JSON output, progress, tables."""

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import click
from rich import box
from rich.console import Console as RichConsole
from rich.table import Table as RichTable
from rich.text import Text

from ..progress import Expected
from ..report.tables import Table, is_number
from . import steps

__all__ = ["Console", "common", "plain"]

_COLOURS = {"yes": "green", "no": "red", "missing": "red"}


def plain(text: str) -> str:
    """Text as it may go to a terminal: names out of files are text, and command it nothing."""
    return "".join(letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in text)


class Console:
    """Results go to standard output, progress to standard error.

    Parameters
    ----------
    quiet : bool
        No progress, no tables; errors and JSON only.
    verbose : bool
        Every step stays on the screen with its time, also when standard error is a terminal.
    as_json : bool
        Print one JSON document instead of tables.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False, as_json: bool = False) -> None:
        self.quiet, self.verbose, self.as_json = quiet, verbose, as_json
        self.progress_console = RichConsole(stderr=True, quiet=quiet)
        self._results = RichConsole(quiet=quiet or as_json)
        if not self._results.is_terminal:
            self._results.width = 160  # a pipe or a file has no width: do not fold tables

    def step(self, text: str, expected: Expected | None = None) -> AbstractContextManager[None]:
        """Show that something runs, and what it may take; as :class:`hwgen.progress.Progress`."""
        return steps.step(self.progress_console, plain(text), expected, keep=self.verbose)

    def bar(self, text: str, total: int) -> AbstractContextManager[Callable[[str], None]]:
        """Show how much of some work is done; as :class:`hwgen.progress.Progress`."""
        return steps.bar(self.progress_console, plain(text), total, keep=self.verbose)

    def note(self, text: str) -> None:
        """Say what goes on, once."""
        self.progress_console.print(Text(plain(text), "dim"), soft_wrap=True)

    def say(self, text: str, *, head: str = "") -> None:
        """Print a line of result, ``head`` before it in bold."""
        self._results.print(Text.assemble((plain(head), "bold"), plain(text)), soft_wrap=True)

    def error(self, text: str) -> None:
        """Print a line on standard error, also when quiet."""
        click.echo(plain(text), err=True)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table; columns of numbers are right-aligned, verdicts have a colour."""
        self.say("", head=title)  # not as the table's title, which folds at the table's width
        table = RichTable(header_style="dim", box=box.SIMPLE_HEAD, pad_edge=False)
        cells = [[plain(str(value)) for value in row] for row in rows]
        for index, column in enumerate(columns):
            numbers = all(is_number(row[index]) for row in cells if row[index])
            table.add_column(Text(plain(column)), justify="right" if numbers else "left")
        for row in cells:
            table.add_row(*(Text(cell, _COLOURS.get(cell, "")) for cell in row))
        self._results.print(table)

    def tables(self, tables: Iterable[Table]) -> None:
        """Print tables of :mod:`hwgen.report`, one below the other."""
        for each in tables:
            self.table(each.title, each.columns, each.rows)

    def result(self, facts: dict[str, Any]) -> None:
        """Print the facts as JSON if that was asked for."""
        if self.as_json:
            click.echo(json.dumps(facts, indent=2))


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb ``-q``, ``-v`` and ``--json``; it receives a :class:`Console` first."""

    @click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
    @click.option("-v", "--verbose", is_flag=True, help="Print every step with its time.")
    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    @functools.wraps(function)
    def wrapper(*args: Any, quiet: bool, verbose: bool, as_json: bool, **kwargs: Any) -> Any:
        return function(Console(quiet=quiet, verbose=verbose, as_json=as_json), *args, **kwargs)

    return wrapper
