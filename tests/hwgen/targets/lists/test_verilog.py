"""The emitted design of edge lists: deterministic, linted, described truly; hardware of no template is refused."""

import re
from dataclasses import replace

import pytest
from emitted import lint, module, ports

from hwgen.errors import HwgenError
from hwgen.flow.folder import to_json
from hwgen.targets.lists.hardware import Hardware
from hwgen.targets.lists.verilog import emit
from rtl_templates.lists.registers import ID, REGISTERS
from rtl_templates.shell.status import Stage

TINY = Hardware(
    units=2, lanes=8, requant_lanes=4, chunks=2, weight_bits=3, pages=2, buffer_depth=64, list_depth=32,
    descriptor_depth=16, column_depth=8, param_depth=16, levels=2, tables=2, passes=4, beats=8, result_depth=16)
BARE = replace(TINY, units=1, requant_lanes=8, chunks=1, weight_bits=0, levels=0, tables=1, passes=1, beats=1,
               column_depth=1, param_depth=1, pages=1, code_bits=4)


@pytest.fixture(scope="module", params=[pytest.param(TINY, marks=pytest.mark.slow), BARE],
                ids=["tiny", "bare"])
def made(request):
    return request.param, *emit(request.param)


@pytest.mark.slow
def test_equal_input_gives_equal_bytes(made):
    hardware, *first = made
    text, design = emit(hardware)
    assert text == first[0]
    assert to_json(design) == to_json(first[1])


@pytest.mark.slow
def test_lint(made, tmp_path):
    """As of the banked target; and Yosys assigns a default before a case that lacks one."""
    lint(made[1], made[2]["top"], tmp_path, "-Wno-CASEINCOMPLETE")


def test_the_description_is_true(made):
    hardware, text, design = made
    assert design["hardware"] == hardware.to_dict()
    assert design["stages"] == {stage.name: stage.value for stage in Stage}
    assert {entry["name"]: entry["offset"] for entry in design["registers"]} == \
        {entry.name: entry.offset for entry in REGISTERS}
    values = {entry["name"]: entry["value"] for entry in design["registers"] if "value" in entry}
    assert values["ID"] == ID
    assert {name: values[name.upper()] for name in hardware.to_dict()} == hardware.to_dict()
    assert ports(text, design["top"]) == {port["name"]: (port["direction"], port["width"]) for port in design["ports"]}


def test_probes_are_wires_of_the_core(made):
    hardware, text, design = made
    core = module(text, f"{design['top']}.{design['core']}")
    widths = {"valid": hardware.units, "address": 16, "data": hardware.lanes * hardware.code_bits, "entry": 12}
    names = {"probe_row_valid", *(f"probe_row_{name}_{unit}" for unit in range(hardware.units)
                                  for name in ("address", "data", "entry"))}
    assert {probe["name"] for probe in design["probes"]} == names
    for probe in design["probes"]:
        size = f"[{probe['width'] - 1}:0] " if probe["width"] > 1 else ""
        assert re.search(rf"^  wire {re.escape(size)}{probe['name']};", core, re.M), probe
        assert probe["path"] == f"{design['core']}.{probe['name']}"
        assert probe["width"] == widths[probe["name"].split("_")[2]]


def test_units_are_instances_of_one_module(made):
    hardware, text, design = made
    assert len(re.findall(r"^module unit ?\(", text, re.M)) == 1
    core = module(text, f"{design['top']}.{design['core']}")
    assert len(re.findall(r"^  unit \S+ ?\(", core, re.M)) == hardware.units
    assert "[-1:0]" not in text


@pytest.mark.parametrize(("wrong", "name"), [
    ({"units": 3}, "units"), ({"lanes": 12}, "lanes"), ({"code_bits": 6}, "code_bits"), ({"leaky": 2}, "leaky"),
    ({"requant_lanes": 3}, "requant_lanes"), ({"requant_lanes": 16}, "requant_lanes"),
    ({"weight_bits": 1}, "weight_bits"), ({"weight_bits": 9}, "weight_bits"), ({"chunks": 16}, "chunks"),
    ({"chunks": 0}, "chunks"),
    ({"levels": 11}, "levels"), ({"passes": 65}, "passes"), ({"acc_bits": 25}, "acc_bits"),
    ({"buffer_depth": 1 << 17}, "buffer_depth"), ({"pages": 257}, "pages"),
])
def test_hardware_that_no_template_has_is_refused(wrong, name):
    with pytest.raises(HwgenError) as caught:
        emit(replace(TINY, **wrong))
    assert caught.value.where == f"hardware.{name}"
    assert str(next(iter(wrong.values()))) in caught.value.what
