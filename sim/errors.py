"""Errors of the cosimulation, in three parts: what is wrong, where, and what fixes it."""

__all__ = ["SimError", "ToolMissing"]


class SimError(Exception):
    """The cosimulation cannot go on.

    Parameters
    ----------
    what, where, fix : str
        What is wrong, the tool or file it was found in, and what to do about it.
    """

    def __init__(self, what: str, where: str, fix: str) -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(f"{what}\n  at {where}\n  {fix}")


class ToolMissing(SimError):
    """A tool that simulation needs is not installed."""
