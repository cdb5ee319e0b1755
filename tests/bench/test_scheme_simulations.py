"""Simulated builds of schemes: rows that there are, and a page of the last line of each."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2] / "bench"))
simulations, rows = importlib.import_module("scheme_simulations"), importlib.import_module("scheme_rows")


def test_forms_are_rows_of_the_table() -> None:
    labels = {(row.data, row.label) for row in rows.ROWS}
    assert {(data, label) for data, some in simulations.FORMS.items() for label in some} <= labels


def test_the_page_has_the_last_line_of_each_row_and_target(tmp_path: Path) -> None:
    def line(target: str, settings: str = "new", **facts: Any) -> dict[str, Any]:
        return {"dataset": "Cora", "recipe": "a2q", "settings": settings, "target": target, "digest": "", **facts}

    exact: dict[str, Any] = {"graphs": 1, "codes": 1234, "cycles": 2022, "difference": 0, "exact": True}
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in (
        line("lists", exact=False, graphs=1, codes=7, cycles=8, difference=3), line("banked", refused="zero point"),
        line("lists", **exact), line("lists", "old", **{**exact, "cycles": 99}))))
    page = simulations.simulated_page(path, {("Cora", "a2q"): "new"})
    assert "| Cora | a2q | banked | refused | – | – | – | – |" in page
    assert "| Cora | a2q | lists | 1 | 1,234 | 2,022 | 0 | yes |" in page
    assert page.count("| Cora ") == 2
    assert "- a2q of Cora on banked: zero point." in page
    assert simulations.simulated_page(path, {}) == ""
