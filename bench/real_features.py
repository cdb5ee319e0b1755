"""Real-valued features, from training to cosimulation: the table in docs/real_features.md.

    python bench/real_features.py                    # all rows; each is printed as it ends
    python bench/real_features.py wine --seeds 1

A row trains with the command's defaults but for what it states, builds the model that validation kept for ultra96, and
cosimulates it on the checkpoint's sample. A graph of PubMed's size: ``python bench/windows.py tfidf``.
"""

import argparse
import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import hwgen
from hwgen.frontend.training.results import Training

#: Model, data set, and what is not the default; COX2 by its first folds.
ROWS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "COX2": ("gin", {}), "breast_cancer": ("gcn", {"scheme": "uniform", "bits": 4}), "wine": ("gcn", {}),
    "digits": ("gcn", {}), "diabetes": ("gcn", {"scheme": "uniform", "bits": 4})}
BOARD = "ultra96"


def trained(name: str, seeds: int) -> dict[str, Any]:
    """What a row's runs found, and its build."""
    model, options = ROWS[name]
    runs = {"folds": list(range(seeds))} if name == "COX2" else {"seeds": seeds}
    done = hwgen.train(model, name, **{**options, **runs})
    figures = {key: float(np.mean([getattr(each, key) for each in done.results]))
               for key in ("fp32_test", "test", "bits", "bits_of_every_code")}
    with tempfile.TemporaryDirectory() as folder:
        done.save(Path(folder, "m.pt"))
        return {"data": name, "model": model, **options, "runs": len(done.results), **figures, **entries(done),
                **built(Path(folder, "m.pt"), Path(folder, "build"))}


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="rows; all if none is named")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in options.names or ROWS:
        print(json.dumps(trained(name, options.seeds)), flush=True)


if __name__ == "__main__":
    main()
