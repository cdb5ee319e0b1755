"""A design is compiled once: what is equal is found again, what differs in anything is not."""

import os
from dataclasses import replace

import pytest

from hwgen import cache
from hwgen.cache import CacheWarning
from hwgen.seals import seal_folder
from sim import kept, verilate
from sim.errors import SimError
from sim.folder import Design, Port, Probe
from sim.toolchain import compiler, verilator


@pytest.fixture
def design(tmp_path):
    return make(tmp_path / "build", "module top; endmodule\n")


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    """A cache of its own, and what is compiled into it: formats of trace, for the tools only leave an empty file."""
    formats = []

    def link(tool, cxx, trace, sources, shop, executable):
        formats.append(trace)
        executable.touch()

    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(verilate, "translate", lambda *rest: [])
    monkeypatch.setattr(verilate, "link", link)
    return formats


def make(folder, verilog):
    folder.mkdir()
    (folder / "design.v").write_text(verilog)
    return Design(top="top", verilog=folder / "design.v", ports=(Port("ap_clk", True, 1),), registers={},
                  probes=(Probe("probe_row_valid", "valid", 1),), row_fields=("address", "data"), hardware={},
                  errors={}, stages={})


def test_equal_bytes_in_another_folder_are_found(design, compiled, tmp_path):
    first = verilate.compile_model(design)
    assert first.executable.is_relative_to(tmp_path / "cache")
    again = verilate.compile_model(make(tmp_path / "copy", design.verilog.read_text()))
    assert (again.executable, again.compile_s, compiled) == (first.executable, 0.0, [None])
    own = verilate.compile_model(design, tmp_path / "own")
    assert own.executable.is_relative_to(tmp_path / "own")
    assert len(compiled) == 2


def test_whatever_differs_is_compiled(design, compiled, tmp_path, monkeypatch):
    tool, cxx = verilator(), compiler()
    verilate.compile_model(design)
    verilate.compile_model(make(tmp_path / "other", "module top; wire a; endmodule\n"))
    verilate.compile_model(replace(design, probes=(Probe("probe_row_valid", "deeper.valid", 1),)))
    for name, value in (("verilator", lambda: replace(tool, version="5.999")),
                        ("compiler", lambda: replace(cxx, version="another")), ("FAST", "-O3"), ("SPLIT", 7)):
        with monkeypatch.context() as patch:
            patch.setattr(verilate, name, value)
            verilate.compile_model(design)
    assert len(compiled) == 7
    verilate.compile_model(design)
    assert len(compiled) == 7


def test_what_can_trace_also_runs_without(design, compiled):
    traced = verilate.compile_model(design, trace="fst")
    assert verilate.compile_model(design).executable == traced.executable
    assert verilate.compile_model(design, trace="vcd").executable != traced.executable
    assert compiled == ["fst", "vcd"]


def test_few_cycles_need_no_optimised_code(design, compiled, tmp_path, monkeypatch):
    levels = []
    monkeypatch.setattr(verilate, "translate", lambda tool, options, verilog, shop, level: levels.append(level) or [])
    few = verilate.compile_model(design, cycles=verilate.FEW)
    many = verilate.compile_model(design, cycles=verilate.FEW + 1)
    assert levels == ["-O0", "-Og"]
    assert verilate.compile_model(design).executable == many.executable  # it is not said how many
    assert verilate.compile_model(design, cycles=1).executable == few.executable
    other = make(tmp_path / "other", "module top; wire a; endmodule\n")
    optimised = verilate.compile_model(other)
    assert verilate.compile_model(other, cycles=1).executable == optimised.executable  # it is there already
    assert len(levels) == 3


def test_the_one_used_longest_ago_goes(compiled, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "KEPT", 2)
    designs = [make(tmp_path / name, f"module {name}; endmodule\n") for name in "abc"]
    a, b = (verilate.compile_model(each).executable for each in designs[:2])
    for age, path in enumerate((b, a)):
        os.utime(path, (1000 - age, 1000 - age))
    assert verilate.compile_model(designs[0]).compile_s == 0.0  # used: now b is the oldest
    c = verilate.compile_model(designs[2]).executable
    assert [path.is_file() for path in (a, b, c)] == [True, False, True]
    assert not b.parent.exists()


def test_another_process_may_be_faster(design, compiled, monkeypatch):
    there = verilate.compile_model(design).executable
    there.unlink()

    def link(tool, cxx, trace, sources, shop, executable):
        executable.write_text("mine")
        there.write_text("theirs")
        seal_folder(there.parent)

    monkeypatch.setattr(verilate, "link", link)
    assert verilate.compile_model(design).executable.read_text() == "theirs"
    assert [path.name for path in there.parents[1].iterdir()] == [there.parent.name]


def test_a_cache_that_cannot_be_written(design, compiled, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "models").touch()
    with pytest.raises(SimError, match="cannot write there") as error:
        verilate.compile_model(design)
    assert "HWGEN_CACHE" in error.value.fix


def test_a_damaged_executable_is_compiled_again(design, compiled):
    found = verilate.compile_model(design).executable
    found.write_text("something else")
    assert verilate.compile_model(design).executable.read_text() == ""
    assert compiled == [None, None]


def test_a_folder_without_its_executable_is_none(design, compiled):
    found = verilate.compile_model(design).executable
    found.rename(found.with_name("other"))
    seal_folder(found.parent)
    assert verilate.compile_model(design).executable.is_file()
    assert compiled == [None, None]


def test_a_cache_that_may_only_be_read_still_serves(design, compiled, tmp_path, monkeypatch):
    found = verilate.compile_model(design).executable
    problem = cache._problem
    monkeypatch.setattr(cache, "_problem", lambda folder: "full" if folder == tmp_path / "cache" else problem(folder))
    cache._writable.cache_clear()
    with pytest.warns(CacheWarning, match=r"no cache \(full\)"):
        assert verilate.compile_model(design).executable == found
    cache._writable.cache_clear()
