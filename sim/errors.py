"""Errors of the cosimulation, in three parts: what is wrong, where, and what mends it."""

__all__ = ["SimError", "ToolMissing"]


class SimError(Exception):
    """The cosimulation cannot go on.

    Parameters
    ----------
    what, where, mend : str
        What is wrong, the tool or file it was found in, and what to do about it.
    """

    def __init__(self, what: str, where: str, mend: str) -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(f"{what}\n  at {where}\n  {mend}")


class ToolMissing(SimError):
    """A tool that simulation needs is not installed."""
