"""The fit of cost functions finds what is there; drawn designs and published errors are those of the data."""

import importlib
import itertools
import json
import sys
from pathlib import Path

import pytest

from hwgen.flow.resources import Usage
from hwgen.targets.costs import COSTS, Cost, errors

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))
cost_fit, cost_page, cost_samples = map(importlib.import_module, ("cost_fit", "cost_page", "cost_samples"))
LINES = [json.loads(line) for line in (ROOT / "docs" / "evidence" / "estimates.jsonl").read_text().splitlines()]
DESIGNS = [line for line in LINES if "parts" in line]


def point(exact: int, **terms: float):
    """Of three look-up tables a bit and fifty of control, which are what the fit has to find."""
    counted = round(exact + 3 * terms["network"] + 50 * terms["one"])
    return cost_fit.Point(hardware=None, counted=Usage(lut=counted), cost=Cost(exact=Usage(lut=exact), lut=terms))


def test_the_fit_finds_what_many_points_say() -> None:
    found = cost_fit.fit([point(10 * k, network=100.0 * k * k, one=1) for k in range(1, 9)], "lut", False)
    assert found["network"] == pytest.approx(3, rel=0.02)
    assert found["one"] == pytest.approx(50, rel=0.1)


def test_what_no_point_has_stays_as_is_expected() -> None:
    some = [point(10, network=100.0, one=1, hold=0.0)]
    assert cost_fit.fit(some, "lut", False)["hold"] == cost_fit.EXPECTED["hold"][False]
    assert cost_fit.fit(some, "lut", True, {"hold": 2.5, "network": 3.0, "one": 50.0})["hold"] == 2.5


def test_a_family_without_points_has_the_coefficients_of_those_that_are_alike() -> None:
    assert cost_fit.fit([], "lut", False, {"network": 3.0}) == {"network": 3.0}


@pytest.mark.parametrize("family", cost_samples.FITTED)
@pytest.mark.parametrize("target", ["banked", "lists"])
def test_designs_are_drawn_again_from_their_seeds(target: str, family: str) -> None:
    for seed in (cost_samples.SAMPLED, cost_samples.REPORTED):
        mine = {line["number"]: line["hardware"] for line in DESIGNS
                if (line["seed"], line["target"], line["family"]) == (seed, target, family)}
        drawn = cost_samples.draw(seed, target, cost_samples.FITTED[family])
        for each in itertools.islice(drawn, max(mine, default=-1) + 1):
            assert mine.get(each.number, each.hardware.to_dict()) == each.hardware.to_dict(), (seed, each.number)


def test_no_part_is_both_fitted_and_reported() -> None:
    used = {seed: {key for line in DESIGNS if line["seed"] == seed for key in line["parts"].values()}
            for seed in (cost_samples.SAMPLED, cost_samples.REPORTED)}
    assert not used[cost_samples.SAMPLED] & used[cost_samples.REPORTED]


def test_errors_are_those_of_the_reported_designs() -> None:
    some = cost_page.compared(LINES, cost_samples.REPORTED)
    assert some
    for each in some:
        for resource, most in errors(each.line["family"]).items():
            assert abs(each.error(resource)) <= most, (each.line["family"], each.line["number"], resource)
        assert each.error("bram36") == each.error("dsp") == 0
    assert set(json.loads(COSTS.read_text())["families"]) == set(cost_samples.FITTED)
