"""Errors in three parts: what is wrong, where, and what mends it."""

__all__ = ["CapacityError", "HwgenError", "ToolError"]


class HwgenError(Exception):
    """Something the user can mend. The command line prints the three parts and exits with 2.

    Parameters
    ----------
    what : str
        What is wrong, quoting the offending value.
    where : str
        The user's layer path, the file and key, or the tool.
    mend : str
        What the user can do about it.
    """

    def __init__(self, what: str, where: str, mend: str) -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(f"{what}\n  at {where}\n  {mend}")


class CapacityError(HwgenError):
    """A graph or a model exceeds what a design states as its capacity, or a design exceeds its board."""


class ToolError(HwgenError):
    """A tool outside hwgen is missing or failed."""
