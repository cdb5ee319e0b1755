"""Pauses of AXI channels: every manner and order comes, none of them rests for ever."""

from itertools import islice
from types import SimpleNamespace

import pytest

from sim.stalls import MANNERS, ORDERS, draw, pauses


def test_seeds_draw_every_manner_of_every_channel_and_every_order():
    drawn = [draw(seed, {"w": True, "r": False}) for seed in range(60)]
    assert {order for order, _ in drawn} == set(ORDERS)
    assert {manners["w"] for _, manners in drawn} == set(MANNERS)
    assert {manners["r"] for _, manners in drawn} == set(MANNERS) - {"late"}
    assert draw(3, {"w": True}) == draw(3, {"w": True})


@pytest.mark.parametrize("manner", MANNERS)
def test_no_channel_rests_for_ever_or_never(manner):
    valid = SimpleNamespace(value=1)
    rested = list(islice(pauses("1", manner, valid), 400))
    assert 10 < sum(rested) < 390
    assert rested == list(islice(pauses("1", manner, valid), 400))


def test_a_late_receiver_is_ready_only_after_valid():
    valid = SimpleNamespace(value=0)
    source = pauses("1", "late", valid)
    assert all(islice(source, 50))
    valid.value = 1
    assert not all(islice(source, 50))


def test_a_channel_that_waits_for_another_goes_on_once_that_was_seen():
    """The other may be gone before this channel has anything to offer: it is remembered until the transfer ends."""
    valid, other, end = SimpleNamespace(value=1), SimpleNamespace(value=0), SimpleNamespace(value=0)
    source = pauses("1", "seldom", valid, other, [valid, end])
    assert all(islice(source, 50))
    other.value = 1
    assert not all(islice(source, 5))
    other.value = valid.value = 0
    assert not all(islice(source, 50))
    end.value = 1
    assert not all(islice(source, 50))
    valid.value = 1
    assert all(islice(source, 50))
