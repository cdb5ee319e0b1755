"""The top of a bitstream, simulated, at the end of a pseudo-terminal: a serial port for whoever opens it."""

import os
import subprocess
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from hwgen.workshop import Workshop

from .cxx import FAST, SLOW, fingerprint, ingredients, link
from .kept import find_kept, keep
from .toolchain import compiler, verilator
from .verilate import QUIET, translate

__all__ = ["compile_top", "simulated_port"]

_MAIN = Path(__file__).with_name("serial_main.cpp")
_READ = 4096

#: What becomes of bytes on their way.
Way = Callable[[bytes], bytes]


def compile_top(verilog: str, top: str) -> Path:
    """An executable of a top with ports ``clock_pin``, ``receive_pin`` and ``transmit_pin``, or the one in the cache.

    Parameters
    ----------
    verilog : str
        Of the top and everything below it.
    top : str
        Its module.

    Raises
    ------
    ToolMissing
        If Verilator or the compiler is missing.
    SimError
        If one of them refuses the design.
    """
    tool, cxx = verilator(), compiler()
    key = fingerprint(verilog, top, _MAIN.read_text(), FAST, SLOW, *ingredients(tool, cxx, None))
    if found := find_kept([key]):
        return found

    def make(shop: Workshop, executable: Path) -> None:
        source = shop.path / "top.v"
        source.write_text(verilog)
        options = ["--cc", "--prefix", "Vtop", "--top-module", top, "--make", "json", "--quiet", "--x-initial", "0",
                   "--no-timing", *QUIET]
        link(tool, cxx, None, translate(tool, options, [source], shop), shop, executable, main=_MAIN)

    return keep(key, make)


@contextmanager
def simulated_port(executable: Path, divisor: int, *, there: Way = bytes, back: Way = bytes) -> Iterator[str]:
    """Run a top; the name of a terminal that is its serial port.

    Parameters
    ----------
    executable : Path
        Of :func:`compile_top`.
    divisor : int
        Cycles of a bit, as the top has it.
    there, back : callable
        What becomes of bytes on their way to the top, and from it: a line that loses or changes some.
    """
    with ExitStack() as stack:
        ours, theirs = os.openpty()
        stack.callback(os.close, ours)
        stack.callback(os.close, theirs)  # held open: a host may close its end and open it again
        tty.setraw(theirs)
        process = stack.enter_context(subprocess.Popen(
            [str(executable), str(divisor)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0))
        stack.callback(process.kill)
        assert process.stdin is not None
        assert process.stdout is not None
        for source, way, sink in ((ours, there, process.stdin.fileno()), (process.stdout.fileno(), back, ours)):
            threading.Thread(target=_carry, args=(source, way, sink), daemon=True).start()
        yield os.ttyname(theirs)


def _carry(source: int, way: Way, sink: int) -> None:
    """Bytes from one end to the other, until one of them is closed."""
    with suppress(OSError):
        while content := os.read(source, _READ):
            arrives = way(content)
            while arrives:
                arrives = arrives[os.write(sink, arrives):]
