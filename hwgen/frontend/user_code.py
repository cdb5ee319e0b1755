"""Code of users, such as a forward method: whatever it raises becomes one error, which names their line."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch

from ..errors import HwgenError
from .their_modules import their_modules

__all__ = ["is_own", "is_users", "line_of", "said", "users_code"]

HWGEN = Path(__file__).parents[1]
#: Files that call users' code, and may be met on the way into it.
CALLERS = tuple(str(HWGEN / "frontend" / name) for name in
                ("user_code.py", "copying.py", "original.py", "trace.py", "tracer.py", "stand_in.py"))
#: Folders whose frames are nobody's own.
LIBRARIES = (str(Path(torch.__file__).parent), str(Path(torch.__file__).parents[1] / "torch_geometric"))
STANDARD = sysconfig.get_paths()["stdlib"]


@contextmanager
def users_code(refusal: Callable[[BaseException], HwgenError]) -> Iterator[None]:
    """Turn what users' code raises, ``sys.exit()`` too, into an error; Ctrl-C, and what hwgen itself raises, pass.

    Parameters
    ----------
    refusal : callable
        Makes the error of what was raised.

    Raises
    ------
    HwgenError
    """
    try:
        with their_modules():
            yield
    except (HwgenError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and _is_ours(error):  # a signal's handler ends this process
            raise
        raise refusal(error) from error


def said(error: BaseException) -> str:
    """What was raised, in one line."""
    if isinstance(error, SystemExit):
        return f"sys.exit({'' if error.code is None else repr(error.code)}) ends the program"
    return traceback.format_exception_only(error)[-1].strip()


def line_of(error: BaseException) -> str:
    """The user's line that an error passed through last, such as ``net.py:23``; empty if none."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if is_users(each.filename)]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def is_users(filename: str) -> bool:
    """Whether a frame's file belongs to the user, rather than to Python, PyTorch, PyG or hwgen's way into it."""
    if filename.startswith("<") or filename in CALLERS or filename.startswith(LIBRARIES):
        return False
    return not filename.startswith(STANDARD) or "site-packages" in filename or "dist-packages" in filename


@cache  # a trace asks for every module that there is
def is_own(filename: str | None) -> bool:
    """Whether a module's file is of the user's own project, rather than installed."""
    installed = any(each in (filename or "") for each in ("site-packages", "dist-packages"))
    return bool(filename) and not installed and is_users(str(filename)) and not str(filename).startswith(str(HWGEN))


def _is_ours(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and Path(frames[-1].filename).is_relative_to(HWGEN)
