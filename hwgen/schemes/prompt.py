"""Which prompts a model gets: rows that are learned beside it (:mod:`hwgen.frontend.prompts` has the equations)."""

from dataclasses import dataclass

from ..errors import HwgenError

__all__ = ["PROMPTS", "Prompt"]

PROMPTS = ("none", "gpf", "gpf-plus", "lorap", "lorap-softmax", "gpf-lorap")
#: Rows and ranks at most: more than a hidden layer has channels is no prompt.
MOST = 256


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """Which prompts a model gets.

    Parameters
    ----------
    kind : str
        One of PROMPTS.
    prompts : int
        Rows of ``gpf-plus``.
    rank : int
        Of ``lorap``, ``gpf-lorap`` (0: constant rows) and ``lorap-softmax``.

    Raises
    ------
    HwgenError
        Unknown kind, or numbers out of range.
    """

    kind: str = "lorap"
    prompts: int = 8
    rank: int = 4

    def __post_init__(self) -> None:
        if self.kind not in PROMPTS:
            raise HwgenError(f"unknown prompt {self.kind!r}", "prompt", f"use one of {', '.join(PROMPTS)}")
        for name, least in (("prompts", 1), ("rank", int(self.kind == "lorap-softmax"))):
            if not least <= getattr(self, name) <= MOST:
                raise HwgenError(f"{name} is {getattr(self, name)}", name, f"use {least} to {MOST}")

    @property
    def is_exact(self) -> bool:
        """Whether hardware computes it; a softmax has no integers today."""
        return self.kind not in ("gpf-plus", "lorap-softmax")
