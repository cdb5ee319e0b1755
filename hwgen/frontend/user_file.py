"""Modules in users' own Python files: ``model.py:Net``. The file is executed."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from ..errors import HwgenError

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
        No such file or name, an error within the file, or something else than a module.
    """
    name, _, expression = text.partition(":")
    path = Path(name)
    if not path.is_file():
        raise HwgenError("no such file", name, "name an existing Python file, such as model.py:Net")
    if not expression:
        raise HwgenError("a Python file without the name of a module", name, FIX)
    home = _executed(path)
    try:
        found = eval(expression, vars(home))  # the file itself has just been executed
        if not isinstance(found, nn.Module) and callable(found):
            found = found()
    except Exception as error:  # the user's own code
        raise HwgenError(f"{expression} fails: {_message(error)}", text, FIX) from error
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
    sys.modules[name] = home
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(home)
    except Exception as error:  # the user's own code
        del sys.modules[name]
        raise HwgenError(f"the file fails: {_message(error)}", _place(error, path),
                         "fix the file: hwgen executes it to find the module") from error
    finally:
        sys.path.remove(folder)
    return home


def _message(error: Exception) -> str:
    return traceback.format_exception_only(error)[-1].strip()


def _place(error: Exception, path: Path) -> str:
    """The line of the user's file that failed."""
    line: Any = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename) == path.resolve():
            line = frame.lineno
    return f"{path}:{line}" if line else str(path)
