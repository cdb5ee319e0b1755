"""Tools and temporary folders end with the process that made them, however it ends."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hwgen import scratch
from hwgen.scratch import replace_folder, scratch_folder, sweep, write_whole
from hwgen.workshop import Command, workshop

#: Begins two commands that have children of their own, and says so.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # where this runs in the background it is ignored
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and this under nohup
from pathlib import Path
from hwgen.workshop import Command, workshop
with workshop(Path(sys.argv[1]), "shop") as shop:
    words = ["sh", "-c", "sleep 61 & echo $! > $0; wait", "pid"]
    for name in "ab":
        (shop.path / name).mkdir()
    list(shop.run_all([Command(words=words, folder=shop.path / name) for name in "ab"], 2))
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(found, seconds: float = 10.0):
    """What is found, as soon as there is something."""
    end = time.monotonic() + seconds
    while not (value := found()) and time.monotonic() < end:
        time.sleep(0.02)
    return value


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_children_end_with_their_parent(number: int, tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        pids = until(lambda: len(found := [path for path in tmp_path.glob(".shop.*/*/pid") if path.read_text()]) == 2
                     and [int(path.read_text()) for path in found])
        assert len(pids) == 2
        assert all(map(alive, pids))
        process.send_signal(number)
        assert process.wait(2) != 0
    finally:
        process.kill()
        process.wait()
    assert until(lambda: not any(map(alive, pids)), 2)
    assert until(lambda: not list(tmp_path.iterdir()), 2)


def test_one_command_and_its_folder(tmp_path: Path) -> None:
    with workshop(tmp_path, "shop") as shop:
        done = shop.run(Command(words=["sh", "-c", "pwd; cat; echo wrong >&2; exit 3"]))
        assert (done.code, done.text) == (3, f"{shop.path}\nwrong\n")
        ended = shop.run_all([Command(words=["sh", "-c", f"exit {code}"]) for code in range(5)], 2)
        assert [each.code for each in ended] == list(range(5))
    assert not list(tmp_path.iterdir())


def test_what_waits_is_not_begun_after_a_failure(tmp_path: Path) -> None:
    commands = [Command(words=["no-such-tool"]), *[Command(words=["sleep", "61"])] * 3,
                *[Command(words=["touch", str(tmp_path / "begun")])] * 3]
    began = time.monotonic()
    with pytest.raises(FileNotFoundError), workshop() as shop:
        list(shop.run_all(commands, 2))
    assert time.monotonic() - began < 5
    assert not (tmp_path / "begun").exists()


def test_a_file_is_whole_or_absent(tmp_path: Path, monkeypatch) -> None:
    write_whole(tmp_path / "a", b"one")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a", b"two")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"one")]


def test_what_a_killed_process_left_is_swept(tmp_path: Path, monkeypatch) -> None:
    left = ".b.hwgen-scratch-"
    (tmp_path / f"{left}folder").mkdir()
    (tmp_path / f"{left}folder" / "file").touch()
    (tmp_path / f"{left}file").touch()
    others = [".c.hwgen-scratch-x", ".b.swp", ".b.x", "b.hwgen-scratch-x", "hwgen-scratch-x"]  # of others, or a user's
    for name in others:
        (tmp_path / name).touch()
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / f"{left}link").symlink_to(outside)
    sweep(tmp_path, "b")
    assert (tmp_path / f"{left}folder").exists()  # too young
    monkeypatch.setattr(scratch, "YOUNG_S", -1.0)
    with scratch_folder(tmp_path, "b") as held:
        sweep(tmp_path, "b")
        assert held.is_dir()
        assert {path.name for path in tmp_path.iterdir()} == {held.name, *others, "outside", f"{left}link"}


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_takes_the_name_of_another(exchange: bool, tmp_path: Path, monkeypatch) -> None:
    if not exchange:
        monkeypatch.setattr(scratch, "_RENAME_EXCHANGE", 1 << 30)  # no such flag
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")} == {"old", "old/new", "new", "new/old"}
    replace_folder(tmp_path / "old", tmp_path / "third")
    assert {path.name for path in tmp_path.iterdir()} == {"new", "third"}
    assert [path.name for path in (tmp_path / "third").iterdir()] == ["new"]
