"""Errors in three parts: what is wrong, where, and what fixes it."""

__all__ = ["CapacityError", "HwgenError", "ToolError"]


class HwgenError(Exception):
    """Something the user can fix. The command line prints the three parts and exits with 2.

    Parameters
    ----------
    what : str
        What is wrong, quoting the offending value.
    where : str
        The user's layer path, the file and key, or the tool.
    fix : str
        What the user can do about it.
    """

    def __init__(self, what: str, where: str, fix: str) -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(f"{what}\n  at {where}\n  {fix}")


class CapacityError(HwgenError):
    """A graph or a model exceeds what a design states as its capacity, or a design exceeds its board."""


class ToolError(HwgenError):
    """A tool outside hwgen is missing or failed."""
