"""What a unit takes at a glance, held to Yosys's counts."""

import dataclasses

import pytest

from hwgen.flow.memories import block
from hwgen.flow.resources import Usage
from hwgen.targets.lists.area import guess_resources
from hwgen.targets.lists.hardware import Hardware
from rtl_templates.cells.mac_plan import lutram
from rtl_templates.lists.formats import weight_plan

GIN = Hardware(  # of three layers of 32 channels, on molecules
    units=4, lanes=32, code_bits=4, acc_bits=10, requant_lanes=8, chunks=3, weight_bits=4, pages=9, buffer_depth=640,
    list_depth=64, descriptor_depth=64, column_depth=16, param_depth=704, levels=6, tables=4, passes=8, beats=13,
    result_depth=64, joined=0)
SAGE = Hardware(  # of two layers, on all of Cora
    units=2, lanes=32, code_bits=4, acc_bits=12, requant_lanes=8, chunks=1, weight_bits=4, pages=2, buffer_depth=11008,
    list_depth=4288, descriptor_depth=1408, column_depth=16, param_depth=576, levels=0, tables=1, passes=5, beats=7,
    result_depth=1408, joined=0)
GIN64 = dataclasses.replace(  # of 64 channels, on proteins
    GIN, units=2, lanes=64, acc_bits=15, requant_lanes=16, buffer_depth=3776, list_depth=576, descriptor_depth=512,
    beats=10, lut_inputs=40)
#: Yosys's counts of one unit (`synth_xilinx -family xcup -abc9 -flatten`).
COUNTED = {
    GIN: Usage(lut=9_679, ff=16_172, bram36=37.5, dsp=48, lutram=2_612),
    GIN64: Usage(lut=27_149, ff=38_552, bram36=77.5, dsp=96, lutram=10_393),
    SAGE: Usage(lut=10_347, ff=16_336, bram36=78, dsp=48, lutram=3_253),
}


@pytest.mark.parametrize("hardware", COUNTED, ids=["gin", "gin64", "sage"])
def test_guesses_are_near_what_yosys_counts(hardware: Hardware) -> None:
    unit, counted = guess_resources(hardware).components[0], COUNTED[hardware]
    assert unit.count == hardware.units
    assert unit.one.dsp == counted.dsp
    assert unit.one.bram36 == counted.bram36
    assert unit.one.lut == pytest.approx(counted.lut, rel=0.09)  # larger than what was fitted
    assert unit.one.ff == pytest.approx(counted.ff, rel=0.02)
    if counted.lutram:
        assert unit.one.lutram == pytest.approx(counted.lutram, rel=0.01)


def test_tables_lie_in_look_up_tables_below_eight_pages() -> None:
    few, more = (dataclasses.replace(GIN, pages=pages) for pages in (7, 8))
    tables = sum(lutram(width, depth) for width, depth in weight_plan(few.to_dict()).memories(1))
    memories = sum(block(width, depth).bram36 for width, depth in weight_plan(more.to_dict()).memories(1, block=True))
    below, above = (guess_resources(hardware).components[0].one for hardware in (few, more))
    assert below.lutram - above.lutram == tables > 2000
    assert above.bram36 - below.bram36 == memories > 10


def test_inputs_whose_tables_are_look_up_tables() -> None:
    """Of many pages: they leave block memories, and only these."""
    some = dataclasses.replace(GIN, lut_inputs=12)
    before, after = (guess_resources(each).components[0].one for each in (GIN, some))
    plan = weight_plan(some.to_dict())
    assert [table.inputs for table in plan.tables if table.block] == [6, 5, 5, 4]
    assert after.lutram - before.lutram == sum(lutram(width, depth) for width, depth in plan.memories(1)) > 1000
    assert before.bram36 - after.bram36 == 6


def test_a_unit_without_a_mac_array() -> None:
    unit = guess_resources(dataclasses.replace(GIN, weight_bits=0)).components[0].one
    assert unit.dsp == 24
    assert unit.bram36 == 37.5 - 23 - 2
