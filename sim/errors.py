"""Errors of the cosimulation, in three parts: what is wrong, where, and what fixes it."""

from hwgen.errors import ToolError

__all__ = ["SimError", "ToolMissing"]


class SimError(ToolError):
    """The cosimulation cannot go on."""


class ToolMissing(SimError):
    """A tool that simulation needs is not installed."""
