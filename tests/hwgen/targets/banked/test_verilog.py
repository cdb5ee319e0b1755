"""The emitted design: deterministic, complete, linted; design.json tells the truth about it."""

import json
import re

import pytest
from emitted import lint, module, ports

from hwgen.errors import HwgenError, ToolError
from hwgen.flow import convert, verilog
from hwgen.flow.folder import to_json
from hwgen.targets.banked.hardware import Hardware
from hwgen.targets.banked.verilog import emit

TINY = Hardware(
    groups=1, servers=4, lanes=4, code_bits=4, digit=2, acc_bits=10, bank_depth=16, slots=32, param_depth=16,
    result_depth=16, feature_depth=16, requant_lanes=2, mac_columns=4, weight_bits=4, planes=1, pages=1,
    column_depth=8, bias_depth=8,
)


@pytest.fixture(scope="module")
def tiny():
    return emit(TINY)


@pytest.mark.slow
def test_equal_input_gives_equal_bytes(tiny):
    text, design = emit(TINY)
    assert text == tiny[0]
    assert to_json(design) == to_json(tiny[1])


@pytest.mark.slow
def test_lint(tiny, tmp_path):
    lint(tiny[0], tiny[1]["top"], tmp_path)


def test_ports_are_those_of_the_verilog(tiny):
    text, design = tiny
    found = ports(text, design["top"])
    assert found == {port["name"]: (port["direction"], port["width"]) for port in design["ports"]}
    assert not any(port["signed"] for port in design["ports"])
    assert found[design["clock"]] == found[design["reset"]["name"]] == ("input", 1)


@pytest.mark.parametrize(("prefix", "names"), [
    ("control", ("awaddr awvalid awready wdata wstrb wvalid wready bresp bvalid bready araddr arvalid arready "
                 "rdata rresp rvalid rready")),
    ("memory", ("awid awaddr awlen awsize awburst awvalid awready wdata wstrb wlast wvalid wready bid bresp "
                "bvalid bready arid araddr arlen arsize arburst arvalid arready rid rdata rresp rlast rvalid rready")),
])
def test_bus_models_find_every_signal(tiny, prefix, names):
    ports = {port["name"] for port in tiny[1]["ports"]}
    assert {f"{tiny[1][prefix]}_{name}" for name in names.split()} <= ports


@pytest.mark.parametrize("servers", [4, pytest.param(16, marks=pytest.mark.slow)])
def test_no_wire_has_two_bits_for_none(tiny, servers):
    """One bank a server and one page give signals of no width."""
    text, design = tiny if servers == TINY.servers else emit(Hardware(**{**TINY.to_dict(), "servers": servers}))
    assert "[-1:0]" not in text
    assert all(probe["width"] > 0 for probe in design["probes"])


def test_probes_are_wires_of_the_core(tiny):
    text, design = tiny
    core = module(text, f"{design['top']}.{design['core']}")
    assert {probe["name"] for probe in design["probes"]} == {
        "probe_row_valid", "probe_act_valid",
        *(f"probe_{name}_{server}" for name in ("row_bank", "row_address", "row_data", "act_data")
          for server in range(TINY.servers))}
    for probe in design["probes"]:
        width = f"[{probe['width'] - 1}:0] " if probe["width"] > 1 else ""
        assert f"  wire {width}{probe['name']};" in core, probe["name"]
        driven = f"assign {probe['name']} = " in core or f"({probe['name']})" in core
        assert driven, probe["name"]
        assert probe["path"] == f"core.{probe['name']}"


def test_text_has_no_lines_paths_or_contents(tiny):
    text, _ = tiny
    assert "src =" not in text
    assert ".py" not in text
    assert "readmem" not in text
    assert not re.search(r"\binitial\b", text), "a memory has initial contents"
    assert len(re.findall(r"^  reg \[\d+:0\] \S+ \[\d+:0\];", text, re.M)) > 16, "memories are memories"
    assert "Yosys" not in text.splitlines()[0]


def test_design_is_json_and_names_what_it_was_built_from(tiny):
    design = json.loads(to_json(tiny[1]))
    assert design == tiny[1]
    assert design["hardware"] == TINY.to_dict()
    values = {entry["name"]: entry["value"] for entry in design["registers"] if "value" in entry}
    arithmetic = {"sum_bits", "zero_points", "hold_depth", "lane_sets"}  # what a host need not know
    assert {name.lower(): values[name] for name in values if name not in ("ID", "VERSION")} == {
        name: value for name, value in TINY.to_dict().items() if name not in arithmetic}
    assert design["capacities"]["node_rows"] == 16 * TINY.bank_depth // 2
    assert design["latencies"]["SHELL_RUN"] == 2


def test_unusable_hardware_is_refused():
    with pytest.raises(HwgenError, match="servers is 5"):
        emit(Hardware(**{**TINY.to_dict(), "servers": 5}))


def test_a_failing_yosys_is_named(monkeypatch):
    monkeypatch.setattr(verilog.sys, "executable", "false")
    with pytest.raises(ToolError, match="Yosys failed"):
        verilog._to_verilog("")


def test_convert_runs_in_this_process_too(tmp_path):
    (tmp_path / "a.il").write_text("attribute \\top 1\nmodule \\a\n  wire input 1 \\x\n  wire output 2 \\y\n"
                                   "  connect \\y \\x\nend\n")
    convert.convert(str(tmp_path / "a.il"), str(tmp_path / "a.v"))
    assert "assign y = x;" in (tmp_path / "a.v").read_text()
