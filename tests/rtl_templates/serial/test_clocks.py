"""Clocks: within what the PLL can do, the fastest that is not faster than wanted."""

import pytest

from rtl_templates.serial.clocks import clock_of


@pytest.mark.parametrize(("wanted", "mhz"), [
    (25, 25), (50, 50), (62.5, 62.5), (80, 75), (33, 25), (12.5, 12.5), (40, 37.5)])
def test_an_ecp5s_clock(wanted, mhz):
    clock = clock_of("ecp5", 25, wanted)
    reference, feedback, output = clock.divisors
    assert clock.mhz == mhz == 25 * feedback / reference
    assert 400 <= clock.mhz * output <= 800
    assert 25 / reference >= 8


def test_a_pll_that_takes_frequencies():
    assert clock_of("gatemate", 10, 20).mhz == 20


def test_no_pll_is_the_pins_clock():
    assert clock_of("gw5a", 50, 70).mhz == 50
    with pytest.raises(ValueError, match="49 MHz cannot be made of 50 MHz"):
        clock_of("gw5a", 50, 49)
    with pytest.raises(ValueError, match="1 MHz cannot be made of 25 MHz"):
        clock_of("ecp5", 25, 1)
