"""What a unit takes at a glance, held to Yosys's counts."""

import dataclasses

import pytest

from hwgen.flow.resources import Usage, blocks
from hwgen.targets.lists.area import guess_resources
from hwgen.targets.lists.hardware import Hardware
from rtl_templates.cells.mac_plan import lutram
from rtl_templates.lists.formats import weight_plan

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
    GIN: Usage(lut=11_495, ff=17_017, bram36=37.5, dsp=48, lutram=3_034),
    PROTEINS: Usage(lut=12_038, ff=17_308, bram36=44, dsp=48, lutram=3_127),
    SAGE: Usage(lut=12_127, ff=17_181, bram36=78, dsp=48, lutram=3_675),
    Hardware(): Usage(lut=11_557, ff=17_271, bram36=77.5, dsp=48),
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
    few, more = (dataclasses.replace(GIN, pages=pages) for pages in (7, 8))
    tables = sum(lutram(width, depth) for width, depth in weight_plan(few.to_dict()).memories(1))
    memories = sum(blocks(width, depth) for width, depth in weight_plan(more.to_dict()).memories(1))
    below, above = (guess_resources(hardware).components[0].one for hardware in (few, more))
    assert below.lutram - above.lutram == tables > 2000
    assert above.bram36 - below.bram36 == memories > 10


def test_a_unit_without_a_mac_array() -> None:
    unit = guess_resources(dataclasses.replace(GIN, weight_bits=0)).components[0].one
    assert unit.dsp == 24
    assert unit.bram36 == 37.5 - 23 - 2
