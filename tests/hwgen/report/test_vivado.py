"""Users' own reports of Vivado, of designs of others; ``vivado/SOURCES.md`` has where they are from."""

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_runs import run

from hwgen.errors import HwgenError
from hwgen.report.facts import BoardFacts
from hwgen.report.vivado import read_timing, read_utilization, vivado_tables

HERE = Path(__file__).with_name("vivado")
USED, MET, VIOLATED = (HERE / f"{name}.rpt" for name in ("utilization", "timing", "timing_violated"))


def build(part="xc7a100tcsg324-1"):
    """The facts of a build that are compared."""
    total = {"lut": 4000, "ff": 4600, "bram36": 96.0, "dsp": 0, "lutram": 100, "uram": 0}
    return SimpleNamespace(
        board=BoardFacts(name="some", title="Some", part=part), resources=SimpleNamespace(total=total, method="Yosys"),
        performance=SimpleNamespace(clock_mhz=250.0, of="the graph", cycles=1000), to_dict=lambda: {"facts": 1})


def test_what_is_read():
    used = read_utilization(USED)
    assert (used.device, used.state) == ("xc7a100tcsg324-1", "Routed")
    assert used.used == {"lut": 4289, "lutram": 105, "ff": 4567, "bram36": 96, "dsp": 133}
    assert used.available == {"lut": 63400, "lutram": 19000, "ff": 126800, "bram36": 135, "dsp": 240}
    timing = read_timing(MET)
    assert (timing.setup_ns, timing.hold_ns, timing.met, timing.clocks) == (0.216, 0.140, True, {"pclk": (6.0, 0.216)})
    timing = read_timing(VIOLATED)
    assert (timing.setup_ns, timing.hold_ns, timing.met) == (-21.706, 0.072, False)
    assert timing.clocks == {"clk": (10.0, -21.706)}
    assert not replace(timing, setup_ns=0.1, hold_ns=-0.1).met


def test_the_names_of_ultrascale_plus(tmp_path):
    """CLB in place of Slice, a star behind a count that may change, and a row of UltraRAM."""
    text = USED.read_text().replace("Slice LUTs ", "CLB LUTs*  ").replace("Slice Registers", "CLB Registers  ")
    text = text.replace("| DSPs   ", "| URAM    |    7 |     0 |          0 |       64 | 10.94 |\n| DSPs   ", 1)
    (tmp_path / "plus.rpt").write_text(text)
    assert read_utilization(tmp_path / "plus.rpt").used == {**read_utilization(USED).used, "uram": 7}


def test_beside_the_estimate():
    resources, clocks = vivado_tables(build(), read_utilization(USED), read_timing(VIOLATED), "used.rpt")
    rows = {row[0]: row[1:] for row in resources.rows}
    assert rows["LUT"] == ("4,000", "4,289", "+289", "+7.2%", "63,400")
    assert rows["DSP"] == ("0", "133", "+133", "", "240")
    assert "routed" in resources.title
    assert clocks.title.startswith("Timing: NOT met, setup slack -21.706 ns")
    assert clocks.rows == [("clock clk", "250 MHz", "100.0 MHz", "-21.706 ns: 31.5 MHz", "10.00 µs", "31.71 µs")]


@pytest.mark.parametrize(("read", "path", "change", "words"), [
    (read_utilization, MET, None, "was written by report_timing_summary, not by report_utilization"),
    (read_timing, USED, None, "was written by report_utilization, not by report_timing_summary"),
    (read_utilization, USED, ("-file", "-hierarchical -file"), "report_utilization -hierarchical, not"),
    (read_utilization, USED, ("| Command ", "| Order "), "is no report of Vivado"),
    (read_utilization, USED, ("Block RAM Tile", "Block RAM     "), "has no row 'Block RAM Tile'"),
    (read_utilization, USED, (" 4289 ", " many "), "'many' is no number"),
    (read_timing, MET, ("Design Timing Summary", "Design Timing"), "has no Design Timing Summary"),
    (read_timing, MET, ("0.216        0.000   ", "NA           NA      "), "no path is constrained"),
])
def test_wrong_files(tmp_path, read, path, change, words):
    given = tmp_path / "given.rpt"
    text = path.read_text()
    given.write_text(text.replace(*change) if change else text)
    with pytest.raises(HwgenError, match=words) as error:
        read(given)
    assert error.value.where == str(given)
    assert error.value.fix
    with pytest.raises(HwgenError, match="cannot be read"):
        read(tmp_path / "none.rpt")


def test_reports_of_another_part():
    with pytest.raises(HwgenError, match="is of xc7a100tcsg324-1, and the build of xczu3eg-sbva484-1-e"):
        vivado_tables(build("xczu3eg-sbva484-1-e"), read_utilization(USED), read_timing(MET), "used.rpt")
    vivado_tables(build("xc7a100tcsg324-2"), read_utilization(USED), read_timing(MET), "used.rpt")  # a speed grade


def test_the_verb(monkeypatch, tmp_path):
    monkeypatch.setattr("hwgen.report.files.read_report", lambda folder: build())
    monkeypatch.setattr("hwgen.flow.verify.record", lambda folder, facts: None)
    monkeypatch.setattr(import_module("hwgen.cli.report"), "show_design", lambda console, facts: None)
    text = run("report", str(tmp_path), "--vivado", str(USED), str(MET))
    assert "Vivado, routed, beside the estimate (Yosys)" in text
    assert "166.7 MHz" in text
    facts = json.loads(run("report", str(tmp_path), "--vivado", str(USED), str(VIOLATED), "--json"))
    assert facts["vivado"]["timing"]["met"] is False
    assert facts["vivado"]["utilization"]["used"]["lut"] == 4289
    with pytest.raises(HwgenError, match="is no report of Vivado"):
        run("report", str(tmp_path), "--vivado", str(HERE / "SOURCES.md"), str(MET))
