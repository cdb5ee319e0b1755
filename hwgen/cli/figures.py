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
    from ..frontend.quantize.accepted import fit_steps
    from ..network.figures import figures_of
    from ..network.sample import Limits, Sample

    every = list({id(each): each for each in (*others, *tested)}.values())
    alone = Sample(batch=union_of(tested)[0], labels=None, mask=None, logits=None,
                   limits=Limits.of(union_of(every)[0], model.input_bits))
    network = fit_steps(model, alone)
    sample = with_integers(network, replace(known_of(model, tested), limits=alone.limits))
    return figures_of(sample, data=data, of=network.values[-1].domain)
