"""Options of the verbs that make a checkpoint: data, and the file to write."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..errors import HwgenError

__all__ = ["NAMES", "SCHEMES", "check_output", "data_option", "input_option", "output_options"]

#: Names of hwgen.frontend.data.DATA, for help that is printed without torch; a test compares both.
NAMES = ("digits", "breast_cancer", "wine", "diabetes", "Cora", "CiteSeer", "MUTAG", "PROTEINS", "IMDB-BINARY",
         "REDDIT-BINARY", "COX2")
#: Of hwgen.frontend.quantize.SCHEMES, likewise.
SCHEMES = ("a2q", "nns", "nns-published", "mega", "uniform")


def data_option(**settings: Any) -> Callable[..., Any]:
    """``--data``: a name or a file."""
    text = (f"{', '.join(NAMES)}, in any case; or a .npz or .pt file of graphs (docs/usage.md). The first four "
            f"need no download: scikit-learn's tables as k-NN graphs.")
    return click.option("--data", help=text, **settings)


def input_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--input-bits``."""
    return click.option("--input-bits", type=click.IntRange(1, 8), help="Bits of an input feature's code.  "
                        "[default: what unsigned integers need; of real values 4]")(function)


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--data-root`` and ``-o``."""
    for option in (
        click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("model.pt"), show_default=True,
                     help="The checkpoint."),
        click.option("--data-root", type=click.Path(path_type=Path),
                     help="Folder of data sets.  [default: $HWGEN_DATA]"),
    ):
        function = option(function)
    return function


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
