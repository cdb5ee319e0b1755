"""Ranges that are observed, not learned: settings of the quantizers of plain QAT, Degree-Quant and MixQ."""

from dataclasses import dataclass

from ..errors import HwgenError

__all__ = ["Tracking"]


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """How the range of a tensor is observed, from which its step and zero point follow.

    Parameters
    ----------
    tail : float
        Share of the elements that may lie beyond either end of an observed range of 8 bits, ten times as many for every
        4 bits fewer; 0: its extremes. Degree-Quant (Tailor et al., ICLR 2021) takes 0.001 for 8 bits and 0.01 for 4.
    symmetric : bool
        Whether signed tensors have symmetric codes, as weights always have, else a zero point where hardware has terms
        for it.
    momentum : float or None
        Share of the latest range in a moving average. None: the widest range that was seen.
    protected : pair of float
        Degree-Quant's: chances that a node passes unquantized while training, of the least in-degree and the largest.
    by_edge : bool
        Degree-Quant's positions: each message of an edge, each sum of messages and each update is quantized. A row for
        each edge where edges weigh, as GCN's norms; else messages are quantized with their source, and sums are not.
    candidates : tuple of int
        MixQ's (Moustafa et al., ICDE 2025): widths that a tensor chooses among while it trains; none: it has its own.
    cost : float
        MixQ's λ: what a bit costs, by the mean over all elements.
    """

    tail: float = 0.0
    symmetric: bool = False
    momentum: float | None = None
    protected: tuple[float, float] = (0.0, 0.0)
    by_edge: bool = False
    candidates: tuple[int, ...] = ()
    cost: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.tail < 0.5:
            raise HwgenError(f"tail is {self.tail}", "tracking.tail", "use a share of the elements, below 0.5")
        if self.momentum is not None and not 0 < self.momentum <= 1:
            raise HwgenError(f"momentum is {self.momentum}", "tracking.momentum", "use a share above 0, 1 at most")
        if not 0 <= self.protected[0] <= self.protected[1] <= 1:
            raise HwgenError(f"protected is {self.protected}", "tracking.protected", "use two chances, the lower first")
        if not all(2 <= each <= 8 for each in self.candidates) or list(self.candidates) != sorted(set(self.candidates)):
            raise HwgenError(f"candidates is {self.candidates}", "tracking.candidates", "use 2 to 8, ascending")

    def beyond(self, bits: int) -> float:
        """Share of the elements that may lie beyond either end of a range of so many bits."""
        return float(min(0.49, self.tail * 10.0 ** ((8 - bits) / 4)))
