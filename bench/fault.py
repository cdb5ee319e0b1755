"""What a deliberate fault is."""

from typing import NamedTuple

__all__ = ["Fault"]


class Fault(NamedTuple):
    """One wrong line.

    Parameters
    ----------
    name : str
    file, old, new : str
        Text that occurs once in the file, and what replaces it.
    why : str
        What then goes wrong.
    test : str
        Id of tests that pass without the fault; one of them fails with it.
    """

    name: str
    file: str
    old: str
    new: str
    why: str
    test: str
