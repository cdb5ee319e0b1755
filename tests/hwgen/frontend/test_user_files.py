"""Users' files: Python files that are executed, and files of plain tensors that are not."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from hwgen.errors import HwgenError
from hwgen.frontend.data.own_files import load_weights
from hwgen.frontend.user_code import HWGEN, said, users_code
from hwgen.frontend.user_file import is_user_file, load_module

SOURCE = """
from torch import nn
from beside import WIDTH

class Net(nn.Module):
    def __init__(self, width=WIDTH):
        super().__init__()
        self.lin = nn.Linear(width, 2)

def make():
    return Net(5)

ready = Net(6)
number = 7

def wants(width):
    return Net(width)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("WIDTH = 4\n")
    path = tmp_path / "net_of_a_test.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize(("text", "wanted"), [
    ("model.py", True), ("model.py:Net", True), ("folder/model.py:Net(3)", True), ("model.pt", False), ("py", False)])
def test_what_names_a_python_file(text: str, wanted: bool) -> None:
    assert is_user_file(text) is wanted


@pytest.mark.parametrize(("expression", "width"), [("Net", 4), ("Net(9)", 9), ("make", 5), ("make()", 5), ("ready", 6),
                                                   ("wants(3)", 3)])
def test_modules_are_found(file: Path, expression: str, width: int) -> None:
    assert load_module(f"{file}:{expression}").lin.in_features == width


@pytest.mark.parametrize(("expression", "what"), [
    ("Nett", "Nett fails: NameError"), ("wants", "wants fails: TypeError: wants() missing 1"),
    ("number", "number is a int, not"), ("Net(", "Net( fails: SyntaxError"), ("", "a Python file without the name")])
def test_what_is_no_module(file: Path, expression: str, what: str) -> None:
    with pytest.raises(HwgenError, match=re.escape(what)) as caught:
        load_module(f"{file}:{expression}")
    assert "model.py:Net" in caught.value.fix


@pytest.mark.parametrize(("source", "what", "line"), [
    ("x = 1\nimport nothing_of_that_name\n", "ModuleNotFoundError", ":2"), ("def f(:\n", "SyntaxError", ":1"),
    ("x = 1\n\n\n1 / 0\n", "ZeroDivisionError", ":4"),
    ("import sys\nsys.exit()\n", r"sys.exit\(\) ends the program", ":2"),
    ("import sys\nsys.exit('bye')\n", r"sys.exit\('bye'\) ends the program", ":2"),
    ("class Stop(BaseException):\n    pass\nraise Stop\n", "fails_of_a_test.Stop", ":3")])
def test_files_that_fail(tmp_path: Path, source: str, what: str, line: str) -> None:
    path = tmp_path / "fails_of_a_test.py"
    path.write_text(source)
    with pytest.raises(HwgenError, match=f"the file fails: {what}") as caught:
        load_module(f"{path}:Net")
    assert caught.value.where == f"{path}{line}"


@pytest.mark.parametrize("expression", ["ends()", "Ends()"])
def test_what_ends_the_program(tmp_path: Path, expression: str) -> None:
    path = tmp_path / "ends_of_a_test.py"
    path.write_text("import sys\nfrom torch import nn\nends = sys.exit\nclass Ends(nn.Module):\n"
                    "    def __init__(self):\n        sys.exit(0)\n")
    with pytest.raises(HwgenError, match="ends the program") as caught:
        load_module(f"{path}:{expression}")
    assert '__name__ == "__main__"' in caught.value.fix


def test_ctrl_c_and_signals_pass(tmp_path: Path) -> None:
    """What a handler of hwgen's own raises while a user's code runs is no error of that code."""
    path = tmp_path / "waits_of_a_test.py"
    path.write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load_module(f"{path}:Net")
    ours = compile("def handler():\n    raise SystemExit(143)\n", str(HWGEN / "cli" / "signals.py"), "exec")
    exec(ours, scope := {})
    with pytest.raises(SystemExit), users_code(lambda error: HwgenError(said(error), "", "")):
        scope["handler"]()


def test_another_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"")
    with pytest.raises(HwgenError, match="not a Python file") as caught:
        load_module(str(tmp_path / "weights.pt"))
    assert f"--weights {tmp_path / 'weights.pt'}" in caught.value.fix


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(HwgenError, match="no such file"):
        load_module(f"{tmp_path / 'none.py'}:Net")


def test_weights(tmp_path: Path) -> None:
    path, model = tmp_path / "weights.pt", nn.Linear(3, 2)
    torch.save(model.state_dict(), path)
    other = nn.Linear(3, 2)
    load_weights(other, path)
    assert torch.equal(other.weight, model.weight)
    with pytest.raises(HwgenError, match=r"weights of another module: .*size mismatch") as caught:
        load_weights(nn.Linear(4, 2), path)
    assert caught.value.where == str(path)
    for prefix in ("module.", "_orig_mod.", "_orig_mod.module."):  # saved from a wrapper
        torch.save({prefix + key: each + 1 for key, each in model.state_dict().items()} | {"n_averaged": torch.ones(1)},
                   path)
        load_weights(other := nn.Linear(3, 2), path)
        assert torch.equal(other.weight, model.weight + 1)
    for content, what, fix in (
            ({"weight": model.weight.detach() * 1j}, "weight is complex", "real weights"),
            ({0: torch.ones(3)}, "key 0 is not the name of a weight", "state_dict"),
            ({"epoch": 3, "model": model.state_dict()}, "not a dictionary of tensors", "torch.load(path)['model']")):
        torch.save(content, path)
        with pytest.raises(HwgenError, match=what) as caught:
            load_weights(other, path)
        assert fix in caught.value.fix
    torch.save([1, 2], path)
    with pytest.raises(HwgenError, match="not a dictionary of tensors"):
        load_weights(other, path)
    torch.save(model, path)  # a pickled module: it would run code
    with pytest.raises(HwgenError, match="not a file of plain tensors"):
        load_weights(other, path)
    path.write_bytes(b"something")
    with pytest.raises(HwgenError, match="not a file of plain tensors"):
        load_weights(other, path)
    with pytest.raises(HwgenError, match="cannot read: No such file"):
        load_weights(other, tmp_path / "none.pt")
