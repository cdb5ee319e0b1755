"""The text of docs/verification.md, out of the lines that bench/verification.py found."""

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["document", "percent", "processor", "processors", "table", "yes"]

HEAD = """# Verification

Made by `python bench/verification.py --models DIR`; every line's facts are in `evidence/verification.jsonl`.

Each design is built for the {board} by `hwgen build` and simulated in Verilator over its AXI ports. *Exact* means that
every row of every pass arrived once and every code equals the integer reference's, and so do the results as they lie
in memory. *Cycles* are the RTL's own counter; *difference* is the estimate minus it; *counters* says whether the cycles
of each pass and every stage counter (groups: run, stalled, idle; servers: run, waiting, idle) equal the estimate's.
*Agreement* is the share of nodes to which PyTorch's model gives the same class; *accuracy* is the hardware's, on test
nodes (of another graph: on those it kept; PyTorch is not asked there). A compile time of – is a simulation that was
compiled for a line above. Random back-pressure pauses every AXI channel; it must not change a run's cycles, since
memory is read before and written after.
"""

OTHERS = """
## Other graphs on the same RTL

Packed by `hwgen pack`. Contents and time stamps of the RTL's files are those of the build; nothing is compiled again.

"""
TIMED = """
## Time and memory of `hwgen verify`

The whole process tree, Verilator's compilation included; memory is summed over processes. Limits: 180 s, 3 GB.
Measured on {processor}.

"""
DOCS = Path(__file__).resolve().parents[1] / "docs"
REFUSED = """
## Designs that the board does not hold

`hwgen build` refuses them and says why.

"""

#: What other benches tried: page -> command, and how its figures stand there.
CAMPAIGNS = {
    "random_models.md": ("bench/random_models.py", r"\*\*(\d+ of \d+ models on \d+ designs are equal)\*\*"),
    "bus_faults.md": ("bench/bus_faults.py --faults 1400 --seed 1", r"^([\d,]+ faults)\.$"),
    "soak.md": ("bench/soak.py --graphs 100000 --seed 1", r"^([\d,]+ graphs) of"),
    "hostile_files.md": ("bench/hostile.py --seed 2", r"^\| all \| ([\d,]+) \|"),
    "quantize_then_build.md": ("bench/quantize_then_build.py --build", r"\*\*(\d+ of \d+ models lower)\.\*\*"),
    "mutations.md": ("bench/mutations.py", r"(\d+ of \d+) faults are caught"),
}
CAMPAIGN = """
## Campaigns

Each has a page of its own, with what counts as a fault.

"""

DESIGN = ("model", "groups", "digit", "options")


def document(lines: Sequence[dict[str, Any]]) -> str:
    """The whole page."""
    runs = [line for line in lines if "codes" in line]
    whole, others = ([line for line in runs if (line["graph"] == "whole") == same] for same in (True, False))
    timed = [line for line in lines if "wall_s" in line]
    refused = [line for line in lines if "refused" in line]
    result = ("back-pressure", "exact", "codes", "cycles", "difference", "counters", "compile s", "simulate s",
              "agreement", "accuracy")
    text = HEAD.format(board="Ultra96") + "\n## Whole graphs\n\n"
    text += table((*DESIGN, *result), [[*design(line), *outcome(line)] for line in whole])
    text += f"\n{summary(runs)}\n" + OTHERS
    text += table((*DESIGN, "graph", *result, "RTL untouched"),
                  [[*design(line), line["graph"], *outcome(line), yes(line["rtl_untouched"])] for line in others])
    text += TIMED.format(processor=processors(timed))
    text += table((*DESIGN, "exact", "wall s", "processor s", "peak MiB"),
                  [[*design(line), yes(line["exact"]), line["wall_s"], line["cpu_s"], line["peak_mib"]]
                   for line in timed])
    if refused:
        text += REFUSED + table((*DESIGN, "refused because"), [[*design(line), line["refused"]] for line in refused])
    return text + campaigns(DOCS)


def campaigns(docs: Path) -> str:
    """A table of the other benches: what their pages say."""
    rows = []
    for name, (command, pattern) in CAMPAIGNS.items():
        found = re.findall(pattern, (docs / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
        title = name.removesuffix(".md").replace("_", " ")
        rows.append((f"[{title}]({name})", f"`python {command}`", "; ".join(found)))
    return CAMPAIGN + table(("campaign", "command", "figures"), rows)


def design(line: dict[str, Any]) -> list[object]:
    """Columns that name a design."""
    return [line["model"], line["groups"], line["digit"], f"`{line['options']}`" if line["options"] else ""]


def outcome(line: dict[str, Any]) -> list[object]:
    """Columns from back-pressure to accuracy."""
    return ["none" if line["stalls"] is None else "random", yes(line["exact"]), f"{line['codes']:,}",
            f"{line['cycles']:,}", line["estimate_minus_counter"],
            "equal" if line["counters_equal"] and line["passes_equal"] else "DIFFER",
            line["compile_s"] or "–", line["simulate_s"], percent(line["agreement"]), percent(line["accuracy"])]


def summary(runs: Sequence[dict[str, Any]]) -> str:
    """One sentence over all simulations."""
    exact, codes = sum(line["exact"] for line in runs), sum(line["codes"] for line in runs)
    wrong = sum(bool(line["estimate_minus_counter"]) for line in runs)
    return (f"{exact} of {len(runs)} simulations of this page are exact; {codes:,} codes compared; cycles differ from "
            f"the estimate in {wrong}.")


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def yes(value: bool) -> str:
    """For people."""
    return "yes" if value else "NO"


def percent(value: float | None) -> str:
    """Of a share; a dash where there is none."""
    return "–" if value is None else f"{100 * value:.2f} %"


def processor() -> str:
    """What the times were measured on."""
    cpu = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")]
    return f"{os.cpu_count()} cores of {names[0] if names else platform.machine()}, shared with other work"


def processors(lines: Sequence[dict[str, Any]]) -> str:
    """What the times of lines were measured on."""
    return "; ".join(dict.fromkeys(line["processor"] for line in lines))
