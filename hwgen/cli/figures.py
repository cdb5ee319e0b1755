"""Figures that the verbs ask for: of a model that was just made, and of a build on a user's graphs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .console import Console

if TYPE_CHECKING:  # importing these takes long
    from ..frontend import QuantizedNetwork
    from ..network.figures import Figures
    from ..report.facts import Report

__all__ = ["TEST", "measure", "measured"]

TEST = click.option("--test", "test", type=click.Path(path_type=Path),
                    help="Figures are of these graphs with labels: a file, as --data takes, or .npz.")


def measured(model: "QuantizedNetwork", tested: Sequence[Any], others: Sequence[Any], data: str) -> "Figures":
    """Run all three on PyG graphs ``tested``; hardware has to take ``others`` too. ``data`` is a name."""
    from ..flow.integer import with_integers
    from ..frontend.data.batching import union_of
    from ..frontend.known import known_of
    from ..frontend.quantize.accepted import alone, fit_steps
    from ..network.figures import figures_of

    every = list({id(each): each for each in (*others, *tested)}.values())
    unknown = alone(model, union_of(tested, model.input), union_of(every, model.input))
    network = fit_steps(model, unknown)
    sample = with_integers(network, replace(known_of(model, tested), limits=unknown.limits))
    return figures_of(sample, data=data, of=network.values[-1].domain, head=network.head)


def measure(console: Console, build: Path, test: Path) -> "Report":
    """Figures of a build on a user's graphs, kept in its report."""
    from ..flow.built import read_sample
    from ..flow.verify import record
    from ..network.figures import figures_of
    from ..report.files import read_report
    from ..runtime import Accelerator

    with console.step(f"running the integer program on {test.name}"):
        sample, accelerator = read_sample(build, test), Accelerator(build)
        network = accelerator.design.network
        figures = figures_of(replace(sample, integer=accelerator.run(sample)), data=test.name,
                             of=network.values[-1].domain, head=network.head)
    report = read_report(build).measured(figures)
    record(build, report)
    return report
