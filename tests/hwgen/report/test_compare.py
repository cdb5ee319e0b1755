"""Two builds side by side: figures of both, ratios, and what only one has."""

from dataclasses import replace
from pathlib import Path

import pytest
from cli_runs import facts, run
from report_facts import batches, one_graph, report, verified

from hwgen.errors import HwgenError
from hwgen.flow.folder import write_files
from hwgen.report.compare import compare_names, compare_tables
from hwgen.report.facts import Report
from hwgen.report.files import report_files


def other() -> Report:
    """Another design of other cycles: five graphs in two batches, and a parameter that the first lacks."""
    made = verified(report(batches()))
    return replace(made, target="more", hardware={"units": 2, "lanes": 8}, capacities={"max_nodes": 2468})


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Build folders of the same name, as far as a report reads them."""
    found = []
    for place, made in (("first", report(one_graph())), ("second", other())):
        write_files(tmp_path / place / "b" / "report", report_files(made))
        found.append(tmp_path / place / "b")
    return found[0], found[1]


def test_tables_have_both_and_their_ratio() -> None:
    tables = {table.title: {row[0]: row[1:] for row in table.rows} for table in compare_tables(
        (report(one_graph()), other()), ("a", "b"))}
    assert tables["Speed"]["cycles a graph"] == ("1,000", "200", "0.200")
    assert tables["Speed"]["runs of it"] == ("1 graph", "2 batches", "")
    assert tables["Speed"]["latency"] == ("4.00 µs", "2.80 µs", "0.700")
    assert tables["Cycles by pass"] == {"pass 0": ("600", "500", "0.833"), "pass 1": ("400", "500", "1.250"),
                                        "all": ("1,000", "1,000", "1.000")}
    assert tables["Resources used"]["DSP"] == ("4 (1.1%)", "4 (1.1%)", "1.000")
    assert tables["Resources used"]["BRAM36"] == ("0 (0.0%)", "0 (0.0%)", "")
    assert tables["Resources used"]["cycles a graph x LUT"] == ("2e+05", "4e+04", "0.200")
    assert tables["Results"]["bit-exact"] == ("not simulated", "no, 128 codes", "")
    assert tables["Design, where it differs"] == {
        "target": ("some", "more", ""), "lanes": ("-", "8", ""), "max nodes": ("1,234", "2,468", "2.000")}


def test_units_of_other_families_are_not_compared() -> None:
    """A look-up table of four inputs is none of six."""
    made = other()
    small = replace(made, resources=replace(made.resources, units={"lut": "LUT4"}))
    rows = {row[0]: row[1:] for table in compare_tables((made, small), ("a", "b")) for row in table.rows
            if table.title == "Resources used"}
    assert (rows["LUT"], rows["LUT4"]) == (("200 (0.3%)", "-", ""), ("-", "200 (0.3%)", ""))
    assert rows["DSP"][-1] == "1.000"
    assert not any(name.startswith("cycles") for name in rows)


def test_equal_designs_have_no_differences() -> None:
    made = report(one_graph())
    tables = compare_tables((made, made), ("a", "b"))
    assert "Design, where it differs" not in [table.title for table in tables]


@pytest.mark.parametrize(("folders", "names"), [
    (("x/one", "y/two"), ("one", "two")), (("x/b", "y/b"), ("x/b", "y/b")), (("p/x/b", "q/x/b"), ("p/x/b", "q/x/b"))])
def test_names_tell_folders_apart(folders: tuple[str, str], names: tuple[str, str]) -> None:
    assert compare_names([Path("/") / each for each in folders]) == names


@pytest.mark.slow
def test_on_the_command_line(folders: tuple[Path, Path], tmp_path: Path) -> None:
    page = tmp_path / "pages" / "compare.html"
    text = run("report", *folders, "-o", page)
    assert "second/b by first/b" in text
    found = facts("report", *folders)
    assert found["builds"] == ["first/b", "second/b"]
    assert found["tables"]["Cycles by pass"][-1] == {
        "what": "all", "first/b": "1,000", "second/b": "1,000", "second/b by first/b": "1.000"}
    written = page.read_text()
    assert "<h1>first/b and second/b</h1>" in written
    assert "prefers-color-scheme: dark" in written
    assert "http" not in written


@pytest.mark.slow
@pytest.mark.parametrize(("more", "what"), [
    (("--open",), "--open without --output"), (("--test", "x.npz"), "--test with two builds"),
    (("--vivado", "u", "t"), "--vivado with two builds"), (("THIRD",), "3 builds")])
def test_what_does_not_go_together(folders: tuple[Path, Path], more: tuple[str, ...], what: str) -> None:
    with pytest.raises(HwgenError, match=what):
        run("report", *folders, *(folders[0] if each == "THIRD" else each for each in more))


@pytest.mark.slow
def test_a_page_of_one_build_is_its_own(folders: tuple[Path, Path]) -> None:
    with pytest.raises(HwgenError, match="--output with one build"):
        run("report", folders[0], "-o", "x.html")
