"""`hwgen build` of the demo's model for every board of `hwgen boards`: docs/boards.md.

    hwgen train --data digits -o build/digits.pt
    python bench/all_boards.py [--model build/digits.pt] [--boards ultra96 ulx3s-85f] [--work build/boards] [--page]

Each build is a process of its own, chosen and counted as for any user, and simulated. Its result is a line of
docs/evidence/boards.jsonl under a digest of model, board, family and templates: what is there is not built again, and a
run that is stopped goes on where it was. Where a board refuses the model, the refusal is kept, and the smaller models
of SMALLER are tried until one fits. ``--page`` writes the page from the lines alone. Exits 1 where a design differs.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from result_lines import EVIDENCE, append_line, digest_of, read_lines
from torch_geometric.data import Data
from verification_table import table

import boards
from hwgen.flow.families import family_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

HEAD = """# One model on every board

Made by `python bench/all_boards.py`; a line a board in `docs/evidence/boards.jsonl`.

`hwgen build digits.pt --board B`: the model of `hwgen demo` (a GCN of two layers on scikit-learn's digits, 1,797 nodes,
12,620 edges), everything chosen by hwgen for the board. *Clock* is what the board's file assumes; nothing was placed
and routed. Cycles are exact and were counted in simulation; µs is the pass over the whole graph with images on the
chip. Resources are Yosys's, by the command in the last column, in units of the family: look-up tables have six inputs
on UltraScale+ and the 7 series, four on ECP5 and Gowin; a GateMate's are halves of a CPE. *BRAM* counts pairs of
18 kbit blocks (GateMate: of 20 kbit). A multiplier has 27 × 18 bits on UltraScale+ and Gowin, 25 × 18 on the
7 series, 18 × 18 on ECP5. *Bit-exact* compares every code of every pass that was simulated with the integer program.
On a GateMate, the smallest, the graph runs by windows.

"""

#: Of graphs that are drawn for boards that the model exceeds: nodes, features, channels, classes.
SMALLER = ((256, 32, 8, 4), (64, 16, 8, 4))


def small_model(size: tuple[int, int, int, int], path: Path) -> None:
    """A GCN of two layers on a drawn graph, quantized, not trained: its size is what is shown."""
    import hwgen

    nodes, features, channels, classes = size
    generator = torch.Generator().manual_seed(1)
    edges = torch.randint(nodes, (2, 4 * nodes), generator=generator)
    graph = Data(x=(torch.rand(nodes, features, generator=generator) < 0.1).float(),
                 edge_index=torch.cat([edges, edges.flip(0)], dim=1).unique(dim=1),
                 y=torch.randint(classes, (nodes,), generator=generator))
    torch.manual_seed(1)
    model = hwgen.quantize(_gcn(features, channels, classes), data=graph)
    hwgen.save(model, graph, path)


def _gcn(features: int, channels: int, classes: int) -> torch.nn.Module:
    from torch_geometric.nn import GCN

    return GCN(features, channels, num_layers=2, out_channels=classes)


def build(model: Path, name: str, out: Path) -> dict[str, Any]:
    """Facts of a build, or why there is none."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-P", "-m", "hwgen", "build", str(model), "--board", name, "-o", str(out)],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = round(time.perf_counter() - began)
    if done.returncode not in (0, 1):
        text = done.stderr.strip().splitlines()
        return {"exact": None, "refusal": "\n".join(text[-3:]), "seconds": seconds}
    report = json.loads((out / "report" / "report.json").read_text(encoding="utf-8"))
    hardware, speed = report["hardware"], report["performance"]
    return {"exact": done.returncode == 0, "target": report["target"], "options": report["options"],
            "table_words": hardware["table_words"], "cycles": report["cycles"]["total"], "us": speed["latency_us"],
            "clock": speed["clock_mhz"], "used": report["resources"]["total"],
            "share": {key: each["share"] for key, each in report["resources"]["utilisation"].items()},
            "method": report["resources"]["method"].partition(",")[0], "seconds": seconds}


def row(line: dict[str, Any]) -> list[str]:
    """A line of the table."""
    board = boards.load(line["board"])
    head = [board.name, family_of(board).title, line["model"]]
    if line["exact"] is None:
        return [*head, "refused (below)", *[""] * 9]
    options = " ".join(f"{name} {value}" for name, value in line["options"].items())
    cells = [f"{line['used'][key]:,g} ({line['share'][key]:.0%})" if key in line["share"] else "-"
             for key in ("lut", "ff", "bram36", "dsp")]
    return [*head, f"{line['target']}: {options}", f"{line['cycles']:,}", f"{line['us']:.2f}",
            f"{line['clock']:g} MHz", *cells, line["method"], "yes" if line["exact"] else "**no**"]


def write_page(lines: list[dict[str, Any]]) -> None:
    """docs/boards.md."""
    columns = ["board", "family", "model", "design", "cycles", "µs", "clock", "LUT", "FF", "BRAM", "DSP", "counted by",
               "bit-exact"]
    last = {(line["board"], line["model"]): line for line in lines}
    text = HEAD + table(columns, [row(line) for _, line in sorted(last.items())])
    if missing := sorted(set(boards.names()) - {line["board"] for line in lines}):
        text += f"\nNot run yet: {', '.join(missing)}.\n"
    if refusals := [line for line in last.values() if line["exact"] is None]:
        text += "\n## Refusals\n\n" + "\n".join(
            f"`{line['board']}`, {line['model']}:\n\n    " + line["refusal"].replace("\n", "\n    ") + "\n"
            for line in refusals)
    (DOCS / "boards.md").write_text(text, encoding="utf-8")


def main() -> int:
    """Build what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ROOT / "build" / "digits.pt")
    parser.add_argument("--boards", nargs="+", default=boards.names(), choices=boards.names())
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "boards")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "boards.jsonl")
    parser.add_argument("--page", action="store_true", help="build nothing")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    templates = sorted((ROOT / "rtl_templates").rglob("*.py"))
    for name in () if options.page else options.boards:
        own = [ROOT / "boards" / f"{name}.toml", ROOT / "hwgen" / "flow" / "families.py", *templates]
        for size in (None, *SMALLER):
            path = options.model
            title = "digits" if size is None else "GCN, {} nodes, {} features, {} channels, {} classes".format(*size)
            if size is not None:
                path = options.work / f"gcn-{'-'.join(map(str, size))}.pt"
                if not path.exists():
                    small_model(size, path)
            digest = digest_of((each.name, each) for each in (options.model, *own))
            found = next((line for line in read_lines(options.results) if line["digest"] == digest
                          and line["board"] == name and line["model"] == title), None)
            if found is None:
                found = {"board": name, "model": title, "digest": digest,
                         **build(path, name, options.work / f"{path.stem}-{name}")}
                append_line(options.results, found)
                print(name, title, found["exact"], found["seconds"], flush=True)
            if found["exact"] is not None:
                break
    lines = read_lines(options.results)
    write_page(lines)
    return int(any(line["exact"] is False for line in lines))


if __name__ == "__main__":
    raise SystemExit(main())
