"""Scales that no choice of integers computes are refused, and those that some does are not."""

import numpy as np
import pytest
from refusals import accepted

from hwgen.errors import HwgenError
from hwgen.numeric import Bounds
from hwgen.targets.lists.fixed_point import RealBlock, RealTerm, Target, solve

MOST = 1_000_000


def made(small):
    """Two channels of one sum; the second one's factor is ``small``."""
    term = RealTerm(column=np.array([1.0, small]), row=np.ones(1),
                    bounds=Bounds(np.array([[-MOST]]), np.array([[MOST]])))
    target = Target(kind="signed", norm=np.ones(2), gain=np.ones(1), top=np.array([127.0]), beyond=np.inf,
                    coarsens=False)
    return solve([RealBlock(terms=(term,), join="sum", bias=np.zeros(2))], target, "net.a")


def test_channels_that_one_multiplier_serves():
    with accepted():
        share = made(0.01).shares[0][0]
    assert share.column[1] / share.column[0] == pytest.approx(0.01, rel=0.01)


def test_a_channel_whose_codes_would_be_wrong_is_refused_with_by_how_much():
    with pytest.raises(HwgenError, match=r"scales span too much.*codes would be off by \d+.* in the mean") as caught:
        made(1.1e-5)
    assert caught.value.where == "net.a"
