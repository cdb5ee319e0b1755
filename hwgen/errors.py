"""Errors in three parts: what is wrong, where, and what fixes it."""

__all__ = ["CapacityError", "HwgenError", "ToolError"]

#: Characters of a part of an error.
MOST = 2000


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
        self.what, self.where, self.fix = map(_short, (what, where, fix))
        super().__init__(f"{self.what}\n  at {self.where}\n  {self.fix}")


class CapacityError(HwgenError):
    """A graph or a model exceeds what a design states as its capacity, or a design exceeds its board."""


class ToolError(HwgenError):
    """A tool outside hwgen is missing or failed."""


def _short(text: str) -> str:
    """A part of an error as people read it: what a file holds may have no end."""
    return text if len(text) <= MOST else f"{text[:MOST]} ... ({len(text):,} characters)"
