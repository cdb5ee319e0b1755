"""Estimates of every family: what the structure fixes equals what Yosys counted, and rough ones say so."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from hwgen.flow.families import FAMILIES
from hwgen.flow.resources import Usage
from hwgen.targets import find_target
from hwgen.targets.banked.hardware import Hardware as Banked
from hwgen.targets.costs import ROUGH, Cost, errors, method, shape_family, used
from hwgen.targets.lists.hardware import Hardware as Lists

BANKED = Banked(
    groups=2, servers=4, lanes=8, code_bits=4, digit=4, acc_bits=9, bank_depth=512, slots=256, param_depth=128,
    result_depth=64, feature_depth=0, requant_lanes=4, mac_columns=8, weight_bits=4, planes=1, pages=1, column_depth=4,
    bias_depth=8)
LISTS = Lists(units=2, lanes=8, requant_lanes=4, buffer_depth=512, list_depth=128, descriptor_depth=64, param_depth=64)
DESIGNS = {"banked": BANKED, "lists": LISTS}
LINES: list[dict[str, Any]] = [json.loads(line) for line in (
    Path(__file__).parents[3] / "docs" / "evidence" / "estimates.jsonl").read_text().splitlines()]
PARTS = [line for line in LINES if line.get("part", "whole") != "whole"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("target", DESIGNS)
def test_every_family_has_an_estimate(target: str, family: str) -> None:
    found = find_target(target).area(DESIGNS[target], family)
    assert {part.name for part in found.components} == {*find_target(target).parts, "shell"}
    assert all(part.one.lut > 100 and part.one.ff > 100 for part in found.components)
    assert found.total.bram36 > 0
    assert "formulas" in found.method
    assert found.method == method(family)


def test_a_family_without_data_is_roughly_scaled() -> None:
    assert shape_family("gatemate") == "xcup"
    plain, there = (find_target("banked").area(BANKED, name).components[0].one for name in ("xcup", "gatemate"))
    factors = FAMILIES["gatemate"].factors
    assert asdict(there) == {name: amount * factors.get(name, 1) for name, amount in asdict(plain).items()}
    assert "rough factors of GateMate" in method("gatemate")
    assert set(errors("gatemate").values()) == {ROUGH}


def test_a_family_with_data_says_how_far_it_errs() -> None:
    for family in ("xcup", "xc7", "ecp5", "gw5a"):
        assert shape_family(family) == family
        assert errors(family).keys() == {"lut", "ff", "lutram"}
        assert "rough" not in method(family)


def test_amounts_are_whole_and_never_negative() -> None:
    cost = Cost(exact=Usage(lut=3, bram36=0.5), lut={"one": -1e6}, ff={"no such term": 7})
    assert used("banked", "group", cost, "xcup").bram36 == 0.5
    assert used("banked", "group", cost, "xcup").ff == 0
    assert used("banked", "group", cost, "xcup").lut >= 0


@pytest.mark.parametrize("family", ["xcup", "xc7", "ecp5", "gw5a"])
def test_memories_and_multipliers_equal_what_yosys_counted(family: str) -> None:
    lines = [line for line in PARTS if line["family"] == family]
    assert len(lines) >= 5
    for line in lines:
        hardware = (Banked if line["target"] == "banked" else Lists)(**line["hardware"])
        parts = {part.name: part.one for part in find_target(line["target"]).area(hardware, family).components}
        for resource in ("bram36", "dsp"):
            assert getattr(parts[line["part"]], resource) == line["used"].get(resource, 0), (line["key"], resource)
