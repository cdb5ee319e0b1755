"""Builds of rows of bench/schemes.py in Verilator: one for each form of program, on each target that accepts it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from result_lines import append_line, digest_of, read_lines
from scheme_rows import BOARD, first_network
from training_rows import Row, fingerprint
from verification_table import table, yes

import boards
from hwgen.errors import HwgenError
from hwgen.flow.build import build
from hwgen.flow.choose_runs import choose_runs
from hwgen.flow.verify import outcome, simulate
from hwgen.flow.wishes import Wishes
from hwgen.network.network import Network
from hwgen.network.sample import Sample
from hwgen.targets import TARGETS

__all__ = ["FORMS", "simulated", "simulated_page"]

#: Labels of rows whose programs differ in more than numbers, by data set.
FORMS = {"Cora": ("a2q", "mega", "sgquant", "sgquant-hubs", "mixq", "qat-int8", "qat-int4", "dq-int4",
                  "dq-int4-symmetric", "a2q + gpf", "a2q + lorap"),
         "PROTEINS": ("nns", "dq-int4", "mixq", "sgquant")}

HEAD = f"""## Builds, simulated

Made by `python bench/schemes.py --simulate`. The first run's network of one row for each form of program is built for
{BOARD} by the flow, with either target, and simulated in Verilator on all that the row's cycles are of. Compared with
the integer reference: every code of every pass, every result, the cycles of each pass and all stage counters.

"""


def simulated(row: Row, root: Path | None, work: Path, results: Path) -> Iterator[dict[str, Any]]:
    """A line for each target; what gives the same build is not simulated again."""
    task = row.task(root)
    network, sample = first_network(task)
    known = {each["digest"]: each for each in read_lines(results) if each.get("exact", True)}
    facts = {"dataset": row.data, "recipe": row.label, "settings": fingerprint(row, task.recipe)}
    for target in TARGETS:
        folder = work / f"{row.data}-{row.label}-{target}".replace(" ", "").lower()
        found = facts | {"target": target} | _built(network, sample, target, folder)
        if found["digest"] not in known:
            if "refused" not in found:
                found |= _simulated(folder)
            append_line(results, found)
        shutil.rmtree(folder, ignore_errors=True)
        yield known.get(found["digest"], found)


def _built(network: Network, sample: Sample, target: str, folder: Path) -> dict[str, Any]:
    """A digest of what a simulation rests on; or why there is no build."""
    try:
        build(network, sample, boards.load(BOARD), folder, Wishes(target=target))
    except HwgenError as reason:
        return {"refused": reason.what, "digest": f"{network.name} {target} {reason.what}"}
    files = (path for part in ("images", "batches") for path in sorted((folder / part).rglob("*")) if path.is_file())
    return {"digest": digest_of((str(path.relative_to(folder)), path)
                                for path in (folder / "design.v", folder / "design.json", *files))}


def _simulated(folder: Path) -> dict[str, Any]:
    """What a simulation of all runs found out."""
    chosen = choose_runs(folder, part=False)
    done = simulate(folder, chosen.folders)
    found = outcome(folder, chosen, done).verification
    assert found is not None
    return {"exact": found.bit_exact and len(found.runs) == chosen.of, "graphs": found.graphs,
            "codes": found.codes_compared, "rows": found.rows_compared, "cycles": found.cycles,
            "difference": found.estimated_cycles - found.cycles, "mismatch": found.mismatch,
            "seconds": round(done.compile_s + done.simulate_s, 1)}


def simulated_page(results: Path, settings: dict[tuple[str, str], str]) -> str:
    """A table of the last simulation of each row and target; ``settings`` are those of today's rows."""
    lines = {(each["dataset"], each["recipe"], each["target"]): each for each in read_lines(results)
             if settings.get((each["dataset"], each["recipe"])) == each["settings"]}
    cells = [[data, label, target, *(["refused", *["–"] * 4] if "refused" in each else [
        f"{each['graphs']:,}", f"{each['codes']:,}", f"{each['cycles']:,}", each["difference"], yes(each["exact"])])]
        for data, labels in FORMS.items() for label in labels for target in TARGETS
        if (each := lines.get((data, label, target))) is not None]
    return HEAD + table(("data", "scheme", "target", "graphs", "codes compared", "cycles", "estimate − counter",
                         "exact"), cells) if cells else ""
