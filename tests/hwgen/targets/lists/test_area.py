"""What a unit takes at a glance, held to Yosys's counts."""

import dataclasses

import pytest

from hwgen.flow.resources import Usage
from hwgen.targets.lists.area import guess_resources
from hwgen.targets.lists.hardware import Hardware

GIN = Hardware(  # of three layers of 32 channels, on molecules
    units=4, lanes=32, code_bits=4, acc_bits=10, requant_lanes=8, chunks=3, weight_bits=4, pages=9, buffer_depth=640,
    list_depth=64, descriptor_depth=64, column_depth=16, param_depth=704, levels=6, tables=4, passes=8, beats=13,
    result_depth=64)
PROTEINS = dataclasses.replace(GIN, units=2, acc_bits=15, buffer_depth=2496, list_depth=320, descriptor_depth=320)
SAGE = Hardware(  # of two layers, on all of Cora
    units=2, lanes=32, code_bits=4, acc_bits=12, requant_lanes=8, chunks=1, weight_bits=4, pages=2, buffer_depth=11008,
    list_depth=4288, descriptor_depth=1408, column_depth=16, param_depth=576, levels=0, tables=1, passes=5, beats=7,
    result_depth=1408)
#: Yosys's counts of one unit (`synth_xilinx -family xcup -abc9 -flatten`).
COUNTED = {
    GIN: Usage(lut=12_105, ff=16_647, bram36=51.5, dsp=48, lutram=3_049),
    PROTEINS: Usage(lut=12_643, ff=16_932, bram36=58, dsp=48, lutram=3_142),
    SAGE: Usage(lut=14_366, ff=16_601, bram36=78, dsp=48, lutram=5_418),
    Hardware(): Usage(lut=12_593, ff=16_995, bram36=77.5, dsp=48),
}


@pytest.mark.parametrize("hardware", COUNTED, ids=["gin", "proteins", "sage", "default"])
def test_guesses_are_near_what_yosys_counts(hardware: Hardware) -> None:
    unit, counted = guess_resources(hardware).components[0], COUNTED[hardware]
    assert unit.count == hardware.units
    assert unit.one.dsp == counted.dsp
    assert counted.bram36 <= unit.one.bram36 <= 1.05 * counted.bram36  # Yosys mixes shapes in large memories
    assert unit.one.lut == pytest.approx(counted.lut, rel=0.07)
    assert unit.one.ff == pytest.approx(counted.ff, rel=0.14)
    if counted.lutram:
        assert unit.one.lutram == pytest.approx(counted.lutram, rel=0.2)


def test_tables_lie_in_look_up_tables_below_eight_pages() -> None:
    few, more = (guess_resources(dataclasses.replace(GIN, pages=pages)).components[0].one for pages in (7, 8))
    assert few.lutram - more.lutram == (5 * 32 * 7 + 32 * 5) * 7  # bits of all tables of a page, 64 entries a table
    assert more.bram36 - few.bram36 == 5 * 3.5 + 2.5


def test_a_unit_without_a_mac_array() -> None:
    unit = guess_resources(dataclasses.replace(GIN, weight_bits=0)).components[0].one
    assert unit.dsp == 24
    assert unit.bram36 == 51.5 - 37 - 2
