"""Netlists of builds: what their cells do, what is kept, and what a simulation compares of a design without probes."""

import json
import re
import shutil

import pytest
from small_build import small_build

import sim
from hwgen.errors import HwgenError
from hwgen.flow.families import FAMILIES
from hwgen.flow.folder import to_json
from hwgen.flow.netlist import models_of, netlist_of
from hwgen.flow.yosys import TOP
from hwgen.progress import SILENT

TOY = f"module {TOP}(input ap_clk, input d, output reg q); always @(posedge ap_clk) q <= d; endmodule\n"


def toy_build(folder, board):
    """As much of a build as a netlist is made of."""
    folder.mkdir()
    (folder / "config.json").write_text(to_json({
        "board": board, "target": "lists", "runs": "graph", "hardware": {}, "capacity": {}, "limits": {
            f"max_{name}": 1 for name in ("nodes", "edges", "nonzeros", "degree", "node_nonzeros")} | {
            f"mean_{name}": 1.0 for name in ("nodes", "edges", "nonzeros")}}))
    family = {"ultra96": "xcup", "ulx3s-85f": "ecp5", "gatemate-a2": "gatemate"}[board]
    (folder / f"design_{family}.v").write_text(TOY)
    return folder


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """A build for the family that Yosys maps soonest, and the netlist that it made of it; tests change copies."""
    build = toy_build(tmp_path_factory.mktemp("mapped") / "build", "ulx3s-85f")
    return build, netlist_of(build, SILENT)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["ultra96", "ulx3s-85f"])
def test_a_netlist_is_made_once(board, mapped, tmp_path, monkeypatch):
    build, made = mapped
    if board != "ulx3s-85f":
        build = toy_build(tmp_path / "build", board)
        made = netlist_of(build, SILENT)
    assert {"xcup": "FDRE", "ecp5": "TRELLIS_FF"}[made.family.name] in made.cells
    assert f"module {TOP}" in made.verilog.read_text()
    monkeypatch.setattr("hwgen.flow.netlist.map_whole", lambda *_: pytest.fail("mapped again"))
    assert netlist_of(build, SILENT) == made


@pytest.mark.slow
@pytest.mark.parametrize("change", ["design_ecp5.v", "netlist/netlist.v", "netlist/cells.json"])
def test_another_design_gets_another_netlist(change, mapped, tmp_path):
    build = shutil.copytree(mapped[0], tmp_path / "build")
    (build / change).write_text(TOY.replace("<= d", "<= ~d") if change.startswith("design") else "{}")
    made = netlist_of(build, SILENT)
    assert ("LUT4" in made.cells) == change.startswith("design")
    assert f"module {TOP}" in made.verilog.read_text()


def test_what_cannot_be_simulated_is_refused(tmp_path):
    with pytest.raises(HwgenError, match="no models of GateMate's cells"):
        netlist_of(toy_build(tmp_path / "build", "gatemate-a2"), SILENT)


@pytest.mark.parametrize(("family", "cells", "modules"), [
    ("xcup", ("RAMB18E2", "LUT2", "$scopeinfo"), ["LUT2", "RAMB18E2", "hwgen_block_memory", "hwgen_xilinx_block"]),
    ("ecp5", ("CCU2C", "TRELLIS_DPR16X4"), ["CCU2C", "INV", "LUT2", "LUT4", "TRELLIS_DPR16X4"]),
    ("gw5a", ("MUX2_LUT5", "LUT4"), ["LUT4", "MUX2", "MUX2_LUT5"]),  # their ends are indented
])
def test_models_are_those_of_the_cells_and_of_what_they_instantiate(family, cells, modules):
    text = models_of(FAMILIES[family], dict.fromkeys(cells, 1))
    assert re.findall(r"^module (\w+)", text, re.MULTILINE) == modules
    assert "specify" not in text


@pytest.mark.verilator
def test_a_design_without_probes_is_compared_by_its_results(tmp_path):
    small_build(tmp_path)
    cells = tmp_path / "cells.v"
    cells.write_text("")
    options = sim.SimOptions(netlist=(tmp_path / "design.v", cells), stalls=5)
    result = sim.run(tmp_path, None, options)
    assert result.ok
    assert len(result.batches) == 2
    for run in result.batches.values():
        assert run.rows_compared == 0
        assert run.codes_compared == run.logits.size > 0
    facts = json.loads((tmp_path / "batches" / "0000" / "layout.json").read_text())
    (tmp_path / "batches" / "0000" / "layout.json").write_text(to_json({**facts, "cycles": facts["cycles"] + 1}))
    assert sim.run(tmp_path, None, options).mismatch.kind == "counter"
