"""Whether hardware takes a quantized model, asked before the user spends more time on it; and which widths it takes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import torch

from ...errors import HwgenError
from ...network.batch import Batch
from ...network.network import Network
from ...network.sample import Limits, Sample
from ...schemes import Scheme
from ...targets import check_accepted
from .module import QuantizedNetwork

__all__ = ["accepted", "alone", "fit_steps"]

#: Widths that users choose, and what each may come down to, the least loss first.
FEWER = {"message_bits": 4, "weight_bits": 4, "bits": 4}
#: How steps are held, in turn, before a model is refused: not at all, by the rule, and coarser than that.
MARGINS = (None, 1.0, 2.0, 4.0, 8.0)


def fit_steps(model: QuantizedNetwork, sample: Sample, name: str = "model") -> Network:
    """Raise steps until a target runs the model; with room for larger graphs, where there is any such step.

    Returns
    -------
    Network
        Exported.

    Raises
    ------
    HwgenError
        No target runs it on graphs like the sample's.
    """
    return _fit(model, sample, name)[0]


def accepted(made: Callable[[Scheme, float | None], QuantizedNetwork], rules: Scheme, batch: Batch, *,
             choose: bool = False) -> QuantizedNetwork:
    """Quantize by some rules such that a target runs the model.

    Parameters
    ----------
    made : callable
        Quantizes by rules, and a margin by which steps are held while they are read off.
    rules : Scheme
    batch : Batch
        All graphs that the model is for.
    choose : bool
        Whether messages may get 4 bits where hardware holds the given width with coarser steps only, and 4 bits agree
        better with FP32; a warning says so.

    Raises
    ------
    HwgenError
        No target runs it; names the widths that it would run with.
    """
    model, margin, reason = _tried(made, rules, batch)
    if reason is None:
        if margin is not None:  # so that biases make up for these steps too
            model = made(rules, margin)
            _fit(model, alone(model, batch))
            if choose and rules.message_bits > FEWER["message_bits"]:
                return _better(model, made, replace(rules, message_bits=FEWER["message_bits"]), batch)
        return model
    lower = [name for name, least in FEWER.items() if getattr(rules, name) > least]
    for count in range(1, len(lower) + 1):
        for names in combinations(lower, count):
            fewer: dict[str, Any] = {name: FEWER[name] for name in names}
            if _tried(made, replace(rules, **fewer), batch)[2] is None:
                options = " and ".join(f"--{name.replace('_', '-')} {value}" for name, value in fewer.items())
                keys = ", ".join(f"{name}={value}" for name, value in fewer.items())
                raise HwgenError(reason.what, reason.where, f"use {options} (in Python {keys}): hardware takes that")
    raise HwgenError(reason.what, reason.where, "use narrower layers, or graphs with shorter lists: no widths mend it")


def _better(model: QuantizedNetwork, made: Callable[[Scheme, float | None], QuantizedNetwork], fewer: Scheme,
            batch: Batch) -> QuantizedNetwork:
    """A model whose steps were raised, or the one with fewer bits where that agrees better on the sample."""
    other, margin, reason = _tried(made, fewer, batch)
    if reason is not None:
        return model
    if margin is not None:
        other = made(fewer, margin)
        _fit(other, alone(other, batch))
    ours, theirs = _agreement(model), _agreement(other)
    if theirs <= ours:
        return model
    warnings.warn(f"messages get {fewer.message_bits} bits: hardware holds more of them with coarser steps only, and "
                  f"{theirs:.1%} of the sample agree with FP32, not {ours:.1%}; message_bits fixes the width"
                  if theirs > 0 else f"messages get {fewer.message_bits} bits: results are nearer to FP32's than with "
                  "more bits and the coarser steps that hardware holds; message_bits fixes the width", stacklevel=4)
    return other


@torch.no_grad()
def _agreement(model: QuantizedNetwork) -> float:
    """Share of the sample's rows of the same class as in FP32; of one result, how near they are."""
    was, fp32 = model.training, model.fp32()
    own = model.eval().logits()
    model.train(was)
    if fp32.shape[1] > 1:
        return float((own.argmax(1) == fp32.argmax(1)).double().mean())
    return -float((own - fp32).abs().mean())


def _tried(made: Callable[[Scheme, float | None], QuantizedNetwork], rules: Scheme,
           batch: Batch) -> tuple[QuantizedNetwork, float | None, HwgenError | None]:
    """A model with the margin that it took, or why no target runs it."""
    model = made(rules, None)
    try:
        return model, _fit(model, alone(model, batch))[1], None
    except HwgenError as reason:
        return model, None, reason


def _fit(model: QuantizedNetwork, sample: Sample, name: str = "model") -> tuple[Network, float | None]:
    """As :func:`fit_steps`, with the margin that it took."""
    for limits in (sample.room, sample.limits):
        for margin in MARGINS:
            if margin is not None:
                model.hold(limits.longest, margin=margin)
            network = model.export(name)
            try:
                check_accepted(network, replace(sample, limits=limits))
            except HwgenError as error:
                reason = error
            else:
                return network, margin
    raise reason


def alone(model: QuantizedNetwork, batch: Batch, every: Batch | None = None) -> Sample:
    """Graphs of which nothing else is known; ``every`` are all that the model is for, None: these."""
    limits = Limits.of(batch if every is None else every, model.input.bits, model.edges)
    return Sample(batch=batch, labels=None, mask=None, logits=None, limits=limits)
