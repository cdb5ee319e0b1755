"""The table of docs/own-models.md is that of the recognisers; ``--write`` makes it again."""

import sys
from itertools import groupby
from pathlib import Path

from hwgen.frontend.calls import name_of
from hwgen.frontend.tracing.recognisers import RECOGNISERS
from hwgen.frontend.tracing.table import Recogniser

PAGE = Path(__file__).parents[4] / "docs" / "own-models.md"
BEGIN, END = "<!-- recognised -->\n", "<!-- end of recognised -->"


def computes(row: Recogniser) -> str:
    """The first paragraph of the docstring of what reads it."""
    return " ".join((row.read.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")


def names(row: Recogniser) -> list[str]:
    """Modules, functions and methods by the names that users write; what works in place goes without saying."""
    found = [target.__name__ if isinstance(target, type) else name_of(target) for target in row.targets]
    return [name for name in dict.fromkeys(found) if not name.removesuffix("()").endswith(("_", "="))]


def table() -> str:
    """One row for what stands together in the table of recognisers and computes the same."""
    rows = ["| layer, function or method | options | computes |", "|---|---|---|"]
    for (_, what, options), same in groupby(RECOGNISERS.rows, lambda row: (row.kind, computes(row), row.options)):
        rows.append(f"| {', '.join(f'`{name}`' for row in same for name in names(row))} | {options} | {what} |")
    return "\n".join(rows)


def page() -> tuple[str, str]:
    """The page as it is, and as it is to be."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return text, f"{before}{BEGIN}{table()}\n{END}{rest.split(END)[1]}"


def test_the_page_has_the_table_of_recognisers() -> None:
    there, wanted = page()
    assert there == wanted, f"python {Path(__file__).name} --write"


def test_every_row_says_what_it_computes() -> None:
    assert all(computes(row).endswith((".", ":")) and names(row) for row in RECOGNISERS.rows)


if __name__ == "__main__" and "--write" in sys.argv:
    PAGE.write_text(page()[1], encoding="utf-8")
