"""Recipes are found by what they are for."""

from dataclasses import replace

import pytest

from hwgen.errors import HwgenError
from hwgen.frontend.training.recipes import RECIPES, recipe_for


def test_what_was_tuned_is_found() -> None:
    cora = recipe_for("default", model="gcn", data="Cora", scheme="a2q", per="nodes")
    assert cora is RECIPES["default"][("gcn", "Cora", "a2q")]
    assert recipe_for("default", model="gcn", data="elsewhere", scheme="a2q", per="nodes").decay == 0.005
    assert recipe_for("default", model="gin", data="MUTAG", scheme="nns", per="graphs").batch == 32
    published = recipe_for("published", model="gcn", data="Cora", scheme="a2q", per="nodes")
    assert (published.name, published.start, published.distillation) == ("published", "scratch", 0)


def test_everything_else_has_general_settings_by_what_has_a_label() -> None:
    nodes = recipe_for("default", model="gcn", data="Cora", scheme="mega", per="nodes")
    graphs = recipe_for("default", model="gcn", data="elsewhere", scheme="mega", per="graphs")
    assert (nodes.pool, graphs.pool) == ("", "add")
    assert nodes.scheme.rows == graphs.scheme.rows
    assert (nodes.scheme.gradient, graphs.scheme.gradient) == ("local", "task")
    assert recipe_for("default", model="", data="", scheme="a2q", per="nodes").scheme.least == 1


def test_general_settings_of_one_graph_do_not_serve_a_set() -> None:
    assert recipe_for("default", model="gcn", data="mine", scheme="a2q", per="graphs").pool == "add"


@pytest.mark.parametrize(("name", "scheme", "message"), [
    ("best", "nns", r"^unknown recipe 'best'\n  at recipe\n  use one of default, fast, published"),
    ("default", "best", r"^unknown scheme 'best'\n  at scheme\n  use one of a2q, nns, "),
    ("published", "nns", (r"^recipe published has no settings for gin with nns, by graphs\n  at recipe\n"
                          r"  use default, or gcn with a2q on one graph")),
])
def test_unknown_names_are_refused(name: str, scheme: str, message: str) -> None:
    with pytest.raises(HwgenError, match=message):
        recipe_for(name, model="gin", data="MUTAG", scheme=scheme, per="graphs")


def test_settings_out_of_range_are_refused() -> None:
    recipe = RECIPES["default"][("gcn", "", "a2q")]
    with pytest.raises(HwgenError, match=r"^epochs is 0\n  at epochs"):
        replace(recipe, epochs=0)
    with pytest.raises(HwgenError, match=r"^target_bits is 5"):
        replace(recipe, target_bits=5)
    assert replace(recipe, generations=3).total_epochs == 800
