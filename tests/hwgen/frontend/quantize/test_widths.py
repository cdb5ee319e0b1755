"""Bits of single values: by name, by layer, in checkpoints, and refused where there is no such value or width."""

from pathlib import Path

import pytest
from graph_sets import rings_and_stars
from training_graphs import small_data

import hwgen
from hwgen.errors import HwgenError
from hwgen.frontend.training.models import GCN, GIN
from hwgen.network.network import Network
from hwgen.schemes import Scheme

SHAPES = rings_and_stars(6)


def bits(network: Network) -> dict[str, int]:
    return {value.name: int(value.quantizer.bits.max()) for value in network.values if value.quantizer is not None}


def made(widths: dict[str, int], **options: object) -> Network:
    return hwgen.quantize(GCN(12, 6, 3), "uniform", data=small_data(), widths=widths, **options).export()


def test_a_value_has_its_own_bits() -> None:
    usual = bits(made({}))
    assert usual == {"convs.0.message": 8, "convs.0": 8, "convs.1.message": 8}
    assert bits(made({"convs.0.message": 4})) == usual | {"convs.0.message": 4}
    assert bits(made({"convs.0": 2, "convs.1.message": 3}, bits=5, message_bits=6)) == {
        "convs.0.message": 6, "convs.0": 2, "convs.1.message": 3}


def test_a_layer_stands_for_its_values_but_those_that_are_named() -> None:
    gin = GIN(SHAPES.features.shape[1], 4, 2, layers=2, pool="add")
    found = bits(hwgen.quantize(gin, "uniform", data=list(SHAPES), widths={
        "convs": 5, "convs.1": 4, "convs.1.nn.0": 3, "convs.0.nn.3": 7, "pool": 6}).export())
    assert found == {"convs.0.nn.0.message": 5, "convs.0.nn.0": 5, "convs.0.nn.3": 7, "convs.1.sum": 4,
                     "convs.1.nn.0": 3, "convs.1.nn.3": 4, "pool": 6, "lin1": 8}


@pytest.mark.parametrize(("widths", "message"), [
    ({"convs.2": 4}, r"^widths name 'convs\.2', which is no value .*\n  at widths\n  use one of convs\.0\.message, "),
    ({"convs.1": 4, "convs.0.mess": 4}, r"^widths name 'convs\.0\.mess'"),
    ({"convs.0.message": 1}, r"^1 bits of convs\.0\.message, which is signed\n  at widths\n  use 2 to 8 bits"),
    ({"convs.0": 0}, r"^0 bits of convs\.0, which is never negative\n  at widths\n  use 1 to 8 bits"),
])
def test_what_there_is_not_is_refused(widths: dict[str, int], message: str) -> None:
    with pytest.raises(HwgenError, match=message):
        made(widths)
    with pytest.raises(HwgenError, match=message):
        hwgen.train("gcn", small_data(), "uniform", widths=widths, epochs=1)


def test_a_row_gets_no_more_than_the_scheme_gives() -> None:
    with pytest.raises(HwgenError, match=r"^5 bits of convs\.0, .*\n  at widths\n  use 1 to 4 bits, or raise most"):
        hwgen.quantize(GCN(12, 6, 3), Scheme(most=4), data=small_data(), widths={"convs.0": 5})


def test_training_keeps_them(tmp_path: Path) -> None:
    widths = {"convs.0.message": 5, "convs.0": 2}
    hwgen.train("gcn", small_data(), "uniform", widths=widths, epochs=2).save(tmp_path / "m.pt")
    assert bits(hwgen.load(tmp_path / "m.pt")[0]) == {"convs.0.message": 5, "convs.0": 2, "convs.1.message": 8}
