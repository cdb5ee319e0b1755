"""C++ loops: compiled once, kept, compiled again where what was kept is damaged; nothing where nobody can compile."""

import os
import warnings

import pytest

from hwgen import native
from hwgen.native import NativeWarning, find_cxx, library

TEXT = 'extern "C" int twice(int x) { return 2 * x; }\n'


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "twice.cpp"
    path.write_text(TEXT)
    library.cache_clear()
    yield path
    library.cache_clear()


def kept(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").iterdir() if path.name.startswith("native-"))


def test_a_library_is_compiled_once(source, tmp_path, monkeypatch):
    assert library(source).twice(21) == 42
    assert len(kept(tmp_path)) == 1
    library.cache_clear()  # as another process
    monkeypatch.setattr(native, "find_cxx", lambda: pytest.fail("it is there already"))
    assert library(source).twice(4) == 8


def test_another_text_is_another_library(source, tmp_path):
    assert library(source).twice(3) == 6
    source.write_text(TEXT.replace("2 * x", "3 * x"))
    library.cache_clear()
    assert library(source).twice(3) == 9
    assert len(kept(tmp_path)) == 2


def test_a_damaged_library_is_compiled_again(source, tmp_path):
    [name] = library(source) and kept(tmp_path)
    file = tmp_path / "cache" / name / "library.so"
    content = file.read_bytes()
    file.unlink()  # the present process keeps what it has loaded
    file.write_bytes(content[: len(content) // 2])
    library.cache_clear()
    assert library(source).twice(5) == 10
    assert file.read_bytes() == content


@pytest.mark.parametrize(("cxx", "words"), [
    ("no-such-compiler", "no C++ compiler was found"), ("'g++", "CXX is \"'g++\": No closing quotation"),
    ("false", "false failed (no message)")])
def test_nothing_without_a_compiler(source, monkeypatch, cxx, words):
    monkeypatch.setenv("CXX", cxx)
    with pytest.warns(NativeWarning) as told:
        assert library(source) is None
    assert str(told[0].message).startswith(f"{words}: Python does the work of twice.cpp, which takes longer; install")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert library(source) is None  # said once


def test_what_does_not_compile_is_no_library(source):
    source.write_text("no C++")
    with pytest.warns(NativeWarning, match=r"failed \(.*twice\.cpp"):
        assert library(source) is None


def test_the_compiler_is_cxx_else_one_of_the_path(tmp_path, monkeypatch):
    for name in ("c++", "mine"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert find_cxx() == [os.fspath(tmp_path / "c++")]
    monkeypatch.setenv("CXX", "mine -m64")
    assert find_cxx() == [os.fspath(tmp_path / "mine"), "-m64"]
    monkeypatch.setenv("CXX", "other")
    assert find_cxx() is None
