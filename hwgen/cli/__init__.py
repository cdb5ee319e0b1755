"""The command line: one file per verb. The only folder that prints or exits."""

import sys

import click

from ..errors import HwgenError
from ..version import __version__
from .boards import boards
from .build import build, pack
from .demo import demo
from .doctor import doctor
from .inspect import inspect
from .quantize import quantize
from .report import estimate, report
from .train import train
from .verify import verify

__all__ = ["cli", "main"]

BAD_INPUT = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="hwgen")
def cli() -> None:
    """Turn a mixed-precision graph neural network into hardware that computes exactly what it computes.

    \b
    The way of the data:
      hwgen train --data digits -o model.pt      a checkpoint: integer codes, scales, bits per node
      hwgen quantize net.py:Net --data MUTAG        the same from your own FP32 model, without training
      hwgen inspect model.pt                        its layers, bit widths and size
      hwgen build model.pt --board ultra96          RTL, memory images, golden codes; simulated and compared
      hwgen verify build/model-ultra96              the comparison again, with random stalls or a waveform
      hwgen report build/model-ultra96              cycles, resources, microseconds; report.html
    \b
    `hwgen demo` does all of it in minutes; `hwgen doctor` says whether this machine can.

    Exit codes: 0 success, 1 hardware and model differ, 2 something you can fix.
    """


for command in (train, quantize, inspect, build, verify, pack, estimate, report, boards, doctor, demo):
    cli.add_command(command)


def main() -> None:
    """Run the command line; turn errors users can fix into three lines and exit code 2."""
    try:
        cli(standalone_mode=False)
    except HwgenError as error:
        _fail(error.what, error.where, error.fix)
    except OSError as error:
        _fail(error.strerror or str(error), str(error.filename or "a file"),
              "check that the path exists and that you may write there")
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; nothing half-written is left", err=True)
        sys.exit(130)


def _fail(what: str, where: str, fix: str) -> None:
    click.echo(f"{click.style('error:', fg='red', bold=True)} {what}\n  where: {where}\n  fix:  {fix}", err=True)
    sys.exit(BAD_INPUT)
