"""``hwgen verify`` and ``hwgen pack`` of designs that take batches of graphs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console import Console
from .tables import agreement_rows

if TYPE_CHECKING:
    import sim

    from ..network.sample import Sample

__all__ = ["check_lists", "pack_file"]

#: Windows that are named one by one.
SHOWN = 16


def check_lists(console: Console, build: Path, *, stalls: int | None = None, trace: str | None = None,
                 graph: Path | None = None, part: bool | None = None,
                 batch_size: int | None = None) -> tuple[dict[str, Any], bool]:
    """Simulate batches and print; returns the build's facts with the outcome, and whether everything was equal.

    The outcome is kept in the build's report if it is about the batches of the build. ``part`` None: decide by size.
    """
    import sim

    from .. import checking
    from ..network.sample import single
    from ..targets.lists import checking as lists_checking
    from ..targets.lists import pipeline as lists_pipeline
    from ..targets.lists.config import load_design, read_sample
    from ..targets.lists.design import WindowDesign
    from ..targets.lists.windows.packing import representative, whole_results

    plan, what, stored = load_design(build), "the sample", False
    if graph is not None:
        folders, sample = pack_file(console, build, graph, graph.stem, batch_size)
        what = graph.name
    else:
        sample = read_sample(build)
        if batch_size is not None:
            folders = lists_pipeline.pack(build, single(sample.batch), f"batches-of-{batch_size}", size=batch_size,
                                           sample=sample, step=console.step)
        elif isinstance(plan, WindowDesign) and part is False:
            folders = lists_pipeline.pack_sample(build, step=console.step)
        else:
            folders, stored = sim.batch_folders(build / "batches"), True
    if part is not None:
        chosen = folders[:1] if part else folders
    elif isinstance(plan, WindowDesign):
        chosen = [folders[place] for place in representative(list(lists_checking.layouts(folders).values()))]
    else:
        chosen = lists_checking.quick(folders)
    result = lists_pipeline.verify(build, batches=chosen, stalls=stalls, trace=trace, step=console.step,
                                    bar=console.bar)
    if isinstance(plan, WindowDesign):
        count = int(checking.read_facts(build)["cycles"]["windows"]["count"]) if stored else len(folders)
        facts = lists_checking.window_outcome(build, chosen, result, sample, what, whole_results(plan, sample.batch),
                                              plan.program.scale.tolist(), count)
    else:
        facts = lists_checking.outcome(build, chosen, result, sample, what)
    if graph is None and batch_size is None:
        checking.record(build, facts)
    _show(console, facts, result, stalls)
    return facts, bool(facts["verification"]["bit_exact"])


def pack_file(console: Console, build: Path, graph: Path, name: str,
              size: int | None = None) -> "tuple[list[Path], Sample]":
    """Pack a user's graphs; returns the folders of their batches, and what is known of them."""
    from ..network.sample import single
    from ..network.sample_store import load_sample
    from ..network.store import load_network
    from ..targets.lists.config import MODEL
    from ..targets.lists.pipeline import pack

    sample = load_sample(graph, load_network(build / MODEL).input_bits)
    return pack(build, single(sample.batch), name, size=size, sample=sample, step=console.step), sample


def _show(console: Console, facts: dict[str, Any], result: "sim.Result", stalls: int | None) -> None:
    run, agreed = facts["verification"], facts["agreement"]
    differing = [batch for batch in run["batches"] if batch["difference"]]
    one, more, rows = ("window", "windows", "rows") if "windows" in run else ("batch", "batches", "buffer words")
    what = [("graphs", run["graph"])]
    if "windows" in run:
        what = [("windows", run["graph"]), ("windows compared", _numbers(run["windows"]["compared"]))]
    console.table("Verification", ("what", "result"), [
        ("bit-exact", "[green]yes[/green]" if run["bit_exact"] else "[red]no[/red]"),
        *what,
        (f"{rows} / codes compared", f"{run['rows_compared']:,} / {run['codes_compared']:,}"),
        ("cycles, by the RTL's counter", f"{run['cycles']:,}"),
        ("cycle estimate minus RTL counter", f"+0 in every {one}" if not differing else
         f"{sum(batch['difference'] for batch in differing):+,} in {len(differing)} {more}"),
        ("load / store cycles", f"{run['load_cycles']:,} / {run['store_cycles']:,}"),
        ("back-pressure", "none" if stalls is None else f"random, seed {stalls}"),
        ("compile / simulate", f"{result.compile_s:.1f} s / {result.simulate_s:.1f} s"),
        ("peak memory", f"{result.peak_bytes / 2**20:,.0f} MiB"),
        *agreement_rows(agreed),
        *([("agreement is", agreed["results"])] if agreed and "results" in agreed else []),
    ])
    for batch in differing:
        console.error(f"{one} {batch['name']}: {batch['estimated_cycles']:,} cycles expected, "
                      f"{batch['cycles']:,} counted")
    if result.mismatch is not None:
        console.error(f"first difference: {result}")
    if result.trace:
        console.say(f"trace: {result.trace}")


def _numbers(numbers: list[int]) -> str:
    """Some numbers, and how many more there are."""
    shown = ", ".join(map(str, numbers[:SHOWN]))
    return shown if len(numbers) <= SHOWN else f"{shown} and {len(numbers) - SHOWN:,} more"
