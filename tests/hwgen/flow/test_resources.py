"""Cells are counted as the vendor counts them; a design that does not fit is refused with what fits."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from refusals import accepted

import boards
from hwgen.errors import CapacityError, ToolError
from hwgen.flow import yosys
from hwgen.flow.families import FAMILIES
from hwgen.flow.resources import Component, Resources, Usage, count, estimate
from hwgen.workshop import Command, Done

XCUP = FAMILIES["xcup"]
DESIGN = r"""
module group(clk, a, b, y);
  input clk; input [7:0] a; input [7:0] b; output reg [7:0] y;
  always @(posedge clk) y <= a & b;
endmodule
module server(clk, x, y, row_data, row_valid, row_bank, row_address, act_valid, act_data);
  input clk; input [17:0] x; output [47:0] y;
  output reg [7:0] row_data; output row_valid, row_bank, row_address, act_valid, act_data;
  DSP48E2 #(.AREG(1)) dsp (.CLK(clk), .B(x), .A(30'd5), .P(y));
  always @(posedge clk) row_data <= x[7:0] ^ x[15:8];
endmodule
module accelerator(clk, a, b, x, y, z, q);
  input clk; input [7:0] a; input [7:0] b; input [17:0] x;
  output [7:0] y; output [47:0] z; output reg q;
  wire [7:0] y1;
  group group0 (.clk(clk), .a(a), .b(b), .y(y));
  group group1 (.clk(clk), .a(a), .b(b), .y(y1));
  server server0 (.clk(clk), .x(x), .y(z));
  always @(posedge clk) q <= ^y1;
endmodule
"""

PARTS = {"group": (), "server": ("row_valid", "row_bank", "row_address", "row_data", "act_valid", "act_data")}
SPACE = {"groups": (4, 3, 2, 1), "servers": (16, 8, 4), "units": (4, 2, 1), "lanes": (64, 32)}


@pytest.fixture
def design(tmp_path: Path) -> Path:
    path = tmp_path / "design.v"
    path.write_text(DESIGN)
    return path


@pytest.mark.slow
def test_components_are_multiplied_and_summed(design: Path) -> None:
    resources = estimate(design, PARTS, XCUP)
    parts = {part.name: part for part in resources.components}
    assert {name: part.count for name, part in parts.items()} == {"group": 2, "server": 1, "shell": 1}
    assert parts["group"].one == Usage(lut=8, ff=8)
    assert parts["server"].one == Usage(dsp=1)
    assert parts["shell"].one.ff == 1
    assert 2 <= parts["shell"].one.lut <= 3  # parity of eight bits
    assert resources.total == Usage(lut=16 + parts["shell"].one.lut, ff=17, dsp=1)
    assert "out of context" in resources.method


@pytest.mark.slow
def test_parts_are_those_that_are_named(design: Path) -> None:
    text = re.sub(r"module server.*?endmodule\n", "", DESIGN, flags=re.S).replace("group", "unit")
    design.write_text(text.replace("  server server0 (.clk(clk), .x(x), .y(z));\n", ""))
    resources = estimate(design, {"unit": ()}, FAMILIES["ecp5"])  # Yosys maps it in a fifth of the time
    assert {part.name: part.count for part in resources.components} == {"unit": 2, "shell": 1}
    assert resources.components[0].one == Usage(lut=8, ff=8)


def test_second_count_comes_from_the_cache(design: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts: dict[str, Sequence[str]] = {}

    def begin(folder: Path, script: Sequence[str]) -> Command:
        scripts[folder.name] = script
        return Command(words=["true"])

    def count(folder: Path, done: Done) -> dict[str, int]:
        script = scripts[folder.name]
        return {"FDRE": len(script)} | ({"group": 2, "server": 1} if "hierarchy -top accelerator" in script else {})

    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(yosys, "_command", begin)
    monkeypatch.setattr(yosys, "_cells", count)
    first = estimate(design, PARTS, XCUP)
    assert len(scripts) == 3
    monkeypatch.setattr(yosys, "_command", lambda *rest: pytest.fail("synthesized again"))
    assert estimate(design, PARTS, XCUP) == first
    design.write_text(DESIGN.replace("a & b", "a ^ b"))
    with pytest.raises(pytest.fail.Exception, match="synthesized again"):
        estimate(design, PARTS, XCUP)


def test_yosys_failure_is_a_tool_error(design: Path) -> None:
    design.write_text(DESIGN.replace("y <= a & b", "y <= a &&& nothing b", 1))
    with pytest.raises(ToolError, match=r"ERROR"):
        estimate(design, PARTS, XCUP)


def test_text_that_is_no_design_is_refused(design: Path) -> None:
    design.write_text("module a; endmodule\nmodule b; endmodule\n")
    with pytest.raises(ToolError, match=r"^the design has no module accelerator"):
        estimate(design, PARTS, XCUP)


def test_cells_are_weighed() -> None:
    cells = {"LUT6": 3, "LUT6_2": 2, "RAM64M8": 2, "SRLC32E": 1, "FDRE": 5, "RAMB18E2": 3, "RAMB36E2": 1, "DSP48E2": 4,
             "CARRY8": 6, "MUXF7": 9, "INV": 2}
    assert count(cells, XCUP) == Usage(lut=3 + 2 + 16 + 1, ff=5, bram36=2.5, dsp=4, lutram=17, carry8=6)
    with pytest.raises(ValueError, match=r"^cells of unknown cost: \['BLOB'\]"):
        count({"BLOB": 1}, XCUP)


#: What one cell takes: look-up tables, of them as memory, flip-flops, 36 kbit blocks, UltraRAM, DSPs, carry chains.
#: UG574, UG474 (CLBs), tables of distributed RAM and shift registers; UG573, UG473 (memory); UG579, UG479 (DSP).
XILINX = {
    Usage(lut=1): "LUT1 LUT2 LUT3 LUT4 LUT5 LUT6 LUT6_2",
    Usage(lut=1, lutram=1): "RAM32X1S RAM64X1S SRL16 SRL16E SRLC16 SRLC16E SRLC32E",
    Usage(lut=2, lutram=2): "RAM32X1D RAM64X1D RAM128X1S",
    Usage(lut=4, lutram=4): "RAM128X1D RAM256X1S RAM32M RAM64M",
    Usage(lut=8, lutram=8): "RAM256X1D RAM512X1S RAM32M16 RAM64M8 RAM32X16DR8 RAM64X8SW",
    Usage(ff=1): "FDRE FDSE FDCE FDPE",
    Usage(): "MUXF7 MUXF8 MUXF9 INV BUFG GND VCC $scopeinfo",
}
COSTS = {
    "xcup": {**XILINX, Usage(bram36=1): "RAMB36E2", Usage(bram36=0.5): "RAMB18E2", Usage(uram=1): "URAM288",
             Usage(dsp=1): "DSP48E2", Usage(carry8=1): "CARRY8 CARRY4"},  # half of one is a whole one where it is alone
    "xc7": {**XILINX, Usage(bram36=1): "RAMB36E1", Usage(bram36=0.5): "RAMB18E1", Usage(dsp=1): "DSP48E1",
            Usage(carry8=1): "CARRY4"},
    # Lattice FPGA-TN-02204, table of distributed RAM (three slices of two tables); a slice adds two bits
    "ecp5": {Usage(lut=1): "LUT1 LUT2 LUT3 LUT4", Usage(lut=2): "CCU2C", Usage(lut=6, lutram=4): "TRELLIS_DPR16X4",
             Usage(ff=1): "TRELLIS_FF", Usage(bram36=0.5): "DP16KD PDPW16KD", Usage(dsp=1): "MULT18X18D MULT9X9D",
             Usage(): "PFUMX L6MUX21 INV GND VCC $scopeinfo"},
    "gw5a": {Usage(lut=1): "LUT1 LUT2 LUT3 LUT4 ALU", Usage(lut=6, lutram=4): "RAM16SDP1 RAM16SDP2 RAM16SDP4",
             Usage(ff=1): " ".join(f"DFF{edge}{kind}" for edge in ("", "N")
                                   for kind in ("", "E", "S", "SE", "R", "RE", "P", "PE", "C", "CE")),
             Usage(bram36=0.5): "SDPX9B SDPB DPX9B DPB SP SPX9", Usage(dsp=1): "MULTALU27X18 MULT12X12",
             Usage(): "MUX2_LUT5 MUX2_LUT6 MUX2_LUT7 MUX2_LUT8 INV GND VCC $scopeinfo"},
    # a multiplier of 27 by 18 bits is 14 by 9 elements of two halves
    "gatemate": {Usage(lut=1): "CC_LUT1 CC_LUT2 CC_LUT3 CC_LUT4 CC_L2T4 CC_MX2 CC_ADDF", Usage(lut=2): "CC_L2T5 CC_MX4",
                 Usage(lut=4): "CC_MX8", Usage(lut=252): "CC_MULT", Usage(ff=1): "CC_DFF CC_DLT",
                 Usage(bram36=0.5): "CC_BRAM_20K", Usage(bram36=1): "CC_BRAM_40K", Usage(): "$scopeinfo"},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_cell_is_weighed_by_the_vendors_numbers(name: str) -> None:
    family = FAMILIES[name]
    for usage, cells in COSTS[name].items():
        for cell in cells.split():
            assert count({cell: 1}, family) == usage, cell
    known = {cell for cells in COSTS[name].values() for cell in cells.split()}
    assert known == {cell for weights in family.weights.values() for cell in weights} | family.free
    assert count({"CARRY4": 2}, XCUP) == Usage(carry8=1)


def test_families_are_those_of_boards() -> None:
    assert FAMILIES.keys() == boards.FAMILIES.keys() == COSTS.keys()
    assert {boards.load(name).family for name in boards.names()} == FAMILIES.keys()
    assert [name for name, family in FAMILIES.items() if family.hardware == {"table_words": 16}] == ["ecp5", "gw5a"]


def test_reports_name_the_units_of_a_family() -> None:
    over = Resources(components=(Component(name="unit", count=1, one=Usage(dsp=157)),))
    with pytest.raises(CapacityError, match=r"^the design needs 157 of 156 MULT18X18D, 1 too many"):
        over.check_fit(boards.load("ulx3s-85f"), {"units": (4, 2, 1)})
    assert FAMILIES["xcup"].method == "Yosys synth_xilinx -family xcup -abc9, out of context, flattened"
    assert FAMILIES["gw5a"].method.startswith("Yosys synth_gowin -family gw5a")


@pytest.mark.parametrize("resource", ["lut", "ff", "bram36", "dsp"])
def test_a_design_may_take_all_that_the_board_has_and_no_more(resource: str) -> None:
    board = boards.load("ultra96")
    most = getattr(board.resources, resource)
    assert most > 0
    for extra in (0, 1):
        whole = Resources(components=(Component(name="shell", count=1, one=Usage(**{resource: most + extra})),))
        if not extra:
            with accepted():
                whole.check_fit(board, SPACE)
            assert whole.fullest(board) == (resource, 1.0)
            continue
        with pytest.raises(CapacityError, match=rf"needs {most + 1:,} of {most:,} {resource.upper()}, 1 too many"):
            whole.check_fit(board, SPACE)


def resources(groups: int, servers: int = 16) -> Resources:
    return Resources(components=(
        Component(name="group", count=groups, one=Usage(lut=10_000, bram36=30)),
        Component(name="server", count=servers, one=Usage(lut=1_500, dsp=16)),
        Component(name="shell", count=1, one=Usage(lut=6_000)),
    ))


def test_a_design_that_fits_passes() -> None:
    resources(4).check_fit(boards.load("ultra96"), SPACE)  # 70,000 of 70,560 LUT
    used, have, share = resources(4).utilisation(boards.load("ultra96"))["lut"]
    assert (used, have) == (70_000, 70_560)
    assert share == pytest.approx(0.99206, abs=1e-5)


def test_a_design_that_does_not_fit_names_resource_excess_and_mend() -> None:
    with pytest.raises(CapacityError, match=r"needs 110,000 of 70,560 LUT, 39,440 too many") as caught:
        resources(8).check_fit(boards.load("ultra96"), SPACE)
    assert caught.value.where == "board ultra96"
    assert "; 240 of 216 BRAM36, 24 too many" in caught.value.what
    assert caught.value.fix == "use --groups 4, which fits by the same counts"


def test_a_design_with_too_many_servers_is_told_how_many() -> None:
    with pytest.raises(CapacityError, match=r"DSP") as caught:
        resources(1, servers=24).check_fit(boards.load("ultra96"), SPACE)
    assert caught.value.fix == "use --servers 16, which fits by the same counts"


def test_groups_are_given_up_before_servers_and_both_if_need_be() -> None:
    parts = (Component(name="group", count=4, one=Usage(lut=20_000)),
             Component(name="server", count=16, one=Usage(lut=5_000)))
    with pytest.raises(CapacityError, match=r"LUT") as caught:
        Resources(components=parts).check_fit(boards.load("ultra96"), SPACE)
    assert caught.value.fix == "use --groups 1 --servers 8, which fits by the same counts"


def test_units_are_given_up() -> None:
    parts = (Component(name="unit", count=4, one=Usage(lut=30_000)), Component(name="shell", count=1, one=Usage(lut=5)))
    with pytest.raises(CapacityError, match=r"needs 120,005 of 70,560 LUT") as caught:
        Resources(components=parts).check_fit(boards.load("ultra96"), SPACE)
    assert caught.value.fix == "use --units 2, which fits by the same counts"


def test_the_fullest_resource() -> None:
    assert resources(4).fullest(boards.load("ultra96")) == ("lut", 70_000 / 70_560)
    assert Resources(components=(Component(name="group", count=1, one=Usage(uram=1)),)).fullest(
        boards.load("ultra96")) == ("uram", float("inf"))
    name, share = resources(4).fullest(boards.load("ultra96"), {"bram36": 0.5})
    assert (name, share) == ("bram36", 120 / 108)


def test_a_design_that_fits_no_group_count_names_larger_boards() -> None:
    with pytest.raises(CapacityError, match=r"DSP") as caught:
        Resources(components=(
            Component(name="group", count=1, one=Usage(lut=80_000)),
            Component(name="server", count=4, one=Usage(dsp=16 * 16)),
        )).check_fit(boards.load("ultra96"), SPACE)
    assert "zcu102" in caught.value.fix
    assert "ulx3s" not in caught.value.fix
