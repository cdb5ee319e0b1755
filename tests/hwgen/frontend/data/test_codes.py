"""Features as integer codes: what is one, how wide, and what is not."""

import pytest
from training_graphs import small_data

from hwgen.errors import HwgenError
from hwgen.frontend.data.codes import GraphCodes


@pytest.mark.parametrize(("value", "message"), [
    (0.5, r"^feature 0.5 is not an unsigned integer"), (-1.0, r"^feature -1.0 is not"),
    (float("nan"), r"^feature nan is not"), (256.0, r"^feature 256 exceeds 8 bits"),
])
def test_features_must_be_codes(value: float, message: str) -> None:
    data = small_data()
    data.x[3, 4] = value
    with pytest.raises(HwgenError, match=message):
        GraphCodes.of(data)


def test_edges_must_be_in_range() -> None:
    data = small_data()
    data.edge_index[1, 5] = 40
    with pytest.raises(HwgenError, match=r"^edge index 40 is out of range for 40 nodes"):
        GraphCodes.of(data)


def test_features_and_edges_must_be_there() -> None:
    data = small_data()
    data.edge_index = None
    with pytest.raises(HwgenError, match=r"^the graph has no features or no edges\n  at data\n"):
        GraphCodes.of(data)
    data = small_data()
    data.x = data.x[:, 0]
    with pytest.raises(HwgenError, match=r"^features have shape \(40,\)\n  at data.x\n"):
        GraphCodes.of(data)


@pytest.mark.parametrize(("top", "bits"), [(1, 1), (2, 2), (15, 4), (16, 5), (255, 8)])
def test_bits_hold_the_largest_code(top: int, bits: int) -> None:
    data = small_data(top=1)
    data.x[5, 5] = top
    assert GraphCodes.of(data).bits == bits
    assert GraphCodes.of(small_data(top=15)).scale == 1 / 15
