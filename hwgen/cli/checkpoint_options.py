"""Options of the verbs that make a checkpoint: data, and the file to write."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..errors import HwgenError
from ..schemes import ABOUT

__all__ = ["NAMES", "check_output", "data_option", "input_option", "output_options", "scheme_options"]

#: Names of hwgen.frontend.data.DATA, for help that is printed without torch; a test compares both.
NAMES = ("digits", "breast_cancer", "wine", "diabetes", "Cora", "CiteSeer", "MUTAG", "PROTEINS", "IMDB-BINARY",
         "REDDIT-BINARY", "COX2")


def data_option(**settings: Any) -> Callable[..., Any]:
    """``--data``: a name or a file."""
    text = (f"{', '.join(NAMES)}, in any case; or a .npz or .pt file of graphs (docs/usage.md). The first four "
            f"need no download: scikit-learn's tables as k-NN graphs.")
    return click.option("--data", help=text, **settings)


def input_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--input-bits``."""
    return click.option("--input-bits", type=click.IntRange(1, 8), help="Bits of an input feature's code.  "
                        "[default: what unsigned integers need; of real values 4]")(function)


def scheme_options(default: str | None, usual: str = "") -> Callable[..., Any]:
    """``--scheme``, whose help says what each is, and ``--width`` of single values.

    Parameters
    ----------
    default : str or None
    usual : str
        What None stands for.
    """
    every = "; ".join(f"{name}: {about}" for name, about in ABOUT.items())
    text = f"How hidden values get their bits. {every}.{f'  [default: {usual}]' if usual else ''}"

    def added(function: Callable[..., Any]) -> Callable[..., Any]:
        width = click.option("--width", "widths", multiple=True, metavar="VALUE=BITS", callback=_widths,
                             help="Bits of one value, by its name or layer as `hwgen inspect` shows them.")
        scheme = click.option("--scheme", type=click.Choice(list(ABOUT)), default=default,
                              show_default=default is not None, help=text)
        return scheme(width(function))

    return added


def _widths(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, int] | None:
    found: dict[str, int] = {}
    for each in given:
        name, _, bits = each.rpartition("=")
        if not name or not bits.isdecimal():
            raise HwgenError(f"--width {each}", "--width", "use VALUE=BITS, such as convs.0.message=4")
        found[name] = int(bits)
    return found or None


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--data-root`` and ``-o``."""
    output = click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("model.pt"),
                          show_default=True, help="The checkpoint.")
    root = click.option("--data-root", type=click.Path(path_type=Path),
                        help="Folder of data sets.  [default: $HWGEN_DATA]")
    return root(output(function))


def check_output(output: Path) -> None:
    """Refuse a checkpoint that cannot be written now, not after an hour of training.

    Raises
    ------
    HwgenError
        A folder, or a file in a folder that is missing or read-only.
    """
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise HwgenError("the checkpoint cannot be written", str(output),
                         "name a file in a folder that exists and that you may write to")
