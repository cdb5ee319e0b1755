"""The picture that opens the README: what hwgen does with Cora's GCN, what it costs and what is proved.

    hwgen train --data Cora --seeds 1 -o build/cora.pt
    hwgen build build/cora.pt --board ultra96 -o build/cora-ultra96
    python bench/picture.py build/cora-ultra96

Every figure is out of the build's report, which is kept as docs/evidence/build-cora-ultra96.json; without an argument
the picture is drawn from there.
"""

import argparse
import json
import shutil
from html import escape
from pathlib import Path
from typing import Any

from result_lines import EVIDENCE

KEPT = EVIDENCE / "build-cora-ultra96.json"
PICTURE = EVIDENCE.parent / "hwgen.svg"
WIDTH, HEIGHT, BOX, GAP = 1080, 250, 240, 40

STYLE = """
  text { font-family: system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; fill: #1f2933; }
  .box { fill: #f6f8fa; stroke: #b8c4ce; } .proof { fill: #eaf6ef; stroke: #2b7a4b; }
  .arrow { stroke: #5d6d7a; fill: none; } .tip { fill: #5d6d7a; }
  .head { font-size: 16px; font-weight: 600; } .big { font-size: 22px; font-weight: 600; }
  .note { font-size: 13px; fill: #5d6d7a; } .proof-text { fill: #2b7a4b; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e9ed; } .box { fill: #232c34; stroke: #4a5863; } .proof { fill: #1d2f26; stroke: #6fcf97; }
    .arrow { stroke: #9fb0bd; } .tip { fill: #9fb0bd; } .note { fill: #9fb0bd; } .proof-text { fill: #6fcf97; }
  }
"""


def boxes(report: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """Heading, large figure and notes of each box."""
    scores = {each["model"]: each["score"] for each in report["figures"][0]["models"]}
    run, speed, cycles = report["verification"], report["performance"], report["cycles"]
    used = report["resources"]["utilisation"]
    if not run["bit_exact"] or run["cycles"] != run["estimated_cycles"]:
        raise SystemExit("the build is not exact")
    times = {width: cycles["by_bits"][f"uniform {width} bit"] / cycles["total"] for width in (4, 8)}
    bits = report["model"]["average_bits"]["rows"]
    return [
        ("A trained GNN", f"{scores['hardware']['accuracy']:.1%}",
         ["accuracy on Cora in hardware", f"(FP32 {scores['fp32']['accuracy']:.1%}); A²Q learned",
          f"{bits:.2f} bits a row, node by node"]),
        ("An integer program", f"{cycles['total']:,} cycles",
         [f"a graph of {report['figures'][0]['rows']:,} nodes, exact;", f"{times[4]:.2f} times as many with 4",
          f"bits everywhere, {times[8]:.2f} with 8"]),
        ("RTL for the board", f"{used['lut']['share']:.0%} of the LUTs",
         [f"of an Ultra96, {used['dsp']['share']:.0%} of the DSPs",
          f"(Yosys); {speed['latency_us']:.1f} µs at an assumed", f"{speed['clock_mhz']:.0f} MHz, open tools only"]),
        ("Proved equal", f"{run['codes_compared']:,} codes",
         ["of the simulated RTL equal the", "program's: every node, channel", "and pass; so do all cycles"]),
    ]


def drawn(report: dict[str, Any]) -> str:
    """SVG."""
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
           f'aria-label="From a trained graph neural network to proved hardware"><style>{STYLE}</style>')
    parts = [svg]
    found = boxes(report)
    for place, (head, big, notes) in enumerate(found):
        left, last = place * (BOX + GAP), place == len(found) - 1
        inside = left + 18
        kind, text = ("proof", "big proof-text") if last else ("box", "big")
        parts.append(f'<rect class="{kind}" x="{left + 1}" y="1" width="{BOX - 2}" height="168" rx="10"/>')
        parts.append(f'<text class="head" x="{inside}" y="34">{escape(head)}</text>')
        parts.append(f'<text class="{text}" x="{inside}" y="72">{escape(big)}</text>')
        parts += [f'<text class="note" x="{inside}" y="{102 + 20 * line}">{escape(note)}</text>'
                  for line, note in enumerate(notes)]
        if not last:
            x = left + BOX
            parts.append(f'<path class="arrow" d="M{x + 6} 85 H{x + GAP - 10}" stroke-width="2"/>')
            parts.append(f'<path class="tip" d="M{x + GAP - 12} 79 l10 6 l-10 6 z"/>')
    origin = f"every figure is of this one build, by hwgen {report['hwgen']}: docs/evidence/{KEPT.name}"
    for y, kind, line in ((208, "head", "hwgen train --data Cora -o cora.pt; hwgen build cora.pt --board ultra96"),
                          (234, "note", origin)):
        parts.append(f'<text class="{kind}" x="18" y="{y}">{escape(line)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def main() -> None:
    """Keep the report, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, nargs="?", help="build folder of Cora")
    build = parser.parse_args().build
    if build is not None:
        shutil.copyfile(build / "report" / "report.json", KEPT)
    PICTURE.write_text(drawn(json.loads(KEPT.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
