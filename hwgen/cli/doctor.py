"""``hwgen doctor``: whether this machine can build and simulate."""

import importlib.util
import sys
import warnings
from dataclasses import asdict, dataclass

import click

from ..cache import CacheWarning, cache_folder, wanted_folder
from .console import Console, common
from .unforeseen import version_of

__all__ = ["Check", "doctor", "examine"]

APT = "sudo apt-get install -y"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One tool: whether it is there, its version, what installs it."""

    tool: str
    found: bool
    version: str
    needed_for: str
    fix: str


def examine() -> list[Check]:
    """Look for every tool that building and verifying needs."""
    import sim

    checks = [Check(tool="python", found=sys.version_info >= (3, 11), version=sys.version.split()[0],
                    needed_for="everything", fix=f"{APT} python3.11 python3.11-venv")]
    for found in sim.check():
        if isinstance(found, sim.ToolMissing):
            checks.append(Check(tool=found.where, found=False, version=found.what, needed_for="simulating",
                                fix=found.fix))
        else:
            checks.append(Check(tool=found.name, found=True, version=found.version, needed_for="simulating", fix=""))
    for module, purpose in (("pyosys", "Verilog, resources"), ("amaranth", "RTL"), ("cocotb", "simulating"),
                            ("torch", "training"), ("torch_geometric", "training")):
        there = importlib.util.find_spec(module) is not None
        checks.append(Check(tool=module, found=there, version=version_of(module, "?") if there else "",
                            needed_for=purpose, fix=f"{sys.executable} -m pip install {module}"))
    return [*checks, _cache()]


def _cache() -> Check:
    """Where what can be computed again is kept; it is missed by nobody, work is slower without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CacheWarning)
        used, wanted = cache_folder(), wanted_folder()
    lost = "" if used == wanted else f" instead of {wanted or 'a folder of the user, who has no home'}: "
    return Check(tool="cache", found=True, version=f"{used}{lost and lost + 'HWGEN_CACHE names another folder'}",
                 needed_for="speed", fix="")


@click.command()
@common
def doctor(console: Console) -> None:
    """Check the tools that building and simulating need, and say how to install what is missing.

    Exits 2 if something is missing.
    """
    checks = examine()
    rows = [("yes" if check.found else "missing", check.tool, check.version, check.needed_for)
            for check in checks]
    console.table("Tools", ("found", "tool", "version", "needed for"), rows)
    missing = [check for check in checks if not check.found]
    for check in missing:
        console.say(f"{check.tool}: install it with  {check.fix}")
    console.result({"ok": not missing, "tools": [asdict(check) for check in checks]})
    if missing:
        raise SystemExit(2)
