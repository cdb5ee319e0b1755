"""Python commands in processes that have what all of them import: torch alone takes three seconds to start.

``python forks.py SOCKET`` imports the packages, none of this project's own, and then makes a process of itself for each
command that :func:`run` sends. It ends with its standard input, so that it cannot outlive who started it.
"""

import atexit
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["run"]

#: What commands import in the end, whatever they do.
PACKAGES = ("torch", "torch_geometric.nn", "torch_geometric.data", "torch.fx", "scipy.sparse.csgraph", "scipy.special",
            "scipy.optimize", "numpy", "click", "rich.progress", "amaranth.hdl", "amaranth.lib.fifo",
            "amaranth.back.rtlil", "matplotlib.figure", "matplotlib.backends.backend_svg")
KILLED = -signal.SIGKILL


def run(server: Path, words: Sequence[str], *, cwd: Path, env: Mapping[str, str],
        timeout: float) -> tuple[int, str, str]:
    """``python words ...`` as a process of the server: its exit code and what it wrote.

    Raises
    ------
    subprocess.TimeoutExpired
        It and all its children were ended.
    """
    with socket.socket(socket.AF_UNIX) as line, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        line.connect(str(server))
        request = json.dumps({"words": list(words), "cwd": str(cwd), "env": dict(env), "timeout": timeout})
        socket.send_fds(line, [f"{len(request):8}".encode()], [out.fileno(), err.fileno()])
        line.sendall(request.encode())
        code = int(line.makefile().read() or KILLED)
        if code == KILLED:
            raise subprocess.TimeoutExpired(list(words), timeout)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        return code, texts[0], texts[1]


def _received(line: socket.socket) -> tuple[dict, list[int]]:
    size, files, _, _ = socket.recv_fds(line, 8, 2)
    text = b""
    while len(text) < int(size):
        text += line.recv(int(size) - len(text))
    return json.loads(text), files


def _serve(path: str) -> dict:
    """Answer until standard input ends; returns, with a request, in each process that is to run one."""
    with socket.socket(socket.AF_UNIX) as door, selectors.DefaultSelector() as ready:
        door.bind(path)
        door.listen()
        print("ready", flush=True)
        ready.register(door, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        while True:
            if any(key.fileobj is sys.stdin for key, _ in ready.select()):
                os._exit(0)
            line, _ = door.accept()
            if not os.fork():
                break
            line.close()
            with suppress(ChildProcessError):  # none has ended, or there is none
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    request, files = _received(line)
    child = os.fork()
    if not child:
        line.close()
        os.setsid()
        for target, file in enumerate((os.open(os.devnull, os.O_RDONLY), *files)):
            os.dup2(file, target)
            os.close(file)
        return request
    line.sendall(str(_waited(child, request["timeout"])).encode())
    os._exit(0)


def _waited(child: int, seconds: float) -> int:
    """The child's exit code, as subprocess gives it; past its time it is ended with its group."""
    descriptor = os.pidfd_open(child)
    with selectors.DefaultSelector() as ended:
        ended.register(descriptor, selectors.EVENT_READ)
        if not ended.select(seconds):
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _main() -> None:
    for name in PACKAGES:
        __import__(name)
    gc.collect()
    gc.freeze()  # else each process visits all of it again and again, and once more at its end
    gc.set_threshold(50_000, 20, 20)
    request = _serve(sys.argv[1])
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    words, codes = request["words"], []
    atexit.register(_leave, codes)
    try:
        if words[0] == "-m":
            sys.argv, sys.path[0] = words[1:], str(Path.cwd())
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv, sys.path[:1] = words, [str(Path(words[0]).resolve().parent), *sys.path[:1]]
            runpy.run_path(words[0], run_name="__main__")
        codes.append(0)
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            codes.append(int(left.code or 0))
        raise


def _leave(codes: Sequence[int]) -> None:
    """The last of what a process does at its end: without this, it would take all packages apart for half a second."""
    if codes:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(codes[0])


if __name__ == "__main__":
    _main()
