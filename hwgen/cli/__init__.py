"""The command line: one file per verb. The only folder that prints or exits."""

import os
import signal
import sys
import warnings
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO

import click

from ..cache import CacheWarning
from ..errors import HwgenError
from ..neighbours import ROOT, check_neighbours
from ..version import __version__
from .bitstream import bitstream
from .boards import boards
from .build import build, pack
from .console import plain
from .demo import demo
from .doctor import doctor
from .estimate import estimate
from .explore import explore
from .inspect import inspect
from .quantize import quantize
from .report import report
from .search_bits import search_bits
from .train import train
from .unforeseen import UNFORESEEN, parts_of
from .verify import verify

__all__ = ["cli", "main"]

BAD_INPUT = 2


class _Verbs(click.Group):
    """Verbs, of which click takes an EOFError of ours for a Ctrl-C."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except EOFError as error:
            raise RuntimeError(f"a file ended: {error}") from error


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="hwgen")
def cli() -> None:
    """Turn a mixed-precision graph neural network into hardware that computes exactly what it computes.

    \b
    The way of the data:
      hwgen train --data digits -o model.pt      a checkpoint: integer codes, scales, bits per node
      hwgen quantize net.py:Net --data MUTAG        the same from your own FP32 model, without training
      hwgen search-bits --data digits               widths by search, under an accuracy that you ask for
      hwgen inspect model.pt                        its layers, bit widths and size
      hwgen explore model.pt --board ultra96        fronts of cycles and area over all parameters
      hwgen build model.pt --board ultra96          RTL, memory images, golden codes; simulated and compared
      hwgen verify build/model-ultra96              the comparison again, with random stalls or a waveform
      hwgen report build/model-ultra96              cycles, resources, microseconds; report.html
      hwgen bitstream build/model-ulx3s-85f         a bitstream, where open tools make one
    \b
    `hwgen demo` does all of it in minutes; `hwgen doctor` says whether this machine can.

    Exit codes: 0 success, 1 hardware and model differ, 2 something you can fix, 3 a fault of hwgen, 130 stopped.
    """


for command in (train, quantize, search_bits, inspect, explore, build, verify, pack, bitstream, estimate, report,
                boards, doctor, demo):
    cli.add_command(command)


def main() -> None:
    """Run the command line; turn errors users can fix into three lines and exit code 2, any other into exit code 3."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _stop)
    warnings.showwarning = _say
    try:
        check_neighbours()
        cli(standalone_mode=False)
        sys.stdout.flush()
    except HwgenError as error:
        _fail(error.what, error.where, error.fix)
    except BrokenPipeError:  # who read the output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        _fail(error.strerror or str(error), str(error.filename or "a file"),
              "check that the path exists and that you may write there")
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        _stopped(signal.SIGINT)
    except Exception as error:
        _fail(*parts_of(error), code=UNFORESEEN)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """End in order: what runs below this process is ended, and temporary folders go."""
    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)  # not in the middle of that
    _stopped(number)


def _stopped(number: int) -> NoReturn:
    click.echo("stopped; nothing half-written is left", err=True)
    sys.exit(128 + number)


def _say(message: Warning | str, category: type[Warning], filename: str, lineno: int,
         file: TextIO | None = None, line: str | None = None) -> None:
    """A warning in one line; of others than hwgen's also where."""
    ours = issubclass(category, CacheWarning) or Path(filename).is_relative_to(ROOT / "hwgen")
    text = f"note: {message}" if ours else f"{filename}:{lineno}: {category.__name__}: {message}"
    click.echo(plain(text), err=True)


def _fail(what: str, where: str, fix: str, code: int = BAD_INPUT) -> NoReturn:
    what, where, fix = map(plain, (what, where, fix))
    click.echo(f"{click.style('error:', fg='red', bold=True)} {what}\n  where: {where}\n  fix:  {fix}", err=True)
    sys.exit(code)
