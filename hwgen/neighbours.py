"""The packages beside hwgen that it is made of; a user may have one of the same name."""

import importlib.util
import sys
from pathlib import Path

from .errors import HwgenError

__all__ = ["NEIGHBOURS", "ROOT", "check_neighbours"]

NEIGHBOURS = ("boards", "rtl_templates", "sim")
#: The folder that they and hwgen lie in.
ROOT = Path(__file__).resolve().parents[1]


def check_neighbours() -> None:
    """Whether Python finds ours.

    Raises
    ------
    HwgenError
        Another file or folder of such a name comes first.
    """
    for name in NEIGHBOURS:
        there = sys.modules.get(name)
        try:
            spec = importlib.util.find_spec(name) if there is None else there.__spec__
        except ValueError:  # a module without a spec
            spec = None
        found = getattr(there, "__file__", None) or (spec.origin if spec is not None else None)
        ours = ROOT / name / "__init__.py"
        if found is None or Path(found).resolve() != ours:
            raise HwgenError(f"import {name} finds {found or 'nothing'}, not hwgen's own {ours}", f"module {name}",
                             "rename yours, or start Python elsewhere than beside it; the command hwgen runs anywhere")
