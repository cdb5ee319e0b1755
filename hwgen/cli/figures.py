"""Figures of a model that was just quantized or trained: FP32, quantized and integer program, side by side."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:  # importing these takes long
    from ..frontend import QuantizedNetwork
    from ..network.figures import Figures

__all__ = ["TEST", "measured"]

TEST = click.option("--test", "test", type=click.Path(path_type=Path),
                    help="Graphs with labels that figures are of, a file as --data takes.")


def measured(model: "QuantizedNetwork", tested: Sequence[Any], others: Sequence[Any], data: str) -> "Figures":
    """Run all three on PyG graphs ``tested``; hardware has to take ``others`` too. ``data`` is a name."""
    from ..flow.integer import with_integers
    from ..frontend.data.batching import union_of
    from ..frontend.known import known_of
    from ..network.figures import figures_of
    from ..network.sample import Limits

    network, sample = model.export(), known_of(model, tested)
    every = list({id(each): each for each in (*others, *tested)}.values())
    sample = replace(sample, limits=Limits.of(union_of(every)[0], model.input_bits))
    last = network.values[-1]
    return figures_of(with_integers(network, sample), data=data, of=last.domain)
