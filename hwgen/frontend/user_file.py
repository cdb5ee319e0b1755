"""Modules in users' own Python files: ``model.py:Net``. The file is executed."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from torch import nn

from ..errors import HwgenError
from .their_modules import note_folder
from .user_code import said, users_code

__all__ = ["is_user_file", "load_module"]

FIX = "name a class, a function without arguments or a module: model.py:Net, or model.py:Net(16, 2)"


def is_user_file(text: str) -> bool:
    """Whether this names a Python file rather than a checkpoint: ``model.py`` or ``model.py:Net``."""
    return text.partition(":")[0].endswith(".py")


def load_module(text: str) -> nn.Module:
    """Execute a user's file and take a module out of it.

    Parameters
    ----------
    text : str
        ``FILE.py:NAME``: a module, or a class or function that gives one when it is called without arguments.
        ``FILE.py:NAME(...)``: any expression in the terms of the file.

    Raises
    ------
    HwgenError
        No such file or name, not a Python file, code of the user's that fails or ends the program, or no module.
    """
    name, _, expression = text.partition(":")
    path = Path(name)
    if not path.is_file():
        raise HwgenError("no such file", name, "name an existing Python file, such as model.py:Net")
    if path.suffix != ".py":
        raise HwgenError("not a Python file", name, f"{FIX}; weights are given beside it: --weights {name}")
    if not expression:
        raise HwgenError("a Python file without the name of a module", name, FIX)
    home = _executed(path)
    with users_code(lambda error: HwgenError(f"{expression} fails: {said(error)}", text, _fix(error, FIX))):
        found = eval(expression, vars(home))  # the file itself has just been executed
        if not isinstance(found, nn.Module) and callable(found):
            found = found()
    if not isinstance(found, nn.Module):
        raise HwgenError(f"{expression} is a {type(found).__name__}, not a torch.nn.Module", text, FIX)
    return found


def _executed(path: Path) -> ModuleType:
    """The file as a Python module; files beside it can be imported, as if it were run by itself."""
    name = path.stem if path.stem not in sys.modules else f"{path.stem} of a user"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    home = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    note_folder(path.resolve().parent)
    sys.modules[name] = home
    sys.path.insert(0, folder)
    try:
        with users_code(lambda error: HwgenError(
                f"the file fails: {said(error)}", _place(error, path),
                _fix(error, "fix the file: hwgen executes it to find the module"))):
            spec.loader.exec_module(home)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
    return home


def _fix(error: BaseException, usual: str) -> str:
    """What mends a file that fails: a program that ends is usually one that was meant to be run."""
    if isinstance(error, SystemExit):
        return 'put what is a program behind if __name__ == "__main__": hwgen executes the file to find a module'
    return usual


def _place(error: BaseException, path: Path) -> str:
    """The line of the user's file that failed."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename) == path.resolve():
            line = frame.lineno
    return f"{path}:{line}" if line else str(path)
