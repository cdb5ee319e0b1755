"""Fronts of ten models on three boards, beside the default and random search: docs/explore.md.

    python bench/explore.py [--models build/explore] [--boards ultra96 ...] [--trials 300] [--page]
    python bench/explore.py --train                 makes what is missing in the folder of models, briefly trained

For each model and board one study by evolution and one by random search, both of as many designs; the evolution's
fastest design and its least product get exact cycles. A pair is a line of docs/evidence/explore.jsonl under a digest of
the checkpoint, the board and the code that ranks designs: what is there is not explored again, and a run that is
stopped goes on where it was, in the middle of a study too. ``--page`` writes the page from the lines alone.
"""

import argparse
import math
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from explore_confirm import RESULTS, confirmed
from result_lines import EVIDENCE, append_line, digest_of, read_lines
from verification_table import table

import boards
from hwgen.errors import HwgenError
from hwgen.explore.confirm import run_sample
from hwgen.explore.front import front_of
from hwgen.explore.measure import exact_cycles
from hwgen.explore.propose import SAMPLERS
from hwgen.explore.run import Searched, search_designs
from hwgen.flow.search import search
from hwgen.flow.wishes import Wishes
from hwgen.frontend.checkpoint import load
from hwgen.network.sample import Sample
from hwgen.progress import SILENT
from hwgen.studies.study import Done

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

#: Name, title, and how it is trained: shortly, since only sizes and bit widths are explored.
MODELS = {
    "digits": ("GCN, digits", "--data digits --epochs 60"),
    "cora": ("GCN, Cora", "--data Cora --epochs 100"),
    "citeseer": ("GCN, CiteSeer", "--data CiteSeer --epochs 100"),
    "breast": ("GCN, breast_cancer", "--data breast_cancer --epochs 40"),
    "sage": ("a user's SAGE, digits", "--model 'examples/sage_residual.py:Net(64, 10)' --data digits --epochs 40"),
    "sage-cora": ("SAGE, Cora", "--model sage --data Cora --epochs 20"),
    "mutag": ("GIN, MUTAG", "--model gin --data MUTAG --epochs 10"),
    "proteins": ("GIN, PROTEINS", "--model gin --data PROTEINS --epochs 4"),
    "imdb": ("GIN, IMDB-BINARY", "--model gin --data IMDB-BINARY --epochs 3"),
    "reddit": ("GIN, REDDIT-BINARY", "--model gin --data REDDIT-BINARY --epochs 2"),
}
BOARDS = ("ultra96", "pynq-z1", "ulx3s-85f")

HEAD = """# Exploration: fronts beside the default and random search

Made by `python bench/explore.py`; a line for each model and board in `docs/evidence/explore.jsonl`. The models are
trained for a few epochs (`--train`): what is explored depends on sizes and bit widths.

`hwgen explore --objective throughput --trials {trials}`, everything free but the size of batches, whole graphs.
*Default* is what `hwgen build` takes by formulas: the fastest design that the board holds with room for the router.
Cycles are exact, a graph of the sample; LUT are by formulas. *Fastest* is the front's fastest design, *least product*
its best cycles × LUT; both as ratios to the default, below 1 is better. *Random* is random search with as many designs:
its least product by the models over the evolution's, above 1 is worse, inf: none of its designs fits. *Designs a
minute* counts one process by the clock, Optuna's journal included, on two cores with up to four processes beside;
digits with three took 7.0 s for 500 designs: 4,286 a minute. Random search has no default to begin with.

What the default was before this page changed it, and why the product is not what a build asks for:
[decision 30](decisions/0030-exploration.md).

"""


def train(folder: Path) -> None:
    """Make the models that are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (_, options) in MODELS.items():
        path = folder / f"{name}.pt"
        if not path.exists():
            print("training", name, flush=True)
            subprocess.run([sys.executable, "-P", "-m", "hwgen", "train", "-q", *shlex.split(options), "-o", str(path)],
                           cwd=ROOT, check=True)


def facts(searched: Searched, done: Done, sample: Sample | None = None) -> dict[str, Any]:
    """Of a line; with exact cycles where a sample is given."""
    candidate = searched.measure.sized(done.assignment)
    found: dict[str, Any] = {"target": candidate.target.name, "guess": done.worth.values[0],
                             "lut": done.worth.values[1]}
    if sample is not None:
        design = candidate.design()
        found |= {"cycles": run_sample(design, sample, searched.measure.objective),
                  "parameters": searched.designs.parameters(candidate.target.name, design)}
    return found


def explored(path: Path, name: str, board: boards.Board, trials: int, work: Path) -> dict[str, Any]:
    """Both searches of a model on a board, or why there are none."""
    network, sample = load(path)
    line: dict[str, Any] = {}
    try:
        default = search(network, sample, board, Wishes(windows=False), SILENT, count=False)
        batch = default.design.capacity["graphs"] if sample.batch.graphs > 1 else None
        for sampler in SAMPLERS:
            searched = search_designs(
                network, sample, board, Wishes(windows=False, graphs=batch), default, source=name, trials=trials,
                study=work / f"{name}-{board.name}-{sampler}", objective="throughput", sampler=sampler)
            front = front_of(searched.done)
            line[sampler] = {"measured": len(searched.done), "front": len(front), "rate": searched.rate}
            if front:
                exact = sample if sampler == "evolution" else None
                least = min(front, key=lambda each: math.prod(each.worth.values))
                line[sampler] |= {"fastest": facts(searched, front[0], exact), "product": facts(searched, least, exact)}
            if sampler == "evolution":
                line["default"] = {
                    "target": default.target.name, "lut": float(default.resources.total.lut),
                    "cycles": exact_cycles("throughput", default.packed.runs, sample),
                    "parameters": searched.designs.parameters(default.target.name, default.design)}
    except HwgenError as error:
        return {"refused": str(error.what)}
    return line if "product" in line["evolution"] else {"refused": "no design fits"}


def rows(line: dict[str, Any]) -> list[str]:
    """A line of the table."""
    head = [MODELS[line["model"]][0], line["board"]]
    if "refused" in line:
        return [*head, "refused", *[""] * 9]
    default, evolution, random = line["default"], line["evolution"], line["random"]
    best, least = evolution["fastest"], evolution["product"]

    def shown(point: dict[str, Any]) -> str:
        return f"{point['target']}: " + " ".join(f"{name} {value}" for name, value in point["parameters"].items())

    def product(point: dict[str, Any], cycles: str = "cycles") -> float:
        return float(point[cycles] * point["lut"])

    beside = product(random["product"], "guess") / product(least, "guess") if "product" in random else float("inf")
    return [*head, shown(default), f"{default['cycles']:,.0f}", f"{default['lut']:,.0f}",
            shown(best), f"{best['cycles'] / default['cycles']:.3f}", f"{best['lut'] / default['lut']:.2f}",
            shown(least), f"{product(least) / product(default):.3f}", f"{beside:.3f}", f"{evolution['rate']:,.0f}"]


def page(lines: list[dict[str, Any]], trials: int) -> str:
    """The table, and what it amounts to."""
    columns = ["model", "board", "default", "cycles", "LUT", "fastest", "cycles / default", "LUT / default",
               "least product", "product / default", "random / evolution", "designs a minute"]
    last = {(line["model"], line["board"]): line for line in lines if line["trials"] == trials}
    order = [last[name, board] for name in MODELS for board in BOARDS if (name, board) in last]
    cells = [rows(line) for line in order]
    good = [line for line in cells if line[2] != "refused"]
    text = HEAD.format(trials=trials) + table(columns, cells)
    if good:
        fastest, least, random = ([float(line[place]) for line in good] for place in (6, 9, 10))
        text += (f"\nOf {len(good)} pairs, the front's fastest is more than 5 % faster than the default in "
                 f"{sum(each < 0.95 for each in fastest)}. Medians: fastest {statistics.median(fastest):.3f}, least "
                 f"product {statistics.median(least):.3f} of the default's; random over evolution "
                 f"{statistics.median(random):.3f}, and in {sum(each >= 1 for each in random)} evolution is as good or "
                 f"better.\n")
    if missing := [f"{title} on {board}" for name, (title, _) in MODELS.items() for board in BOARDS
                   if (name, board) not in last]:
        text += f"\nNot run yet: {', '.join(missing)}.\n"
    text += confirmed(read_lines(RESULTS), {name: title for name, (title, _) in MODELS.items()})
    if refused := [line for line in order if "refused" in line]:
        text += "\n## Refused\n\n" + "".join(
            f"- {MODELS[line['model']][0]} on {line['board']}: {line['refused']}\n" for line in refused)
    return text


def main() -> int:
    """Explore what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "explore")
    parser.add_argument("--only", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--boards", nargs="+", default=BOARDS, choices=boards.names())
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--results", type=Path, default=EVIDENCE / "explore.jsonl")
    parser.add_argument("--train", action="store_true", help="only make the models that are missing")
    parser.add_argument("--page", action="store_true", help="explore nothing")
    options = parser.parse_args()
    if options.train:
        train(options.models)
        return 0
    code = [path for folder in ("explore", "targets") for path in sorted((ROOT / "hwgen" / folder).rglob("*.py"))]
    for name, board in [] if options.page else [(name, board) for board in options.boards for name in options.only]:
        path = options.models / f"{name}.pt"
        files = [path, ROOT / "boards" / f"{board}.toml", ROOT / "hwgen" / "flow" / "search.py", *code]
        digest = digest_of((each.name, each) for each in files)
        if any((line["digest"], line["model"], line["board"], line["trials"]) == (digest, name, board, options.trials)
               for line in read_lines(options.results)):
            continue
        begun = time.perf_counter()
        line = explored(path, name, boards.load(board), options.trials, options.models / digest)
        append_line(options.results, {"model": name, "board": board, "trials": options.trials, "digest": digest, **line,
                                      "seconds": round(time.perf_counter() - begun)})
        print(name, board, round(time.perf_counter() - begun), line.get("refused", ""), flush=True)
    (DOCS / "explore.md").write_text(page(read_lines(options.results), options.trials), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
