"""Pauses of AXI channels, drawn by a seed: memory and master behave in every way that AXI allows, not in one."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["MANNERS", "ORDERS", "draw", "pauses"]

#: Of a channel: a share of cycles in which it rests; phases of rest; of a receiver, ready only after valid.
MANNERS = ("seldom", "half", "mostly", "phases", "late")
#: Of a write's address and data: which one memory takes when, on its side.
ORDERS = ("any", "address first", "data first")
_SHARE = {"seldom": 0.1, "half": 0.5, "mostly": 0.85, "late": 0.3}


def draw(seed: int, channels: Mapping[str, bool]) -> tuple[str, dict[str, str]]:
    """The order of writes, and the manner of each channel.

    Parameters
    ----------
    channels : mapping of str to bool
        Whether each is a receiver, which may be late.
    """
    source = random.Random(f"{seed}")
    order = source.choice(ORDERS)
    return order, {name: source.choice(MANNERS if receives else MANNERS[:-1]) for name, receives in channels.items()}


def pauses(seed: str, manner: str, valid: Any = None, other: Any = None, ends: Sequence[Any] = ()) -> Iterator[bool]:
    """Whether a channel rests, cycle by cycle.

    Parameters
    ----------
    manner : str
        One of MANNERS.
    valid : signal or None
        VALID of the channel, where it receives.
    other : signal or None
        VALID of the channel that must have shown itself before: rests until then.
    ends : sequence of signals
        With ``other``: all are high where a transfer ends, after which it must show itself again. It may have come and
        gone before this channel has anything to offer.
    """
    source, phase, left, seen = random.Random(seed), False, 0, other is None
    while True:
        if other is not None:
            seen = bool(int(other.value)) or (seen and not all(int(each.value) for each in ends))
        if manner == "phases":
            if not left:
                phase, left = not phase, source.randrange(1, 30)
            left -= 1
            rests = phase
        else:
            rests = source.random() < _SHARE[manner] or (manner == "late" and not int(valid.value))
        yield rests or not seen
