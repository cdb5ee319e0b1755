"""A build to a bitstream, with stand-ins for the tools: what they are told, what is written, what is refused."""

import json
from dataclasses import replace

import pytest
from network_models import gin_network
from networks import random_batch
from runtime_folders import build_folder

import boards
from hwgen.errors import HwgenError, ToolError
from hwgen.flow.bitstream import make
from hwgen.flow.bitstream.constraints import constraints
from hwgen.flow.bitstream.facts import read_facts
from hwgen.flow.bitstream.timing import part_of, read_timing
from hwgen.flow.bitstream.tools import FLOWS, place_words, versions
from hwgen.flow.bitstream.top import choose_clock, divisor_of, top_verilog
from hwgen.flow.built import load_design

OPEN = ("gatemate-a2", "tang-mega-138k", "ulx3s-85f")


def step(kind, delay, begin, end):
    return {"type": kind, "delay": delay, "from": {"cell": begin, "port": "Q"}, "to": {"cell": end, "port": "D"}}


REPORT = {
    "fmax": {"clk": {"achieved": 61.5, "constraint": 50.0}, "other": {"achieved": 300.0, "constraint": 25.0}},
    "utilization": {"TRELLIS_COMB": {"used": 100, "available": 1000}, "DCCA": {"used": 0, "available": 9},
                    "SPINE_SELECT": {"used": 1, "available": 0}},
    "critical_paths": [
        {"from": "<async>", "to": "posedge clk", "path": [step("routing", 99, "pin", "x")]},
        {"from": "posedge clk", "to": "posedge clk", "path": [
            step("clk-to-q", 0.5, "accelerator.core.server_2.lane1.x_TRELLIS_FF_Q_3", ""),
            step("routing", 6.25, "accelerator.core.server_2.lane1.x_TRELLIS_FF_Q_3", "a_LUT4_Z"),
            step("logic", 1.25, "a_LUT4_Z", "a_LUT4_Z"), step("routing", 2.0, "a_LUT4_Z", "bridge.load.tail_LUT4_Z"),
            step("setup", 0.25, "", "bridge.load.tail_TRELLIS_FF_Q")]}],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder, network = tmp_path_factory.mktemp("built"), gin_network(1)
    build_folder(folder, network, random_batch(3, network, graphs=5, nodes=6, hub=9), units=1)
    for family in ("ecp5", "gw5a", "gatemate", "xcup"):
        (folder / f"design_{family}.v").write_text(f"// {family}\n")
    return folder


@pytest.fixture
def tools(monkeypatch):
    """Every call of a tool; they write what the real ones do."""
    calls = []

    def run_tool(shop, tool, words):
        calls.append((tool[1], words, sorted(path.name for path in shop.path.iterdir())))
        if tool[1].startswith("run_nextpnr"):
            (shop.path / "timing.json").write_text(json.dumps(REPORT))
            (shop.path / "place.log").write_text("routed")
        for flow in FLOWS.values():
            (shop.path / flow.bits).write_bytes(b"bits")

    monkeypatch.setattr(make, "versions", lambda flow: {"nextpnr": "1"})
    monkeypatch.setattr(make, "_synthesize", lambda shop, board: (shop.path / "top.json").write_text("{}"))
    monkeypatch.setattr(make, "run_tool", run_tool)
    monkeypatch.setattr(make, "top_verilog", lambda clock, **options: "module serial_top();\nendmodule\n")
    return calls


@pytest.mark.parametrize("name", OPEN)
def test_what_is_written(built, tools, name):
    board = boards.load(name)
    facts = make.make_bitstream(built, board)
    folder = built / "bitstream"
    assert {path.name for path in folder.iterdir()} == {"bitstream.json", "place.log", "top.v", FLOWS[board.flow].pins,
                                                       FLOWS[board.flow].bits}
    assert read_facts(built) == facts
    assert facts.slowest == ("server 2, lane 1 to serial bridge, load: 10.2 ns, of which 8.2 on wires, 1 cells")
    assert (facts.routed_mhz, facts.used, facts.clock_mhz) == (61.5, {"TRELLIS_COMB": (100, 1000)},
                                                             board.bitstream.clock_mhz)
    assert abs(facts.baud / board.bitstream.baud - 1) < 0.02
    (_, place, there), (_, pack, _) = tools
    assert {"top.v", "top.json", FLOWS[board.flow].pins} <= set(there)
    assert place[place.index("--freq") + 1] == f"{facts.clock_mhz:g}"
    assert FLOWS[board.flow].bits in pack
    load_design(built)  # still a build


def test_a_clock_that_is_not_reached_names_the_path_and_writes_nothing(built, tools):
    before = sorted((built / "bitstream").iterdir()) if (built / "bitstream").exists() else []
    with pytest.raises(HwgenError, match=r"reaches 61\.5 MHz, not 62\.5; the slowest path is from server 2") as wrong:
        make.make_bitstream(built, boards.load("ulx3s-85f"), mhz=62.5)
    assert "--mhz 61" in wrong.value.fix
    assert (sorted((built / "bitstream").iterdir()) if (built / "bitstream").exists() else []) == before


def test_a_board_without_pins(built):
    with pytest.raises(HwgenError, match="no open tools make a bitstream for ultra96") as wrong:
        make.make_bitstream(built)
    assert all(name in wrong.value.fix for name in OPEN)
    with pytest.raises(HwgenError, match="no open tools"):
        make.check_board(replace(boards.load("ulx3s-85f"), bitstream=None))


def test_a_missing_tool_is_named():
    flow = replace(FLOWS["ecp5"], packages={"yowasp_nothing": "yowasp-nothing"})
    with pytest.raises(ToolError, match=r"yowasp-nothing is missing\n.*\n.*pip install 'hwgen\[bitstreams\]'"):
        versions(flow)


def test_clocks_and_baud_rates_that_cannot_be(built):
    board = boards.load("tang-mega-138k")
    with pytest.raises(HwgenError, match="40 MHz cannot be made of 50 MHz"):
        choose_clock(board.family, 50, 40)
    clock = choose_clock(board.family, 50, 50)
    assert divisor_of(clock, 2_000_000) == 25
    for baud in (20_000_000, 8_000_000):
        with pytest.raises(HwgenError, match="baud cannot be made of 50 MHz"):
            divisor_of(clock, baud)


def test_constraints_name_every_pin():
    for name in OPEN:
        board = boards.load(name)
        text = constraints(board.flow, board.bitstream)
        for pin in ("clock_pin", "receive_pin", "transmit_pin"):
            line = next(line for line in text.splitlines()
                        if f'"{pin}"' in line and getattr(board.bitstream, pin) in line)
            assert line.endswith(";")
        assert board.bitstream.source in text.splitlines()[0]


def test_words_of_an_ecp5():
    words = place_words(boards.load("ulx3s-85f"), 50)
    assert {"--85k", "--lpf", "--textcfg"} <= set(words)
    assert words[words.index("--speed") + 1] == "6"
    assert words[words.index("--package") + 1] == "CABGA381"


@pytest.mark.parametrize(("cell", "part"), [
    ("accelerator.core.group_0.units0.x_LUT4_Z", "group 0, units 0"), ("bridge.word_LUT4_A", "serial bridge"),
    ("accelerator.core.loader.count_CCU2C_S0_1", "loader"), ("$abc$123$lut", "top"), ("", "top"),
    ("accelerator.bus__wdata_DFFRE_Q_28", "accelerator"),
    ("bridge.$signal$121_DFFRE_Q_16_CE_MUX2_LUT5_O", "serial bridge"),
])
def test_parts_of_the_accelerator(cell, part):
    assert part_of(cell) == part


def test_the_slowest_clock_counts():
    assert read_timing(REPORT).mhz == 61.5
    assert read_timing({**REPORT, "critical_paths": []}).begin == "top"


@pytest.mark.slow
def test_the_top_has_the_boards_ports():
    clock = choose_clock("ecp5", 25, 50)
    text = top_verilog(clock, divisor=25, patience=1000)
    for word in ("module serial_top(", "EHXPLLL", "input clock_pin", "input receive_pin", "output transmit_pin",
                 "accelerator", ".ap_clk(", ".ap_rst_n(", ".s_axi_control_awvalid(", ".m_axi_gmem_rdata("):
        assert word in text
