"""The vendor's files: every name has a public source, the script runs, what it joins exists. No vendor tool is run."""

import re
import xml.etree.ElementTree as Xml

import pytest
from emitted import ports

import boards
from hwgen.deliver.ip_xact import component_xml
from hwgen.deliver.names import table
from hwgen.deliver.vivado import FLOWS, vivado_files
from hwgen.flow.folder import write_files

pytest.importorskip("_tkinter", reason="this Python has no Tcl")
from tkinter import TclError

from vivado_stub import SPIRIT, Vivado, component_pins

BOARDS = [name for name in boards.names() if boards.load(name).flow in FLOWS]
ZYNQ = [name for name in BOARDS if boards.load(name).flow == "vivado"]


def written(board, design, folder):
    """The files of a board, and what they copy."""
    write_files(folder / "vivado", vivado_files(boards.load(board), design, "design_xcup.v"))
    write_files(folder, {"design_xcup.v": "module accelerator; endmodule\n"})
    return folder / "vivado"


@pytest.fixture(scope="module")
def sourced(built, tmp_path_factory):
    """Each board's script, run."""
    done = {}
    for name in BOARDS:
        folder = written(name, built[2], tmp_path_factory.mktemp(name))
        done[name] = vivado = Vivado(folder)
        flow = boards.load(name).flow
        if flow == "vivado":  # what a bitstream leaves behind
            write_files(folder / "project", {
                "accelerator.runs/impl_1/system_wrapper.bit": "bits",
                "accelerator.gen/sources_1/bd/system/hw_handoff/system.hwh": "<EDKSYSTEM/>"})
        vivado.run("build.tcl" if flow == "vivado" else "package.tcl")
    return done


def test_every_name_has_a_source_and_is_used(sourced, built):
    names = table()
    used = set().union(*(vivado.used for vivado in sourced.values()))
    used |= {("command", name) for name in ("create_clock", "get_ports")}  # clock_ooc.xdc, below
    used |= {("option", f"create_clock {option}") for option in ("-name", "-period")}
    xml = component_xml(built[2], ("zynq",))
    used |= {("vlnv", ":".join(found)) for found in re.findall(
        r'spirit:vendor="(.*?)" spirit:library="(.*?)" spirit:name="(.*?)" spirit:version="(.*?)"', xml)}
    kernel = vivado_files(boards.load("alveo-u50"), built[2], "x.v")["kernel.xml"]
    used |= {("kernel", name) for name in names["kernel"] if f"{name}=" in kernel}
    there = {(kind, name) for kind, each in names.items() if kind != "sources" for name in each}
    there |= {("option", f"{name} {option}") for name, facts in names["command"].items()
              for option in facts.get("options", ())}
    assert used == there
    for kind, each in names.items():
        for name, facts in each.items() if kind != "sources" else ():
            assert facts["source"] in names["sources"], f"{kind} {name}"
    for name, source in names["sources"].items():
        assert set(source) in ({"repository", "path", "commit"}, {"document"}), name
        assert re.fullmatch("[0-9a-f]{40}", source.get("commit", "0" * 40)), name


@pytest.mark.parametrize("name", ZYNQ)
def test_the_block_design(sourced, name):
    vivado, board = sourced[name], boards.load(name)
    assert ("create_project", {"-part": board.part, "-force": True}, ["accelerator", "project"]) in vivado.calls
    config = next(options["-config"] for command, options, _ in vivado.calls if command == "apply_bd_automation")
    assert config.endswith("apply_board_preset 1")
    clocks = [float(value) for (cell, key), value in vivado.values.items() if key.endswith("FREQMHZ")]
    assert clocks == [board.clock.assumed_mhz]
    # every input of every cell is driven, every interface joined, by one clock
    inputs = {f"{cell}/{pin}" for cell, pins in vivado.cells.items() for pin, kind in pins.items() if kind == "in"}
    assert {sink for _, sink in vivado.nets} == inputs
    links = {f"{cell}/{pin}" for cell, pins in vivado.cells.items() for pin, kind in pins.items()
             if kind in ("master", "slave")}
    assert {pin for link in vivado.links for pin in link} == links
    clocked = {sink for source, sink in vivado.nets if source in ("ps/pl_clk0", "ps/FCLK_CLK0")}
    assert {sink for sink in inputs if re.search("(?i)a?clk$", sink)} == clocked
    assert ("accelerator_0/m_axi_gmem", "memory/S00_AXI") in vivado.links
    assert ("control/M00_AXI", "accelerator_0/s_axi_control") in vivado.links
    (control, registers, base, _), (space, memory, start, size) = vivado.addresses
    assert (control, registers) == ("ps/Data", "accelerator_0/s_axi_control/reg0")
    assert base in (0x8000_0000, 0x43C0_0000)
    assert (space, memory.split("/")[0], start) == ("accelerator_0/m_axi_gmem", "ps", 0)
    assert int(size, 0) == min(board.memory.mebibytes, 2048) << 20
    assert [(vivado.folder / f"accelerator.{end}").read_text() for end in ("bit", "hwh")] == ["bits", "<EDKSYSTEM/>"]
    assert (vivado.folder / "ip" / "hdl" / "accelerator.v").is_file()


@pytest.mark.parametrize("name", ZYNQ)
def test_without_board_files_and_without_a_bitstream(built, tmp_path, name):
    vivado = Vivado(written(name, built[2], tmp_path), installed=False)
    vivado.run("build.tcl", "project")
    config = next(options["-config"] for command, options, _ in vivado.calls if command == "apply_bd_automation")
    assert config.endswith("apply_board_preset 0")
    assert "launch_runs" not in [command for command, *_ in vivado.calls]
    assert vivado.calls[-1][0] == "close_project"


def test_the_kernel(sourced, built):
    vivado = sourced["alveo-u50"]
    kernel = Xml.parse(vivado.folder / "kernel.xml").getroot().find("kernel")
    pins = component_pins(vivado.folder / "ip" / "component.xml")
    assert {port.get("name"): port.get("mode") for port in kernel.iter("port")} == {
        name: kind for name, kind in pins.items() if kind in ("master", "slave")}
    offsets = {entry["name"]: entry["offset"] for entry in built[2]["registers"]}
    for argument, register in zip(kernel.iter("arg"), ("LOAD_BASE", "STORE_BASE"), strict=True):
        assert int(argument.get("offset"), 16) == offsets[f"{register}_LOW"] == offsets[f"{register}_HIGH"] - 4
        assert argument.get("size") == "0x8"
    (_, options, _), = (call for call in vivado.calls if call[0] == "package_xo")
    assert options["-kernel_name"] == kernel.get("name")
    assert f"nk={kernel.get('name')}:1:accelerator_0" in (vivado.folder / "link.cfg").read_text()


def test_the_component_is_the_emitted_verilog(built):
    folder, _, design = built
    root = Xml.fromstring(component_xml(design, ("zynquplus",)))
    declared = {}
    for port in root.iter(f"{SPIRIT}port"):
        left = port.find(f"{SPIRIT}wire/{SPIRIT}vector/{SPIRIT}left")
        direction = port.find(f"{SPIRIT}wire").findtext(f"{SPIRIT}direction")
        declared[port.findtext(f"{SPIRIT}name")] = f"{direction}put", 1 + int(left.text if left is not None else 0)
    assert declared == ports((folder / "design.v").read_text(), design["top"])
    mapped = {}
    for bus in root.iter(f"{SPIRIT}busInterface"):
        for pair in bus.iter(f"{SPIRIT}portMap"):
            physical = pair.findtext(f"{SPIRIT}physicalPort/{SPIRIT}name")
            mapped[physical] = pair.findtext(f"{SPIRIT}logicalPort/{SPIRIT}name")
    assert set(mapped) == set(declared)
    assert mapped["m_axi_gmem_awaddr"] == "AWADDR"
    values = {value.text for value in root.iter(f"{SPIRIT}value")}
    assert values >= {"s_axi_control:m_axi_gmem", "ap_rst_n", "ACTIVE_LOW", "LEVEL_HIGH"}
    assert "FREQ_HZ" not in {name.text for name in root.iter(f"{SPIRIT}name")}


@pytest.mark.parametrize(("board", "line"), [
    ("ultra96", "create_clock -name ap_clk -period 4.000 [get_ports ap_clk]\n"),
    ("pynq-z2", "create_clock -name ap_clk -period 8.000 [get_ports ap_clk]\n")])
def test_the_clock_of_a_synthesis_out_of_context(built, board, line):
    assert vivado_files(boards.load(board), built[2], "x.v")["ip/clock_ooc.xdc"] == line


@pytest.mark.parametrize(("wrong", "right"), [
    ("get_bd_pins ps/pl_clk0", "get_bd_pins ps/pl_clk1"), ("memory/M00_AXI] [get", "memory/M01_AXI] [get"),
    ("-type ip", "-kind"), ("validate_bd_design", "validate_bd"), ("NUM_SI", "NUM_SLAVES"),
    ("SAXIGP2/HP0_DDR_LOW", "SAXIGP2/HP0_DDR"), ("smartconnect", "smart_connect")])
def test_a_wrong_name_is_seen(built, tmp_path, wrong, right):
    folder = written("ultra96", built[2], tmp_path)
    script = (folder / "build.tcl").read_text()
    (folder / "build.tcl").write_text(script.replace(wrong, right))
    assert wrong in script
    vivado = Vivado(folder)
    with pytest.raises(TclError):
        vivado.run("build.tcl", "project")
    assert right.split("/")[-1].split("]")[0] in vivado.complaint


def test_a_board_of_another_flow_gets_none(built):
    assert vivado_files(boards.load("ulx3s-85f"), built[2], "x.v") == {}
