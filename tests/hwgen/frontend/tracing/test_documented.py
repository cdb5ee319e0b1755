"""The table of docs/own-models.md is that of the recognisers; ``--write`` makes it again."""

import sys
from itertools import groupby
from pathlib import Path

from hwgen.frontend.tracing.recognisers import RECOGNISERS

PAGE = Path(__file__).parents[4] / "docs" / "own-models.md"
BEGIN, END = "<!-- recognised -->\n", "<!-- end of recognised -->"


def table() -> str:
    """One row for what stands together in the table of recognisers and computes the same."""
    rows = ["| layer, function or method | options | computes |", "|---|---|---|"]
    for (_, computes, options), same in groupby(RECOGNISERS.rows, lambda row: (row.kind, row.computes, row.options)):
        names = ", ".join(f"`{name}`" for row in same for name in row.names())
        rows.append(f"| {names} | {options} | {computes} |")
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
    assert all(row.computes.endswith((".", ":")) and row.names() for row in RECOGNISERS.rows)


if __name__ == "__main__" and "--write" in sys.argv:
    PAGE.write_text(page()[1], encoding="utf-8")
