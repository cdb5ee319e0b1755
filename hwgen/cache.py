"""The folder of what can be computed or downloaded again: resource counts and data sets."""

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """``$HWGEN_CACHE``, or ``hwgen`` in the user's cache folder."""
    own = os.environ.get("HWGEN_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hwgen"
