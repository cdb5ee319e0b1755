"""Compile a stream build's design, run batches in one simulator, and read what was found."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import SimError
from ..folder import Design
from ..run import simulate
from ..toolchain import libpython
from ..verilate import compile_model
from .folder import BatchFolder, ModelImage
from .result import ListsResult

__all__ = ["run"]

_SLACK = 20_000  # cycles beyond twice the estimate before a run counts as stuck
_UNKNOWN = 5_000_000  # deadline where there is no estimate; the watchdog is much faster


def run(build_dir: Path | str, batches: Sequence[Path | str], *, stalls: int | None = None, trace: str | None = None,
        work: Path | str | None = None, deadline: int | None = None, quiet: bool = False,
        progress: Callable[[str], None] | None = None) -> ListsResult:
    """Cosimulate batches on one build over its AXI ports: every buffer word, every result, every cycle count.

    Parameters
    ----------
    build_dir : path
        Folder with ``design.v``, ``design.json`` and ``images/``.
    batches : sequence of paths
        Folders of batches, run one after the other without loading the model again.
    stalls : int or None
        Seed of random pauses on every AXI channel; None lets memory answer at full rate.
    trace : "vcd", "fst" or None
        Write a trace to ``sim/trace.<format>`` in the build folder.
    work : path or None
        Folder for compiled designs; None: hwgen's cache. A design is compiled once.
    deadline : int or None
        Cycles after which a run counts as stuck; None: well beyond each batch's estimate.
    quiet : bool
        Do not pass the simulator's own messages on when it fails.
    progress : callable or None
        Told what goes on.

    Raises
    ------
    ToolMissing
        If Verilator, the C++ compiler or the shared Python library is missing.
    SimError
        If a folder is not what it should be, or the simulator fails.
    """
    build = Path(build_dir).resolve()
    library = libpython()
    design = Design.load(build)
    if design.organisation != "stream":
        raise SimError("the design does not stream graphs", str(build / "design.json"), "use sim.run for this build")
    image = ModelImage.load_from(build)
    entries, names = [], set()
    for folder in (Path(path).resolve() for path in batches):
        batch = BatchFolder.load_from(folder, design, image)
        if batch.name in names:
            raise SimError(f"two batches are called {batch.name}", str(folder), "rename one of the folders")
        names.add(batch.name)
        limit = _UNKNOWN if batch.cycles is None else 2 * batch.cycles + _SLACK
        entries.append({"name": batch.name, "folder": str(folder), "deadline": deadline or limit})
    model = compile_model(design, None if work is None else Path(work), trace=trace, progress=progress)
    if progress:
        progress("simulating")
    job = {"build": str(build), "batches": entries, "stalls": stalls}
    done = simulate(model, job, build / "sim", test="sim.lists.cosim", trace=trace, quiet=quiet, library=library)
    return ListsResult.from_facts(done.facts, compile_s=model.compile_s, simulate_s=done.seconds,
                                   peak_bytes=done.peak_bytes, trace=done.trace)
