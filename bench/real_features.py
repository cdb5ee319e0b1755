"""Real-valued features, from training to cosimulation: the table in docs/real_features.md.

    python bench/real_features.py                    # all rows; each is printed as it ends
    python bench/real_features.py wine --seeds 1

A row trains with the command's defaults but for what it states, builds the model that validation kept for ultra96, and
cosimulates it. ``pubmed`` is a synthetic graph of PubMed's size whose rows are like TF-IDF, normalised and one value in
ten not 0; its GCN is not trained: what is shown is that every code is right, window by window.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data
from window_graphs import power_law

import hwgen
from hwgen.frontend.training.results import Training
from hwgen.report.files import read_report

#: Model, data set, and what is not the default; COX2 by its first folds.
ROWS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "COX2": ("gin", {}), "breast_cancer": ("gcn", {"scheme": "uniform", "bits": 4}), "wine": ("gcn", {}),
    "digits": ("gcn", {}), "diabetes": ("gcn", {"scheme": "uniform", "bits": 4}), "pubmed": ("", {})}
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


def pubmed() -> dict[str, Any]:
    """The synthetic graph."""
    rng, nodes, features = np.random.default_rng(0), 19_717, 500
    x = rng.lognormal(-3.3, 0.6, (nodes, features)) * (rng.random((nodes, features)) < 0.1)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)
    data = Data(x=torch.from_numpy(x).float(), edge_index=torch.from_numpy(power_law(rng, nodes, 88_648)))
    torch.manual_seed(0)
    model = hwgen.quantize(hwgen.GCN(features, 16, 3).eval(), "nns", data=data)
    with tempfile.TemporaryDirectory() as folder:
        hwgen.save(model, data, Path(folder, "m.pt"))
        return {"data": "pubmed", "input_bits": model.input.bits, "columns": model.input.width,
                **built(Path(folder, "m.pt"), Path(folder, "build"))}


def built(checkpoint: Path, folder: Path) -> dict[str, Any]:
    """Whether hardware computes every code of what ``hwgen build`` simulates, and cycles of all of the sample."""
    command = [sys.executable, "-m", "hwgen", "build", checkpoint, "-o", folder, "--board", BOARD, "-q"]
    subprocess.run(command, check=True)
    report = read_report(folder)
    assert report.verification is not None
    proved = report.verification
    return {"bit_exact": proved.bit_exact, "simulated": len(proved.runs), "of": proved.of,
            "cycles": report.cycles.total, "difference": sum(abs(each.difference) for each in proved.runs)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="rows; all if none is named")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in options.names or ROWS:
        print(json.dumps(pubmed() if name == "pubmed" else trained(name, options.seeds)), flush=True)


if __name__ == "__main__":
    main()
