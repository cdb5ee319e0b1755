"""Registers and commands of a design, and what went wrong with one."""

import warnings
from dataclasses import replace

from .bench import Bench
from .result import Mismatch

__all__ = ["SLACK", "command", "owing", "prepare", "strict"]

SLACK = 10_000  # cycles that a load or store may take beyond eight a beat
_STILL = 4096  # cycles without progress that the design's watchdog takes for stuck


def strict() -> None:
    """Make warnings errors, in the simulator too."""
    warnings.simplefilter("error")
    for package in ("cocotbext", "cocotb_bus"):  # written for cocotb 1; not ours to fix
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=rf"{package}\.")


async def prepare(bench: Bench) -> None:
    """Reset; write every register that stays as it is."""
    await bench.reset()
    memory = bench.region
    for name, value in (("LOAD_BASE", memory.load_base), ("STORE_BASE", memory.store_base)):
        await bench.write(f"{name}_LOW", value & 0xFFFF_FFFF)
        await bench.write(f"{name}_HIGH", value >> 32)
    await bench.write("INTERRUPT_ENABLE", 0b11)
    await bench.write("WATCHDOG", _STILL)


async def command(bench: Bench, name: str, deadline: int) -> Mismatch | None:
    """Give a command; what went wrong with it, decoded from STATUS."""
    status = await bench.command(name, deadline)
    if status["done"] and not status["error"]:
        return None
    design = bench.design
    if status["error"]:
        error = design.errors.get(status["error"], str(status["error"]))
        detail = f"{name}: the design reports error {error}"
        if error == "WATCHDOG":
            stage = design.stages.get(status["stuck_stage"], str(status["stuck_stage"]))
            detail += f": stage {stage} stood still in pass {status['stuck_pass']}"
    else:
        detail = f"{name}: not finished after {bench.cycle} cycles"
    return Mismatch(kind="stuck", pass_name=f"({name})", node=-1, channel=-1, expected=None, got=None,
                    cycle=bench.cycle, time_ns=bench.time_ns, detail=detail)


def owing(stuck: Mismatch | None, missing: Mismatch | None) -> Mismatch | None:
    """The difference of a run that ended; one that got stuck says which row it still owes."""
    if stuck is not None and missing is not None:
        return replace(missing, kind="stuck", detail=f"{stuck.detail}; {missing.detail}")
    return missing or stuck
