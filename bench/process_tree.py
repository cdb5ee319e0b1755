"""Wall time, processor time and memory of a piece of work, all its processes counted (Linux)."""

import os
import resource
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import TracebackType

__all__ = ["ProcessTree", "children_cpu"]

_PERIOD = 0.05  # seconds between two looks; what lives shorter is not seen


class ProcessTree:
    """Context manager that watches this process and all that it starts.

    Attributes
    ----------
    wall_s, cpu_s : float
        Elapsed time; processor time of the children that ended in the meantime.
    peak_bytes : int
        Largest sum of resident memory over processes, this one included. Pages that two processes share count
        twice, so it is an upper bound.
    """

    def __enter__(self) -> "ProcessTree":
        self.peak_bytes = 0
        self._start, self._cpu = time.perf_counter(), children_cpu()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.wall_s = time.perf_counter() - self._start
        self.cpu_s = children_cpu() - self._cpu
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, _resident(os.getpid()))
            if self._stop.wait(_PERIOD):
                return


def children_cpu() -> float:
    """Seconds of processor time of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _resident(root: int) -> int:
    """Resident bytes of a process and its descendants."""
    children, pages = defaultdict(list), {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            children[int(fields[1])].append(int(folder.name))  # state, parent, ...
            pages[int(folder.name)] = int(fields[21])
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        total += pages.get(process, 0)
        waiting += children[process]
    return total * resource.getpagesize()
