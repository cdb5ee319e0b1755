"""Builds of rows of bench/schemes.py in Verilator: one for each form of program, on each target that accepts it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from result_lines import append_line, digest_of, read_lines
from scheme_rows import chosen, first_network
from training_rows import Row, fingerprint
from verification_table import table, yes

import sim
from hwgen.errors import HwgenError
from hwgen.flow.choose_runs import read_layout
from hwgen.flow.folder import to_json, write_files
from hwgen.flow.verify import simulate
from hwgen.network.network import Network
from hwgen.network.sample import Sample
from hwgen.targets import TARGETS
from hwgen.targets.run_folder import numbered

__all__ = ["FORMS", "simulated", "simulated_page"]

#: Labels of rows whose programs differ in more than numbers, by data set.
FORMS = {"Cora": ("a2q", "mega", "sgquant", "sgquant-hubs", "mixq", "qat-int8", "qat-int4", "dq-int4-published",
                  "dq-int4", "dq-int4-symmetric", "a2q + gpf", "a2q + lorap"),
         "PROTEINS": ("nns", "dq-int4", "mixq", "sgquant")}

HEAD = """## Builds, simulated

Made by `python bench/schemes.py --simulate`. A row for each form of program: the designs that the tables above have for
its first run are simulated in Verilator, on all graphs that their cycles are of. Compared with the integer reference:
every code of every pass, every result, the cycles of each pass and all stage counters.

"""


def simulated(row: Row, root: Path | None, work: Path, results: Path) -> Iterator[dict[str, Any]]:
    """A line for each target; what gives the same build is not simulated again."""
    task = row.task(root)
    network, sample = first_network(row, task)
    facts = {"dataset": row.data, "recipe": row.label, "settings": fingerprint(row, task.recipe)}
    known = {each["digest"]: each for each in read_lines(results)
             if facts.items() <= each.items() and each.get("exact", True)}
    for target in TARGETS:
        folder = work / f"{row.data}-{row.label}-{target}".replace(" ", "").lower()
        shutil.rmtree(folder, ignore_errors=True)
        found = facts | {"target": target} | _built(network, sample, target, folder)
        if found["digest"] not in known:
            if "refused" not in found:
                found |= _simulated(folder, work / "sim")
            append_line(results, found)
        shutil.rmtree(folder, ignore_errors=True)
        yield known.get(found["digest"], found)


def _built(network: Network, sample: Sample, target: str, folder: Path) -> dict[str, Any]:
    """A digest of what a simulation rests on; or why there is no build."""
    try:
        found = chosen(network, sample, target)
    except HwgenError as reason:
        return {"refused": reason.what, "digest": f"{target}: {reason.what}"}
    verilog, described = found.target.emit(found.design.hardware)
    write_files(folder, {"design.v": verilog, "design.json": to_json(described)})
    write_files(folder / "images", found.design.model_files())
    write_files(folder / "batches", numbered(found.packed.files))
    return {"graphs": sample.batch.graphs, "digest": digest_of(
        (str(path.relative_to(folder)), path) for path in sorted(folder.rglob("*")) if path.is_file())}


def _simulated(folder: Path, models: Path) -> dict[str, Any]:
    """What a simulation of all runs found out; ``models`` are compiled, and serve every build of the same design."""
    folders = sim.batch_folders(folder / "batches")
    done = simulate(folder, folders, sim.SimOptions(work=models))
    return {"exact": done.ok and len(done.batches) == len(folders), "runs": len(done.batches),
            "codes": sum(each.codes_compared for each in done.batches.values()), "cycles": done.cycles,
            "difference": sum(read_layout(each)["cycles"] or 0 for each in folders) - done.cycles,
            "mismatch": str(done.mismatch) if done.mismatch else None,
            "seconds": round(done.compile_s + done.simulate_s, 1)}


def simulated_page(results: Path, settings: dict[tuple[str, str], str]) -> str:
    """A table of the last simulation of each row and target; ``settings`` are those of today's rows."""
    lines = {(each["dataset"], each["recipe"], each["target"]): each for each in read_lines(results)
             if settings.get((each["dataset"], each["recipe"])) == each["settings"]}
    cells = [[data, label, target, *(["refused", *["–"] * 4] if "refused" in each else [
        f"{each['graphs']:,}", f"{each['codes']:,}", f"{each['cycles']:,}", each["difference"], yes(each["exact"])])]
        for data, labels in FORMS.items() for label in labels for target in TARGETS
        if (each := lines.get((data, label, target))) is not None]
    reasons = "".join(f"- {each['recipe']} of {each['dataset']} on {each['target']}: {each['refused']}.\n"
                      for each in lines.values() if "refused" in each)
    return HEAD + table(("data", "scheme", "target", "graphs", "codes compared", "cycles", "estimate − counter",
                         "exact"), cells) + f"\n{reasons}" if cells else ""
