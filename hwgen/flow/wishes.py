"""What a user fixed of a design; all else is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Wishes"]


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
    """

    target: str | None = None
    hardware: Mapping[str, int] = field(default_factory=dict)
    graphs: int | None = None
    windows: bool | None = None

    def over(self, other: "Wishes") -> "Wishes":
        """These wishes, and below them those of another build."""
        return Wishes(target=self.target or other.target, hardware={**other.hardware, **self.hardware},
                      graphs=other.graphs if self.graphs is None else self.graphs,
                      windows=other.windows if self.windows is None else self.windows)

    @property
    def names(self) -> list[str]:
        """What was wished for, by names of parameters; the target is none of them. No windows are no wish."""
        return [*self.hardware, *(["graphs"] if self.graphs is not None else []),
                *(["windows"] if self.windows else [])]
