"""What a user fixed of a design; all else is chosen."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..errors import HwgenError
from ..network.limit_names import LIMITS

if TYPE_CHECKING:  # importing SciPy takes longer than printing help
    from ..network.sample import Limits, Sample

__all__ = ["Wishes", "limits_of"]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is not to be chosen.

    Parameters
    ----------
    target : str or None
        Name of the target; None: every target that accepts the network is a candidate.
    hardware : mapping
        Hardware parameters of a target, by name.
    graphs : int or None
        Graphs of mean size that a batch has room for; None: as many as the target likes.
    windows : bool or None
        Whether graphs run by windows of rows; None: where no design holds them whole.
    listed : bool or None
        Whether a batch brings features as lists of their set bits, not as rows; None: whatever is faster.
    limits : mapping
        Of single graphs, by :data:`hwgen.network.limit_names.LIMITS`; what is left out follows from the sample.
    """

    target: str | None = None
    hardware: Mapping[str, int] = field(default_factory=dict)
    graphs: int | None = None
    windows: bool | None = None
    listed: bool | None = None
    limits: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Mapping[str, Any], *, target: str | None = None) -> "Wishes":
        """From options by name; those that are None are no wishes."""
        given = {name: value for name, value in options.items() if value is not None}
        graphs, windows = given.pop("graphs", None), given.pop("windows", None)
        limits = {name: given.pop(name) for name in LIMITS if name in given}
        return cls(target=target, graphs=graphs, windows=windows, limits=limits,
                   hardware={name: int(value) for name, value in given.items()})

    def over(self, other: "Wishes") -> "Wishes":
        """These wishes, and below them those of another build."""
        return Wishes(target=self.target or other.target, hardware={**other.hardware, **self.hardware},
                      graphs=other.graphs if self.graphs is None else self.graphs,
                      windows=other.windows if self.windows is None else self.windows,
                      listed=other.listed if self.listed is None else self.listed,
                      limits={**other.limits, **self.limits})

    @property
    def names(self) -> list[str]:
        """What was wished for, by names of parameters; target and limits are none of them. No windows are no wish."""
        return [*self.hardware, *(["graphs"] if self.graphs is not None else []),
                *(["windows"] if self.windows else [])]


def limits_of(sample: "Sample", wishes: Wishes) -> "tuple[Limits, ...]":
    """Limits of single graphs to build for, the preferred first: with room for larger ones, and without.

    Where only the nodes are wished for, edges and features have room in proportion.

    Raises
    ------
    HwgenError
        There is no such limit, or graphs of the sample exceed it.
    """
    for name, value in wishes.limits.items():
        if name not in LIMITS:
            raise HwgenError(f"no limit is called {name}", f"limits.{name}", f"use {', '.join(LIMITS)}")
        own = getattr(sample.limits, LIMITS[name])
        if name.startswith("max_") and value < own:
            raise HwgenError(f"{name} is {value}, and the model's own graphs have {own}", f"limits.{name}",
                             f"use {own} or more, or leave it out")
    given = {LIMITS[name]: value for name, value in wishes.limits.items()}
    return tuple(dict.fromkeys(_wished(limits, given) for limits in (sample.room, sample.limits)))


def _wished(limits: "Limits", given: Mapping[str, Any]) -> "Limits":
    times = max(1.0, given.get("nodes", 0) / max(1, limits.nodes))
    grown = {name: math.ceil(getattr(limits, name) * times) for name in ("edges", "entries", "weighed")}
    return replace(limits, **{**grown, **given})
