"""Resources of a model's designs against a board, by Yosys: the tables in docs/area.md.

    python bench/area.py cora.pt [--groups 4] [--digits 4 2 1] [--board ultra96] [--flat 4]

For every digit size: what ``hwgen estimate --synth`` counts, that is one group, one server and the shell, synthesized
out of context, multiplied and summed. ``--flat`` also synthesizes the design of that digit size whole and flat
(minutes), to show what the sum is worth. The page is made of docs/evidence/area.jsonl, a line a digit size, which each
run writes anew; ``--page`` only makes it. The exit status is 1 when a design exceeds 85 % of the board's LUTs, BRAM36
or DSPs.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from process_tree import ProcessTree
from result_lines import EVIDENCE, read_lines, write_lines
from synthesis import synthesize
from verification_table import table

ROOT = Path(__file__).parents[1]
HWGEN = [sys.executable, "-m", "hwgen"]
TARGET, NEXT_TARGET = 0.85, 0.75
TARGETED = ("lut", "bram36", "dsp")
SHOWN = ("lut", "ff", "bram36", "dsp", "lutram")
NAMES = {"lut": "LUT", "ff": "FF", "bram36": "BRAM36", "dsp": "DSP", "lutram": "LUT as memory"}

HEAD = """# Area

Made by `python bench/area.py {command}`; the facts are in `evidence/area.jsonl`.

{model} with {groups} groups on the {board}. Cells are Yosys's (`synth_xilinx -family xcup -abc9`), not a vendor's;
look-up tables used as memory and shift registers count as LUTs by the sites they take, an 18 kbit block as half a
BRAM36. Targets are at most {target:.0%} of LUTs, BRAM36 and DSPs each, later {later:.0%}. `python bench/area_parts.py`
counts single components.
"""


def estimate(arguments: Sequence[str]) -> dict[str, Any]:
    """What ``hwgen estimate --synth`` says."""
    done = subprocess.run([*HWGEN, "estimate", *arguments, "--synth", "--json", "-q"], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def flat(arguments: Sequence[str], work: Path) -> dict[str, Any]:
    """The design synthesized whole: amounts, seconds and bytes. Known by the content of its Verilog."""
    build = work / "flat"
    subprocess.run([*HWGEN, "build", *arguments, "-o", str(build), "--no-verify", "-q"], check=True)
    verilog = build / "design_xcup.v"
    known = work / f"{hashlib.sha256(verilog.read_bytes()).hexdigest()[:24]}.json"
    if not known.is_file():
        through = (work / "flat.il").resolve()  # as hwgen.flow.yosys does, and for its reason
        read = [f"read_verilog {verilog.resolve()}", "hierarchy -top accelerator", f"write_rtlil {through}",
                "design -reset", f"read_rtlil {through}"]
        with ProcessTree() as tree:
            usage = synthesize(read, "accelerator")
        known.write_text(json.dumps({"total": asdict(usage), "wall_s": tree.wall_s, "cpu_s": tree.cpu_s,
                                     "peak_bytes": tree.peak_bytes}))
    facts: dict[str, Any] = json.loads(known.read_text())
    return facts


def components(facts: dict[str, Any]) -> str:
    """One design's table: resources down, components across."""
    parts, used = facts["resources"]["components"], facts["resources"]["utilisation"]
    heads = ["resource", *(f"{part['count']} × {part['name']}" for part in parts), "sum", "available", "share"]
    return table(heads, [[NAMES[name], *(f"{part['count']} × {part['one'][name]:,g}" for part in parts),
                          *share(used[name]["used"], used[name]["available"])] for name in SHOWN])


def share(used: float, available: int) -> list[str]:
    """Used, available, and the share of it."""
    return [f"{used:,g}", f"{available:,}", f"{used / available:.1%}"]


def whole(summed: dict[str, Any], found: dict[str, Any]) -> str:
    """The flat synthesis beside the sum."""
    rows = []
    for name in SHOWN:
        used, available = found["total"][name], summed["resources"]["utilisation"][name]["available"]
        before = summed["resources"]["total"][name]
        change = f"{used / before - 1:+.1%}" if before else "–"
        rows.append([NAMES[name], f"{before:,g}", *share(used, available), change])
    return table(["resource", "sum of components", "whole, flat", "available", "share", "whole against sum"], rows)


def measure(options: argparse.Namespace, digit: str) -> dict[str, Any]:
    """What the page says of one digit size."""
    chosen = [str(options.model), "--board", options.board, "--groups", options.groups, "--digit", digit]
    facts = estimate(chosen)
    line = {"model": options.model.name, "groups": options.groups, "digit": digit, "board": facts["board"]["title"],
            "cycles": facts["cycles"]["total"], "resources": facts["resources"]}
    return line | ({"flat": flat(chosen, options.work)} if digit == options.flat else {})


def page(lines: Sequence[dict[str, Any]]) -> tuple[str, list[str]]:
    """The Markdown page, and the targets that are missed."""
    text, missed = "", []
    for line in lines:
        digit, utilisation = line["digit"], line["resources"]["utilisation"]
        text += f"\n## Digit size {digit}\n\n{line['cycles']:,} cycles a graph.\n\n{components(line)}"
        results = [("sum", {name: entry["used"] for name, entry in utilisation.items()})]
        if found := line.get("flat"):
            text += ("\nThe whole design, synthesized flat (probes of simulation, which nothing reads, vanish; "
                     f"{found['wall_s']:.0f} s, {found['peak_bytes'] / 2**30:.1f} GiB):\n\n{whole(line, found)}")
            results.append(("flat", found["total"]))
        for how, used in results:
            for name in TARGETED:
                part = used[name] / utilisation[name]["available"]
                if part > TARGET:
                    missed.append(f"digit {digit}, {how}: {part:.1%} of {NAMES[name]}")
    first = lines[0]
    command = f"{first['model']} --groups {first['groups']} --digits {' '.join(line['digit'] for line in lines)}"
    command += "".join(f" --flat {line['digit']}" for line in lines if "flat" in line)
    text = HEAD.format(command=command, model=Path(first["model"]).stem, groups=first["groups"], board=first["board"],
                       target=TARGET, later=NEXT_TARGET) + text
    text += "\n## Targets\n\n" + ("".join(f"- missed: {each}\n" for each in missed) if missed
                                  else f"All of these designs stay within {TARGET:.0%}.\n")
    return text, missed


def main() -> int:
    """Synthesize, write the page; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", default=Path("cora.pt"))
    parser.add_argument("--board", default="ultra96")
    parser.add_argument("--groups", default="4")
    parser.add_argument("--digits", nargs="+", default=["4", "2", "1"])
    parser.add_argument("--flat", metavar="DIGIT", help="also whole, flat, for this digit size")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "area")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "area.jsonl")
    parser.add_argument("--page", action="store_true", help="only write the page")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.page:
        write_lines(options.results, [measure(options, digit) for digit in options.digits])
    text, missed = page(read_lines(options.results))
    (ROOT / "docs" / "area.md").write_text(text, encoding="utf-8")
    print(text)
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
