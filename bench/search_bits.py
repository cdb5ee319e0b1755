"""Automatic bit selection against random search with the same budget: docs/search_bits.md.

    python bench/search_bits.py [--data Cora CiteSeer] [--seeds 5] [--trials 60] [--work build/search_bits]
    python bench/search_bits.py --best           one search over all seeds at once: a row of bench/schemes.py

With ``--best`` an assignment's accuracy is the mean over the seeds, and the floor is FP32's own: what is found for each
objective is written to docs/evidence/searched_bits.json, and bench/schemes.py trains it from ten seeds.

Each search is a study in the work folder (``hwgen search-bits --study``): what is there is not measured again, and
several processes may run this at once. All searches of a seed have the same FP32 model and the same budget.
"""

import argparse
import itertools
import json
import statistics
from pathlib import Path

import torch
from result_lines import EVIDENCE
from verification_table import table

from hwgen.bit_search.propose import SAMPLERS
from hwgen.bit_search.run import Outcome, search_bits
from hwgen.report.plots import pareto

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

HEAD = """# A search for bit widths, against random search

Made by `python bench/search_bits.py --seeds {seeds} --trials {trials}`.

GCN of 2 layers with 16 channels, scheme `sgquant`: a width for what is aggregated in each layer, and one for the rows
of each bucket of in-degrees. Each of {trials} assignments is trained on for {epochs} epochs from the FP32 model of the
seed; of those whose validation accuracy is at most {drop} points below FP32's, the cheapest that keeps it when it is
trained in full is chosen. *KB* is the memory of all its stored activations, messages too, without the input; 32 bits
would take {full}. *Test* was looked at once, of that assignment.

"""


def line(data: str, seed: int, found: dict[str, Outcome]) -> list[str]:
    """A seed: both samplers."""
    cells = [data, str(seed), f"{100 * found['tree'].fp32:.2f}", f"{100 * found['tree'].fp32_test:.2f}"]
    for sampler in SAMPLERS:
        best = found[sampler].best
        cells += [f"{best.cost:.1f}", f"{100 * found[sampler].validation:.2f}", f"{100 * found[sampler].test:.2f}"]
    return cells


def best(options: argparse.Namespace) -> None:
    """The cheapest widths that keep FP32's mean validation accuracy, for each data set and kind of memory."""
    path = EVIDENCE / "searched_bits.json"
    found: dict[str, dict[str, object]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for data, objective in itertools.product(options.data, ("memory", "rows")):
        outcome = search_bits(
            "gcn", data, "sgquant", study=options.work / f"{data}-{objective}", granularity="topology", drop=0,
            objective=objective, trials=options.trials, epochs=options.epochs, seeds=options.seeds)
        assert outcome.model.scheme is not None
        found.setdefault(data, {})[objective] = {
            "fp32_validation": outcome.fp32, "validation": outcome.validation, "kb": outcome.best.cost,
            "seeds": options.seeds, "trials": options.trials, "widths": dict(outcome.model.scheme.widths)}
        print(data, objective, found[data][objective], flush=True)
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Search what is missing, then write the page; 1 where random search is as good."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["Cora", "CiteSeer"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--drop", type=float, default=0.4, help="points")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "search_bits")
    parser.add_argument("--page", type=Path, default=DOCS / "search_bits.md")
    parser.add_argument("--best", action="store_true", help="one search over all seeds; the page is not written")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.best:
        best(options)
        return 0
    rows, summary, full = [], [], []
    for data in options.data:
        costs: dict[str, list[float]] = {sampler: [] for sampler in SAMPLERS}
        for seed in range(options.seeds):
            found = {sampler: search_bits(
                "gcn", data, "sgquant", study=options.work / f"{data}-{seed}-{sampler}", granularity="topology",
                drop=options.drop / 100, trials=options.trials, epochs=options.epochs, sampler=sampler,
                seed=seed) for sampler in SAMPLERS}
            for sampler in SAMPLERS:
                costs[sampler].append(found[sampler].best.cost)
            rows.append(line(data, seed, found))
            print(" | ".join(rows[-1]), flush=True)
            if not seed:
                tree = found["tree"]
                (options.page.parent / f"search-bits-{data.lower()}.svg").write_text(pareto(
                    [(each.cost, each.accuracy) for each in tree.measured],
                    [(each.cost, each.accuracy) for each in tree.front], tree.fp32, tree.floor, "memory, KB"),
                    encoding="utf-8")
                full.append(f"{4 * tree.measured[0].cost:,.0f} KB on {data}")  # the first has 8 bits throughout
        apart = [random / tree for tree, random in zip(costs["tree"], costs["random"], strict=True)]
        summary.append([data, *(f"{statistics.mean(costs[sampler]):.1f} ± {statistics.stdev(costs[sampler]):.1f}"
                                for sampler in SAMPLERS), f"{statistics.mean(apart):.2f}",
                        f"{sum(ratio > 1 for ratio in apart)} of {len(apart)}"])
    text = HEAD.format(seeds=options.seeds, trials=options.trials, epochs=options.epochs, drop=options.drop,
                       full=" and ".join(full))
    text += table(["data set", "tree, KB", "random, KB", "random over tree", "tree is better"], summary) + "\n"
    text += table(["data set", "seed", "FP32 validation", "FP32 test", *(
        f"{sampler}: {what}" for sampler in SAMPLERS for what in ("KB", "validation", "test"))], rows) + "\n"
    text += "".join(f"![{data}, the tree's search of seed 0](search-bits-{data.lower()}.svg)\n"
                    for data in options.data)
    options.page.write_text(text, encoding="utf-8")
    return int(any(float(each[3]) <= 1 for each in summary))


if __name__ == "__main__":
    raise SystemExit(main())
