"""Tools outside Python, each in a folder of its own: they end with this process, however it ends.

A guard stands beside them: a small process that waits until the pipe from here closes. Then it ends what still runs,
and removes the folder. Even ``kill -9`` closes the pipe.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .scratch import scratch_folder

__all__ = ["Command", "Done", "Workshop", "processors", "workshop"]

_GUARD = """
import os, signal, sys
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if not sys.stdin.buffer.read(1):
    os.killpg(0, signal.SIGTERM)
    import shutil, time
    time.sleep(0.05)
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    os.killpg(0, signal.SIGKILL)
"""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command to run.

    Parameters
    ----------
    words : sequence of str
    folder : Path or None
        Where it runs; None: the workshop's folder.
    environment : mapping or None
        All its variables; None: those of this process.
    """

    words: Sequence[str]
    folder: Path | None = None
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended: its exit code, and what it printed."""

    code: int
    text: str


class Workshop:
    """A folder, and tools that run in it; :func:`workshop` makes one."""

    def __init__(self, path: Path, guard: "subprocess.Popen[bytes]") -> None:
        self.path, self._guard = path, guard

    def run(self, command: Command) -> Done:
        """Run one command and wait for it; it reads nothing."""
        with subprocess.Popen(
                command.words, cwd=command.folder or self.path, env=command.environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
                process_group=self._guard.pid) as process:
            try:
                text, _ = process.communicate()
            except BaseException:
                self.stop()
                raise
        return Done(code=process.returncode, text=text)

    def run_all(self, commands: Sequence[Command], at_once: int) -> Iterator[Done]:
        """Run commands, some at once; how each ended, in their order. Nothing waits where one raises."""
        pool = ThreadPoolExecutor(max_workers=max(1, min(at_once, len(commands))))
        try:
            yield from pool.map(self.run, commands)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            self.stop()
            raise
        finally:
            pool.shutdown()

    def stop(self) -> None:
        """End all commands that run."""
        assert self._guard.stdin is not None
        with suppress(OSError):
            self._guard.stdin.close()


@contextmanager
def workshop(parent: Path | None = None, name: str = "") -> Iterator[Workshop]:
    """A workshop in a folder that is removed at the end (:func:`hwgen.scratch.scratch_folder`)."""
    with scratch_folder(parent, name) as path, subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD, str(path)], cwd="/", stdin=subprocess.PIPE, bufsize=0,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0) as guard:
        shop = Workshop(path, guard)
        try:
            yield shop
            assert guard.stdin is not None
            with suppress(OSError):
                guard.stdin.write(b"x")  # all is done: nothing has to be ended
        finally:
            shop.stop()


def processors() -> int:
    """How many commands are worth running at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
