"""Facts of builds of every kind of runs, added up by hand; what is written is what is read."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from report_facts import batches, figures, one_graph, report, verified, windows

from hwgen.driver.table import verification_rows
from hwgen.errors import HwgenError
from hwgen.report.collect import verification_of
from hwgen.report.design_tables import (
    bits_table,
    cycle_table,
    equal_accuracy,
    run_table,
    speed_table,
)
from hwgen.report.facts import Pass, Verification
from hwgen.report.files import read_report, report_files
from hwgen.report.finn import finn_files
from hwgen.report.html import render
from hwgen.report.plots import GRID, PALETTE, front, timeline
from rtl_templates.shell.timing import load_cycles, store_cycles


def test_batches_add_up() -> None:
    facts = report(batches())
    cycles, speed = facts.cycles, facts.performance
    assert (cycles.total, cycles.graphs, cycles.per_graph) == (1000, 5, 200)
    assert (cycles.load, cycles.store) == (load_cycles(96) + load_cycles(196), 2 * store_cycles(4))
    assert [step.cycles for step in cycles.passes] == [500, 500]
    assert cycles.passes[0].utilisation["q1"] == pytest.approx((100 * 0.1 + 400 * 0.6) / 500)
    assert cycles.passes[0].waited["q1"] == pytest.approx(0.1)
    assert cycles.counters == {"gather_run": 1000}
    assert cycles.runs[1].pass_cycles == (400, 300)
    assert (speed.of, speed.cycles, speed.latency_us) == ("the longest batch", 700, 700 / 250)
    assert speed.latency_us_with_transfers == (700 + load_cycles(196) + store_cycles(4)) / 250
    assert speed.graphs_per_s == 250e6 * 5 / 1000
    assert speed.graphs_per_s_with_transfers == 250e6 * 5 / (1000 + cycles.load + cycles.store)
    assert facts.resources.total["dsp"] == 4
    assert facts.resources.utilisation["dsp"].share == 4 / 360


def test_windows_follow_each_other() -> None:
    cycles, speed = windows(), report(windows()).performance
    assert (cycles.total, cycles.per_graph) == (1000, 500)
    assert [step.cycles for step in cycles.passes] == [600, 400]
    assert cycles.passes[0].utilisation["gather"] == pytest.approx((300 * 0.5 + 200 * 0.5) / 600)
    assert [run.part for run in cycles.runs] == ["pass 0", "pass 0", "pass 1"]
    assert cycles.runs[1].pass_cycles == (300, 200)
    moved = sum(map(load_cycles, (50, 30, 20))) + 3 * store_cycles(4)
    assert (speed.of, speed.cycles_with_transfers) == ("all windows", 1000 + moved)
    assert speed.cycles == 1000 + moved - load_cycles(50) - store_cycles(4)
    assert speed.graphs_per_s == 250e6 * 2 / speed.cycles
    assert speed.graphs_per_s_with_transfers == 250e6 * 2 / speed.cycles_with_transfers


def test_one_graph_has_one_run() -> None:
    facts = report(one_graph())
    assert facts.performance.of == "the graph"
    assert facts.performance.cycles == facts.cycles.total == facts.cycles.per_graph == 1000
    assert run_table(facts.cycles).rows == [("the sample", "40", "90", "500", "4", "1,000")]


def test_finn_counts_what_the_latency_is_of() -> None:
    files = finn_files(report(batches()))
    assert files["estimate_layer_cycles.json"] == {"pass 0": 400, "pass 1": 300}
    network = files["estimate_network_performance.json"]
    assert (network["critical_path_cycles"], network["max_cycles"], network["max_cycles_node_name"]) == (
        700, 400, "pass 0")
    assert files["estimate_layer_resources.json"]["total"]["LUT"] == 200
    assert files["op_and_param_counts.json"]["convs.0.message"]["param_weight_INT4"] == 24 * 8
    assert "rtlsim_performance.json" not in files
    simulated = finn_files(verified(report(batches())))["rtlsim_performance.json"]
    assert simulated["latency_cycles"] == 310
    assert simulated["throughput[images/s]"] == 250e6 * 5 / 610
    files = finn_files(verified(report(windows())))
    assert files["estimate_layer_cycles.json"] == {"pass 0": 600, "pass 1": 400}
    assert "rtlsim_performance.json" not in files


def test_verification_adds_up_runs() -> None:
    def found(second: int, mismatch: dict[str, object] | None = None) -> Verification:
        done = {"load_cycles": 5, "store_cycles": 2, "rows_compared": 8, "codes_compared": 64,
                "pass_cycles": [100, 200], "counters": {"GATHER_RUN": 7, "PASS": 1}}
        results = {"0000": {**done, "cycles": 300}, "0001": {**done, "cycles": 310}}
        return verification_of(results, {"0000": 300, "0001": second, "0002": 1}, what="the sample", graphs=5, of=9,
                               mismatch=mismatch)

    right = found(310)
    assert right.bit_exact
    assert (right.cycles, right.codes_compared, right.pass_cycles) == (610, 128, (200, 400))
    assert (right.counters, right.chosen, right.of) == ({"GATHER_RUN": 14}, ("0000", "0001", "0002"), 9)
    assert ("cycle estimate minus RTL counter", "+0 in every run") in verification_rows(right)
    slow = found(309)
    assert not slow.bit_exact
    assert [run.difference for run in slow.runs] == [0, -1]
    assert ("cycle estimate minus RTL counter", "-1 in 1 of 2 runs") in verification_rows(slow)
    wrong = found(310, {"kind": "code"})
    assert (wrong.bit_exact, wrong.mismatch) == (False, {"kind": "code"})


@pytest.mark.slow
def test_tables_name_runs() -> None:
    cycles = batches()
    assert cycle_table(cycles).rows[-1][:2] == ("all", "1,000")
    assert cycle_table(cycles).rows[0][:3] == ("pass 0", "500", "40%")
    assert cycle_table(cycles).numeric == [False, *[True] * 6]  # the last row has no shares
    assert bits_table(cycles).rows == [("learned", "1,000", ""), ("uniform 8 bit", "1,500", "+50.0%")]
    assert equal_accuracy(cycles) is None  # nothing is known of others
    for uniform, said in ((0.8, "uniform 8 bit"), (0.79, "no uniform width")):
        known = replace(cycles, accuracy_by_bits={"learned": (0.8, 0.9), "uniform 8 bit": (uniform, 0.7)})
        assert bits_table(known).title.endswith(f"at equal accuracy: {said}")
        assert bits_table(known).rows[1] == ("uniform 8 bit", "1,500", "+50.0%", f"{uniform:.2%}", "70.00%")
        page = render(report(known))
        assert f"at equal accuracy: {said}." in page
        assert f"<td>{uniform:.2%}</td>" in page
    assert "at equal accuracy" not in render(report(cycles))
    assert run_table(cycles).rows == [("0000", "3", "10", "20", "96", "4", "300", "100"),
                                      ("0001", "2", "10", "20", "196", "4", "700", "350"),
                                      ("all 2 batches", "5", "20", "40", "292", "8", "1,000", "200")]
    many = run_table(replace(cycles, runs=cycles.runs * 20)).rows
    assert [row[0] for row in many] == ["0001, the longest", "all 40 batches"]
    table = run_table(windows())
    assert table.columns == ("pass", "windows", "rows", "entries", "beats loaded", "beats stored", "cycles")
    assert table.rows[0] == ("pass 0", "2", "10", "11", "80", "8", "600")
    assert table.rows[-1] == ("all 3 windows", "3", "20", "11", "100", "12", "1,000")
    assert table.numeric == [False, *[True] * 6]


def test_speed_is_in_one_unit_a_row() -> None:
    rows = speed_table(report(batches())).rows
    assert rows[1] == ("latency of the longest batch, images on the chip", "2.80", "µs")
    assert rows[3] == ("throughput, images on the chip", "1,250,000", "graphs/s")
    slow = replace(report(windows()).performance, latency_us=12_345.6, graphs_per_s=81.04)
    rows = speed_table(replace(report(windows()), performance=slow)).rows
    assert rows[1] == ("latency of all windows", "12.35", "ms")
    assert rows[3] == ("throughput", "81.0", "graphs/s")


def test_figures_have_a_name() -> None:
    facts = verified(report(one_graph()))
    assert [each.model for each in facts.figures_on("the sample").models] == ["quantized", "hardware"]
    more = facts.measured(replace(figures("integer"), data="other.npz"))
    assert [each.data for each in more.figures] == ["the sample", "other.npz"]
    assert more.measured(figures("quantized")).figures_on("the sample") == figures("quantized")


@pytest.mark.slow
@pytest.mark.parametrize("cycles", [one_graph, batches, windows])
def test_what_is_written_is_read(cycles: object, tmp_path: Path) -> None:
    for facts in (report(cycles()), verified(report(cycles()))):
        text = report_files(facts)["report.json"]
        written = json.loads(text)
        assert len(written.pop("sha256")) == 64
        assert written == json.loads(json.dumps(facts.to_dict(), allow_nan=False))
        (tmp_path / "report").mkdir(exist_ok=True)
        (tmp_path / "report" / "report.json").write_text(text)
        assert read_report(tmp_path) == facts


@cache
def written() -> str:
    return str(report_files(report(batches()))["report.json"])


@pytest.mark.parametrize(("change", "what"), [
    (lambda facts: facts.pop("target"), "^key target is missing"),
    (lambda facts: facts.update(organisation="stream"), "^unknown key organisation"),
    (lambda facts: facts["cycles"].update(kind="batches"), r"^cycles\.kind is 'batches'"),
    (lambda facts: facts["cycles"].update(total="many"), r"^cycles\.total is 'many'"),
    (lambda facts: facts.update(hardware=[]), r"^hardware is \[\]"),
    (lambda facts: facts["model"]["layers"][0].update(weight_step=[1.0]),
     r"^model\.layers\[0\]\.weight_step is \[1.0\]"),
    (lambda facts: facts["performance"].update(graphs_per_s=-1), "^the report was changed"),
    (lambda facts: facts.pop("sha256"), "^the report was changed"),
])
def test_a_report_of_another_version_is_refused(change: object, what: str, tmp_path: Path) -> None:
    facts = json.loads(written())
    change(facts)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.json").write_text(json.dumps(facts))
    with pytest.raises(HwgenError, match=what) as caught:
        read_report(tmp_path)
    assert caught.value.where.startswith(str(tmp_path / "report" / "report.json"))
    assert caught.value.fix.startswith("build again")


@pytest.mark.slow
@pytest.mark.parametrize("cycles", [one_graph, batches, windows])
def test_the_page_has_every_fact(cycles: object) -> None:
    facts = report(cycles())
    page = render(facts)
    assert page.count("<svg") == 4 + len(facts.model.bits_by_degree)
    assert "not run" in page
    for row in run_table(facts.cycles).rows:
        assert "".join(f"<td>{cell}</td>" for cell in row[1:]) in page
    for piece in ("Target some", "max nodes</dt><dd>1,234", "Bit widths by in-degree: convs.0",
                  f"latency of {facts.performance.of}", "2 x unit"):
        assert piece in page
    page = render(verified(facts))
    for piece in ("<b>no</b>", "128 codes of the sample compared", "75.00%: 1 of 4 differs",
                  "12.500% / 0.000% of its range",
                  "<b>66.67%</b><span>accuracy, hardware, 3 nodes; quantized in PyTorch 66.67%",
                  "610 were expected"):
        assert piece in page


def test_names_are_text_in_plots_and_on_the_page() -> None:
    facts = report(batches())
    name = '$\\frac$ " onmouseover="alert(1) <b>'
    cycles = replace(facts.cycles, passes=tuple(replace(step, name=name) for step in facts.cycles.passes))
    page = render(replace(facts, cycles=cycles, model=replace(facts.model, name=name)))
    assert '" onmouseover="' not in page
    assert "<b>alert" not in page
    assert page.count("$\\frac$") >= 2


def test_a_logarithmic_axis_has_plain_numbers() -> None:
    text = front([(900, 10), (40_000, 5)], [(900, 10)], (1_000, 9), "cycles")
    assert ">10,000<" in text
    assert "mathdefault" not in text


def test_the_timeline_is_to_scale() -> None:
    passes = (Pass(name="first", cycles=300, utilisation={"gather": 0.5, "server": 0.2}, waited={"gather": 0.25}),
              Pass(name="second", cycles=100, utilisation={"gather": 0.8, "server": 1.0}, waited={"gather": 0.1}))
    found = re.findall(r'<path d="M ([-\d.]+) ([-\d.]+) \nL ([-\d.]+) [-\d.]+ \nL [-\d.]+ ([-\d.]+) [^"]*" clip-path'
                       r'="[^"]*" style="fill: (#\w+)', timeline(passes))
    bars: dict[str, list[tuple[float, float]]] = {}
    for left, below, right, above, colour in found:
        bars.setdefault(colour, []).append((float(right) - float(left), abs(float(above) - float(below))))
    idle, works, waits = bars[GRID], bars[PALETTE[0]], bars[PALETTE[3]]
    assert idle[0][0] == pytest.approx(3 * idle[1][0])
    shares = [height / whole for (_, height), (_, whole) in zip(works, idle, strict=True)]
    assert shares == pytest.approx([0.5, 0.8, 0.2, 1.0], abs=1e-3)
    shares = [height / whole for (_, height), (_, whole) in zip(waits, idle, strict=True)]
    assert shares == pytest.approx([0.25, 0.1, 0.0, 0.0], abs=1e-3)
