"""Fields to words and back; what does not fit its field is refused."""

import pytest

from rtl_templates.shell.words import HEADER, pack, unpack

LAYOUT = {"low": 1, "middle": 7, "high": 16}


def test_fields_lie_side_by_side_the_first_one_lowest():
    assert pack(LAYOUT, low=1, middle=0x55, high=0xABCD) == 0xABCDAB
    assert unpack(LAYOUT, 0xABCDAB) == {"low": 1, "middle": 0x55, "high": 0xABCD}
    assert pack(LAYOUT, high=1) == 1 << 8, "a field that is not given is 0"
    assert unpack(LAYOUT, 1 << 24 | 1) == {"low": 1, "middle": 0, "high": 0}, "what lies above is nobody's"
    assert pack(HEADER, target=3, unit=5, address=7, count=9) == 3 | 5 << 8 | 7 << 32 | 9 << 64


@pytest.mark.parametrize(("name", "width"), LAYOUT.items())
def test_every_value_that_fits_and_no_other(name, width):
    for value in (0, (1 << width) - 1):
        assert unpack(LAYOUT, pack(LAYOUT, **{name: value}))[name] == value
    for value in (1 << width, -1):
        with pytest.raises(ValueError, match=rf"{name} is {value}, which does not fit {width} bits"):
            pack(LAYOUT, **{name: value})


def test_unknown_fields_are_refused():
    with pytest.raises(ValueError, match=r"unknown fields \['other'\]"):
        pack(LAYOUT, low=1, other=1)
