"""What shares one quantizer step: the only vocabulary for it, in PyTorch's and Brevitas' words."""

from enum import StrEnum

__all__ = ["Granularity"]


class Granularity(StrEnum):
    """What shares a step and a bit width."""

    #: One step and one width for everything.
    PER_TENSOR = "per_tensor"
    #: A step for each channel, one width for all of them.
    PER_CHANNEL = "per_channel"
    #: A step and a width for each trained node (A²Q).
    PER_NODE = "per_node"
    #: A step and a width for each in-degree; the last entry serves all larger ones (MEGA).
    PER_DEGREE = "per_degree"
    #: A row takes the entry whose largest value is nearest to its own (A²Q's nearest neighbour strategy).
    NEAREST = "nearest"

    @property
    def by_row(self) -> bool:
        """Whether rows differ: a step and a width for each of several entries, and a row takes one of them."""
        return self in (Granularity.PER_NODE, Granularity.PER_DEGREE, Granularity.NEAREST)
