"""Whether hardware takes a quantized model, asked before the user spends more time on it; and which widths it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

from ...errors import HwgenError
from ...network.batch import Batch
from ...network.network import Network
from ...network.sample import Limits, Sample
from ...targets import check_accepted
from .module import QuantizedNetwork
from .schemes import Scheme

__all__ = ["accepted", "fit_steps"]

#: Widths that users choose, and what each may come down to, the least loss first.
FEWER = {"message_bits": 4, "weight_bits": 4, "bits": 4}
#: How much coarser steps may become than the rule says, before a model is refused.
MARGINS = (1.0, 2.0, 4.0, 8.0)


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
    for limits in (sample.room, sample.limits):
        for margin in MARGINS:
            model.hold(limits.longest, margin=margin)
            network = model.export(name)
            try:
                check_accepted(network, replace(sample, limits=limits))
            except HwgenError as error:
                reason = error
            else:
                return network
    raise reason


def accepted(made: Callable[[Scheme], QuantizedNetwork], rules: Scheme, batch: Batch) -> QuantizedNetwork:
    """Quantize by some rules such that a target runs the model.

    Parameters
    ----------
    made : callable
        Quantizes by rules.
    rules : Scheme
    batch : Batch
        All graphs that the model is for.

    Raises
    ------
    HwgenError
        No target runs it; names the widths that it would run with.
    """
    model = made(rules)
    reason = _refusal(model, batch)
    if reason is None:
        return model
    lower = [name for name, least in FEWER.items() if getattr(rules, name) > least]
    for count in range(1, len(lower) + 1):
        for names in combinations(lower, count):
            fewer: dict[str, Any] = {name: FEWER[name] for name in names}
            if _refusal(made(replace(rules, **fewer)), batch) is None:
                options = " and ".join(f"--{name.replace('_', '-')} {value}" for name, value in fewer.items())
                keys = ", ".join(f"{name}={value}" for name, value in fewer.items())
                raise HwgenError(reason.what, reason.where, f"use {options} (in Python {keys}): hardware takes that")
    raise HwgenError(reason.what, reason.where, "use narrower layers, or graphs with shorter lists: no widths mend it")


def _refusal(model: QuantizedNetwork, batch: Batch) -> HwgenError | None:
    sample = Sample(batch=batch, labels=None, mask=None, logits=None, limits=Limits.of(batch, model.input_bits))
    try:
        fit_steps(model, sample)
    except HwgenError as reason:
        return reason
    return None
