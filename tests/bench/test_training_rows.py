"""Rows of the accuracy pages: results are known by settings, and a setting that says nothing changes none."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

from hwgen.frontend.training.recipes import recipe_for

sys.path.append(str(Path(__file__).parents[2] / "bench"))
rows = importlib.import_module("training_rows")
fingerprint, ROW = rows.fingerprint, rows.Row(data="Cora", label="default", model="gcn", scheme="a2q")


def test_empty_settings_of_a_scheme_do_not_count() -> None:
    recipe = recipe_for("default", model="gcn", data="Cora", scheme="a2q", per="nodes")
    assert fingerprint(ROW, recipe) == "eb635425c178"  # of before schemes had widths, splits and tracked ranges
    assert fingerprint(ROW, replace(recipe, scheme=replace(recipe.scheme, widths={"convs.0": 2}))) != "eb635425c178"
