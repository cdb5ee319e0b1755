"""Knobs of every granularity, and the widths that an assignment gives to values."""

import pytest

from hwgen.bit_search.space import GRANULARITIES, Granularity, Space
from hwgen.errors import HwgenError
from hwgen.frontend.tracing import plan_of
from hwgen.frontend.training.models import GCN, GIN
from hwgen.schemes import SCHEMES, started

PLAN = plan_of(GCN(12, 6, 3).eval())
AGGREGATED, COMBINED = (2, 3, 4, 6, 8), (1, 2, 3, 4, 6, 8)


@pytest.mark.parametrize(("granularity", "choices"), [
    ("uniform", {"all": AGGREGATED}),
    ("component", {"aggregate": AGGREGATED, "combine": COMBINED}),
    ("layer", {"convs.0": AGGREGATED, "convs.1": AGGREGATED}),
    ("value", {"convs.0: aggregate": AGGREGATED, "convs.0: combine": COMBINED, "convs.1: aggregate": AGGREGATED}),
    ("topology", {"convs.0: aggregate": AGGREGATED, "convs.0: combine, degree 0-3": COMBINED,
                  "convs.0: combine, degree 4-15": COMBINED, "convs.0: combine, degree 16-63": COMBINED,
                  "convs.0: combine, degree 64-": COMBINED, "convs.1: aggregate": AGGREGATED}),
])
def test_knobs(granularity: Granularity, choices: dict[str, tuple[int, ...]]) -> None:
    assert Space.of(PLAN, granularity, SCHEMES["sgquant"]).choices == choices


def test_an_assignment_names_every_value() -> None:
    space = Space.of(PLAN, "topology", SCHEMES["sgquant"])
    bits = dict(zip(space.choices, (2, 1, 3, 4, 6, 8), strict=True))
    assert space.widths(bits) == {"convs.0.message": 2, "convs.0": (1, 3, 4, 6), "convs.1.message": 8}


def test_rows_of_graphs_have_no_buckets() -> None:
    space = Space.of(plan_of(GIN(7, 4, 2, layers=1, jump=False).eval()), "topology", SCHEMES["sgquant"])
    assert {name: len(knobs) for name, knobs in space.knobs.items()} == {
        "convs.0.nn.0.message": 1, "convs.0.nn.0": 4, "convs.0.nn.3": 1, "pool": 1, "lin1": 1}


def test_buckets_need_a_scheme_that_has_some() -> None:
    with pytest.raises(HwgenError, match="granularity topology with a scheme without buckets"):
        Space.of(PLAN, "topology", SCHEMES["uniform"])
    assert all(Space.of(PLAN, each, SCHEMES["uniform"]).choices for each in GRANULARITIES if each != "topology")


def test_rows_get_no_more_than_the_scheme_gives() -> None:
    space = Space.of(PLAN, "value", started("a2q", "nodes"))
    assert space.choices["convs.0: combine"] == (1, 2, 3, 4)
    assert space.choices["convs.0: aggregate"] == AGGREGATED
