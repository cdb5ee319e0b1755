"""Real-valued features, from training to cosimulation: the table in docs/real_features.md.

    python bench/real_features.py                    # all rows
    python bench/real_features.py wine --seeds 1
    python bench/real_features.py --page             # only writes the page

A row trains with the command's defaults but for what it states, builds the model that validation kept for ultra96, and
cosimulates it on the checkpoint's sample. Its line replaces that of before in docs/evidence/real_features.jsonl. The
graph of PubMed's size is that of ``python bench/windows.py tfidf``.
"""

import argparse
import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from result_lines import EVIDENCE, read_lines, write_lines
from verification_table import table, yes

import hwgen
from hwgen.frontend.training.results import Training

ROOT = Path(__file__).parents[1]

#: Model and what is not the default, by data set and a word where it has more than one row; COX2 by its first folds.
ROWS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "COX2": ("gin", {}), "breast_cancer": ("gcn", {"scheme": "uniform", "bits": 4}), "breast_cancer a2q": ("gcn", {}),
    "breast_cancer nns": ("gcn", {"scheme": "nns"}), "wine": ("gcn", {}), "digits": ("gcn", {}),
    "diabetes": ("gcn", {"scheme": "uniform", "bits": 4}), "diabetes a2q": ("gcn", {})}
BOARD = "ultra96"

HEAD = """# Real-valued features, from training to cosimulation

Made by `python bench/real_features.py` (3 seeds of one graph, folds 0 to 2 of COX2; the mean of the runs); the rows are
in `evidence/real_features.jsonl`. Models are trained with the command's defaults but for what is stated; the one that
validation kept is built for ultra96 with two units and cosimulated on its sample: every code, cycle and counter.
[Decision 17](decisions/0017-real-valued-features.md) has why features become codes as they do. A graph of PubMed's
size with TF-IDF features runs by [windows](windows.md).

"""
TAIL = """
Of diabetes the figure is R². The larger class of COX2 has 365 of 467 graphs, 78.2 %: FP32 is hardly above, the
quantized model below it.
"""


def trained(name: str, seeds: int) -> dict[str, Any]:
    """What a row's runs found, and its build."""
    model, options = ROWS[name]
    data = name.partition(" ")[0]
    runs = {"folds": list(range(seeds))} if data == "COX2" else {"seeds": seeds}
    done = hwgen.train(model, data, **{**options, **runs})
    figures = {key: float(np.mean([getattr(each, key) for each in done.results]))
               for key in ("fp32_test", "test", "bits", "bits_of_every_code")}
    with tempfile.TemporaryDirectory() as folder:
        done.save(Path(folder, "m.pt"))
        scheme = options.get("scheme", "nns" if model == "gin" else "a2q")
        scheme += f" {options['bits']} bits" if "bits" in options else ""
        return {"row": name, "data": data, "model": model, "scheme": scheme, "runs": len(done.results), **figures,
                **entries(done), **built(Path(folder, "m.pt"), Path(folder, "build"))}


def entries(done: Training) -> dict[str, float]:
    """Bits and columns of the input, and list entries that a node costs."""
    batch = done.kept.examples.codes("test")[0]
    found = np.bitwise_count(batch.features.data.astype(np.uint64)).sum() / max(1, batch.num_nodes)
    return {"input_bits": done.model.input.bits, "columns": done.model.input.width, "entries": float(found)}


def built(checkpoint: Path, folder: Path) -> dict[str, Any]:
    """Whether hardware of two units computes every code of the sample, and its cycles."""
    found = hwgen.verify(hwgen.build(checkpoint, BOARD, folder, units=2))
    return {"bit_exact": found.ok, "batches": len(found.batches),
            "cycles": sum(each.cycles for each in found.batches.values())}


def page(lines: list[dict[str, Any]]) -> str:
    """A row for each data set."""
    rows = []
    for line in lines:
        score = "{:.3f}" if line["data"] == "diabetes" else "{:.2%}"
        rows.append([line["data"], f"{line['model']}, {line['scheme']}",
                     f"{line['input_bits']} bits, {line['columns']} columns",
                     score.format(line["fp32_test"]), score.format(line["test"]), f"{line['bits']:.2f}",
                     f"{line['bits_of_every_code']:.2f}", f"{line['entries']:.0f}",
                     yes(line["bit_exact"]), f"{line['cycles']:,}"])
    return HEAD + table(["data", "model", "input", "FP32", "quantized", "bits of hidden rows", "of every code",
                         "list entries a node", "bit-exact", "cycles"], rows) + TAIL


def main() -> int:
    """Train, build and simulate what was asked for, then write the page; 1 when something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="rows; all if none is named")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=EVIDENCE / "real_features.jsonl")
    parser.add_argument("--page", action="store_true", help="train nothing")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in () if options.page else options.names or ROWS:
        line = trained(name, options.seeds)
        print(json.dumps(line), flush=True)
        write_lines(options.results, [*(each for each in read_lines(options.results) if each["row"] != name), line])
    lines = read_lines(options.results)
    if missing := [name for name in ROWS if name not in {line["row"] for line in lines}]:
        parser.error(f"{options.results} has no line of {', '.join(missing)}: train them first, by name")
    (ROOT / "docs" / "real_features.md").write_text(page(lines), encoding="utf-8")
    return int(not all(line["bit_exact"] for line in lines))


if __name__ == "__main__":
    raise SystemExit(main())
