"""A cache is a convenience: work goes on without, and that is said once."""

import warnings
from pathlib import Path

import pytest

from hwgen import cache
from hwgen.cache import CacheWarning, cache_folder, cache_folders, wanted_folder
from hwgen.cli.doctor import examine


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A process that has said nothing yet, with temporary files of its own."""
    for name in ("HWGEN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    cache._writable.cache_clear()
    yield
    cache._writable.cache_clear()


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def said() -> list[str]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        cache_folder()
        cache_folder()
    return [str(each.message) for each in found if each.category is CacheWarning]


def test_the_folder_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "hwgen"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "hwgen"
    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path / "own"))
    assert cache_folders() == (tmp_path / "own",)
    assert said() == []


def test_a_user_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", no_home)
    assert wanted_folder() is None
    [text] = said()
    assert text.startswith("no cache (the user has no home): ")
    assert cache_folders() == (cache_folder(),)
    assert cache_folder().is_relative_to(tmp_path / "tmp")
    assert [check.version for check in examine() if check.tool == "cache"] == [
        f"{cache_folder()} instead of a folder of the user, who has no home: HWGEN_CACHE names another folder"]


def test_a_folder_that_cannot_be_written_or_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path / "file" / "cache"))
    [text] = said()
    assert "Not a directory" in text
    assert cache_folder().is_relative_to(tmp_path / "tmp")
    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path / "full"))
    monkeypatch.setattr(cache, "ROOM", 1 << 60)
    [text] = said()
    assert "MiB are free" in text
    assert cache_folders() == (tmp_path / "full", cache_folder())  # what is there already is still found


def test_a_temporary_folder_of_another_user_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr(cache, "_is_ours", lambda folder: False)
    assert len(said()) == 1
    assert cache_folder().name.startswith("hwgen-cache-")
