"""What users can get wrong: three lines, exit code 2, no traceback, nothing half-written."""

import pickle
import re
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from models import random_graph_data, random_graph_model

from hwgen import cli as cli_module
from hwgen.cli import cli, main
from hwgen.errors import HwgenError
from hwgen.flow import resources
from hwgen.flow.resources import Component, Resources, Usage
from hwgen.frontend.checkpoint import save_network

SMALL = {"nodes": 24, "features": 12, "hidden": 4, "classes": 3}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "model.pt"
    path.parent.mkdir()
    save_network(*random_graph_model(0, **SMALL).parts, path)
    return path


def fails(arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Run the command line; return the three parts it prints."""
    monkeypatch.setattr(sys, "argv", ["hwgen", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    found = re.search(r"^error: (.*)\n  where: (.*)\n  fix:  (.*)\n", printed.err, flags=re.MULTILINE)
    assert found, printed.err
    assert printed.out == ""
    return found.groups()


def change(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    content = torch.load(path, weights_only=True)
    edit(content)
    torch.save(content, path)


def fill(part: str, end: str, value: float) -> Callable[[dict[str, Any]], None]:
    """Overwrite every entry of the first tensor whose name ends so."""
    def edit(content: dict[str, Any]) -> None:
        next(tensor for name, tensor in content[part].items() if name.endswith(end)).fill_(value)
    return edit


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], None], str, str]] = {
    "version": (lambda c: c.update(version=99), r"version", r"99|version"),
    "format": (lambda c: c.update(format="other"), r"checkpoint|format", r""),
    "nan scale": (fill("network", "weight.step", float("nan")), r"step is not positive and finite", r"weight"),
    "infinite step": (fill("network", "values.1.step", float("inf")), r"step is not positive and finite", r"quantizer"),
    "nan bias": (fill("network", "bias", float("nan")), r"nan|finite", r"convs|value"),
    "row bits": (fill("network", "values.1.bits", 9), r"\b9\b", r"bits|quantizer"),
    "weight codes": (fill("network", "codes", 100), r"codes exceed", r"weight"),
    "edge index": (fill("sample", "edges", 1000), r"1000", r"model"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_wrong_checkpoint(name: str, model: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    edit, what, where = CHANGES[name]
    change(model, edit)
    parts = fails(["build", str(model), "-o", str(tmp_path / "out" / "b")], capsys, monkeypatch)
    assert re.search(what, parts[0])
    assert re.search(where, parts[0] + parts[1])
    assert not (tmp_path / "out").exists()


class Evil:
    """Stands for any pickled object."""


@pytest.mark.parametrize(("content", "what"), [
    (b"hello", r"checkpoint"),
    (b"", r"checkpoint|truncated|empty"),
    (pickle.dumps(Evil()), r"pickle|checkpoint|code"),
])
def test_not_a_checkpoint(content: bytes, what: str, tmp_path: Path, capsys, monkeypatch) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    parts = fails(["inspect", str(path)], capsys, monkeypatch)
    assert re.search(what, parts[0])
    assert str(path) in parts[1]


def test_pickled_module(tmp_path: Path, capsys, monkeypatch) -> None:
    path = tmp_path / "model.pt"
    torch.save(torch.nn.Linear(2, 2), path)
    parts = fails(["inspect", str(path)], capsys, monkeypatch)
    assert re.search(r"pickle", parts[0])
    assert "save" in parts[2]


def test_truncated_checkpoint(model: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    model.write_bytes(model.read_bytes()[:-200])
    fails(["build", str(model), "-o", str(tmp_path / "out" / "b")], capsys, monkeypatch)
    assert not (tmp_path / "out").exists()


def test_missing_checkpoint(tmp_path: Path, capsys, monkeypatch) -> None:
    parts = fails(["inspect", str(tmp_path / "none.pt")], capsys, monkeypatch)
    assert "none.pt" in parts[1]


def test_unknown_board_lists_the_known(model: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    parts = fails(["build", str(model), "--board", "ultra69", "-o", str(tmp_path / "b")], capsys, monkeypatch)
    assert parts[0] == "unknown board 'ultra69'"
    assert "ultra96v2, ulx3s-85f, zcu102" in parts[2]


def test_graph_over_a_capacity(model: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    parts = fails(["build", str(model), "--bank-depth", "2", "-o", str(tmp_path / "new" / "b")], capsys, monkeypatch)
    assert re.search(r"need .*2.*too few", parts[0])
    assert re.search(r"build a design with half_rows \d+ or more", parts[2])
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_design_that_does_not_fit(model: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    def huge(path: Path, parts: object, family: object) -> Resources:
        assert path.is_file()
        return Resources(components=(Component(name="group", count=3, one=Usage(lut=40_000)),
                                     Component(name="server", count=4, one=Usage(dsp=4)),
                                     Component(name="shell", count=1, one=Usage())))

    monkeypatch.setattr(resources, "estimate", huge)
    parts = fails(["build", str(model), "--servers", "4", "-o", str(tmp_path / "b")], capsys, monkeypatch)
    assert parts[:2] == ("the design needs 120,000 of 70,560 LUT, 49,440 too many", "board ultra96")
    assert parts[2] == "use --groups 1, which fits by the same counts"
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_unwritable_checkpoint_is_refused_before_training(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("hwgen.frontend.training.task.load_data", lambda *_: pytest.fail("trained in vain"))
    for output in (tmp_path / "none" / "model.pt", tmp_path):
        parts = fails(["train", "-o", str(output)], capsys, monkeypatch)
        assert parts[1] == str(output)


def test_unwritable_output(model: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    (tmp_path / "file").write_text("in the way")
    parts = fails(["build", str(model), "-o", str(tmp_path / "file" / "b")], capsys, monkeypatch)
    assert "file" in parts[1]
    fails(["build", str(model), "-o", str(tmp_path / "in")], capsys, monkeypatch)  # a folder that is no build
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["model.pt"]


@pytest.mark.parametrize(("text", "what"), [
    ("{", r"not JSON"), ("{}", r"not a configuration"), ('{"hardware": {"grps": 1}}', r"no parameter is called grps"),
    ('{"hardware": {"groups": "1"}}', r"groups is '1'"), ('{"hardware": {"groups": 17}}', r"groups is 17"),
])
def test_wrong_configuration(text: str, what: str, model: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    config = tmp_path / "config.json"
    config.write_text(text)
    parts = fails(["build", str(model), "--config", str(config), "-o", str(tmp_path / "b")], capsys, monkeypatch)
    assert re.search(what, parts[0])
    assert not (tmp_path / "b").exists()


def test_what_is_no_build_folder(tmp_path: Path, capsys, monkeypatch) -> None:
    for verb in ("verify", "report"):
        parts = fails([verb, str(tmp_path)], capsys, monkeypatch)
        assert str(tmp_path) in parts[1]


def test_missing_compiler(tmp_path: Path, capsys, monkeypatch) -> None:
    build, chosen = tmp_path / "b", SimpleNamespace(folders=[tmp_path])
    (tmp_path / "layout.json").write_text(
        '{"load_beats": 1, "store_beats": 1, "cycles": 1, "scale": null, "graphs": 1}')
    monkeypatch.setattr("hwgen.flow.choose_runs.choose_runs", lambda build, **options: chosen)

    def run(*_: object, **__: object) -> None:
        from sim import toolchain

        toolchain.compiler()

    monkeypatch.setattr("sim.run", run)
    monkeypatch.setenv("CXX", "no-such-compiler")
    parts = fails(["verify", str(build)], capsys, monkeypatch)
    assert "no-such-compiler" in parts[0]
    assert "CXX" in parts[1]
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", str(tmp_path))
    parts = fails(["verify", str(build)], capsys, monkeypatch)
    assert parts[0] == "no C++ compiler is installed"
    assert "apt-get install" in parts[2]


def test_option_that_does_not_exist(capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["hwgen", "build", "--grops", "1"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2


def test_packing_a_graph_over_capacity(tmp_path: Path) -> None:
    from designs import design_of

    from hwgen.errors import CapacityError

    design = design_of("banked", *random_graph_model(0, **SMALL).parts)
    data = random_graph_data(1, nodes=300, features=12, trained=24)
    with pytest.raises(CapacityError, match=r"300 nodes .*max_nodes .* too few"):
        design.session(data.batch)
    assert design.capacities["max_nodes"] < 300


def test_a_name_of_runs_leads_nowhere_else(tmp_path: Path) -> None:
    from hwgen.flow.pack import pack

    for name in ("", ".", "..", "a/b", "/etc", "../a", ".hidden", "a\nb", "half \ud800", "x" * 300):
        with pytest.raises(HwgenError, match=r"is no plain name"):
            pack(tmp_path, [], name)


def test_what_nobody_foresaw_has_an_exit_code_and_a_file_of_its_own(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["hwgen", "boards"])
    for error, what in ((RuntimeError("some [/bold]\nthing"), r"not foreseen: RuntimeError: some \[/bold\] thing"),
                        (EOFError("short"), r"not foreseen: RuntimeError: a file ended: short"),
                        (MemoryError(), r"out of memory"), (AssertionError(), r"not foreseen: AssertionError")):
        def fail(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(cli.commands["boards"], "callback", fail)
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 3
        found = re.fullmatch(r"error: (.*)\n  where: (.*)\n  fix:  .*?(/\S+)\n", capsys.readouterr().err)
        assert re.match(what, found[1])
        text = Path(found[3]).read_text()
        assert "Traceback" in text
        assert type(error).__name__ in text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_verb_in_order(number: int, tmp_path: Path) -> None:
    program = ("import signal, time; from pathlib import Path; from hwgen.cli import cli, main; "
               "from hwgen.flow.folder import BuildFolder\n"
               "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # under nohup it is ignored
               "def wait(*_, **__):\n"
               "    with BuildFolder(Path('b')) as folder:\n"
               "        print(folder.path, flush=True)\n"
               "        time.sleep(60)\n"
               "cli.commands['boards'].callback = wait\n"
               "import sys; sys.argv = ['hwgen', 'boards']; main()")
    process = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    made = Path(process.stdout.readline().strip())
    assert made.is_dir()
    process.send_signal(number)
    _, err = process.communicate(timeout=5)
    assert (process.returncode, err) == (128 + number, "stopped; nothing half-written is left\n")
    assert not list(tmp_path.iterdir())


def test_warnings_are_notes_in_one_line(capsys, monkeypatch) -> None:
    def warn(*_: object, **__: object) -> None:
        warnings.warn_explicit("labels are left out", UserWarning, str(Path(cli_module.__file__)), 3)
        warnings.warn_explicit("of torch", UserWarning, "/torch/x.py", 7)

    monkeypatch.setattr(cli.commands["boards"], "callback", warn)
    monkeypatch.setattr(sys, "argv", ["hwgen", "boards"])
    shown = warnings.showwarning
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            main()
    finally:
        warnings.showwarning = shown
    assert capsys.readouterr().err == "note: labels are left out\n/torch/x.py:7: UserWarning: of torch\n"
