"""Designs are tried best first, and the first that Yosys finds to fit is taken."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from models import program_of, random_graph_model

import boards
from hwgen.errors import CapacityError, HwgenError
from hwgen.flow.resources import Component, Resources, Usage
from hwgen.targets.banked import pipeline
from hwgen.targets.banked.area import guess_cycles, guess_resources
from hwgen.targets.banked.candidates import COMFORTABLE, choices

BOARD = boards.load("ultra96")


@pytest.fixture(scope="module")
def busy():
    return program_of(random_graph_model(1, 600, 100, 16, 7, density=0.2))


@pytest.fixture(scope="module")
def dense():
    """Nine pages of tables: too many for 16 servers of an Ultra96."""
    return program_of(random_graph_model(1, 600, 128, 16, 10, input_bits=5, density=0.03))


def test_the_fastest_comfortable_design_comes_first(busy, dense) -> None:
    for program in (busy, dense):
        order = [choice.hardware for choice in choices(program, {}, BOARD)]
        assert len({tuple(each.to_dict().values()) for each in order}) == len(order)
        first, share = order[0], guess_resources(order[0]).fullest(BOARD)[1]
        assert share <= 1
        assert guess_resources(first).total.lut <= COMFORTABLE["lut"] * BOARD.resources.lut
        assert all(guess_cycles(program, first) < 1.03 * guess_cycles(program, each) for each in order[1:])
        assert guess_resources(order[-1]).fullest(BOARD)[1] < share


def test_what_the_board_holds_decides(busy, dense) -> None:
    assert next(choices(busy, {}, BOARD)).hardware.groups == 4
    small = next(choices(dense, {}, BOARD))
    large = next(choices(dense, {}, boards.load("zcu102")))
    assert small.hardware.servers < large.hardware.servers == 16
    assert "16 servers and 8 requantizer lanes would take about" in small.reason


def test_what_is_given_is_kept_and_digit_follows_the_row(dense) -> None:
    for choice in choices(dense, {"groups": 2, "servers": 8, "slots": 2048}, BOARD):
        assert (choice.hardware.groups, choice.hardware.servers, choice.hardware.slots) == (2, 8, 2048)
    wide = program_of(random_graph_model(1, 40, 20, 64, 4))
    assert next(choices(wide, {}, BOARD)).hardware.digit == 2
    hardware = next(choices(dense, {}, BOARD)).hardware
    [same] = choices(dense, hardware.to_dict(), BOARD)
    assert same.hardware == hardware


def test_the_smallest_design_is_tried_where_none_is_expected_to_fit(busy) -> None:
    tiny = replace(BOARD, resources=replace(BOARD.resources, lut=10))
    [only] = choices(busy, {}, tiny)
    assert (only.hardware.groups, only.hardware.servers) == (1, 4)
    assert "none was expected" in only.reason


def test_wrong_parameters_are_refused_as_ever(busy) -> None:
    with pytest.raises(CapacityError, match=r"slots"):
        next(choices(busy, {"slots": 8}, BOARD))
    with pytest.raises(HwgenError, match=r"16 beats of 1 requantizer lanes"):
        next(choices(busy, {"requant_lanes": 1}, BOARD))


@pytest.mark.slow
def test_a_design_that_yosys_refuses_is_followed_by_the_next(tmp_path: Path, monkeypatch) -> None:
    tried: list[str] = []

    def count(path: Path) -> Resources:
        tried.append(path.read_text())
        return Resources(components=(Component(name="group", count=1, one=Usage(lut=80_000 if len(tried) < 3 else 9)),))

    monkeypatch.setattr(pipeline, "count_resources", count)
    plan = pipeline.build(*random_graph_model(1, 600, 100, 16, 7).parts, BOARD, tmp_path / "b")
    assert len(set(tried)) == 3
    assert (tmp_path / "b" / "design_xcup.v").read_text() == tried[-1]
    assert plan.choice.startswith("Yosys found 2 of them too large; ")


#: Counted by Yosys (0.70): hardware, and LUT, FF, BRAM36, LUTRAM of a group and of a server.
COUNTED = (
    ({"groups": 4, "servers": 16, "lanes": 16, "acc_bits": 11, "slots": 1152, "param_depth": 512, "result_depth": 192,
      "feature_depth": 0, "mac_columns": 8, "pages": 1, "column_depth": 6},
     (6310, 11808, 29.0, 0), (1417, 1512, 3.0, 481)),
    ({"groups": 1, "servers": 4, "lanes": 8, "acc_bits": 8, "slots": 128, "param_depth": 64, "result_depth": 64,
      "feature_depth": 0, "mac_columns": 8, "pages": 1, "column_depth": 4},
     (2707, 5159, 12.5, 0), (1349, 1311, 3.0, 424)),
    ({"groups": 1, "servers": 8, "lanes": 16, "acc_bits": 8, "slots": 1152, "param_depth": 704, "result_depth": 512,
      "feature_depth": 4544, "mac_columns": 16, "pages": 5, "column_depth": 8},
     (5540, 9688, 29.0, 0), (4038, 2169, 6.5, 1931)),
)
SAME = {"code_bits": 4, "digit": 4, "bank_depth": 512, "requant_lanes": 8, "weight_bits": 4, "planes": 1}


@pytest.mark.parametrize(("changes", "group", "server"), COUNTED)
def test_guesses_are_near_what_yosys_counted(changes, group, server) -> None:
    from hwgen.targets.banked.hardware import Hardware

    guessed = {part.name: asdict(part.one) for part in guess_resources(Hardware(**SAME, **changes)).components}
    for name, counted in (("group", group), ("server", server)):
        for resource, amount in zip(("lut", "ff", "bram36", "lutram"), counted, strict=True):
            assert guessed[name][resource] == pytest.approx(amount, rel=0.15, abs=0.5), (name, resource)
