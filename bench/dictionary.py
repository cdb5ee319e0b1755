"""What a dictionary of the first layer's rows saves, and how long it takes: docs/decisions/0019-dictionary-of-rows.md.

    python bench/dictionary.py cora.pt citeseer.pt [--rows 1000 1536 2000 2752 4096] [--repeats 3]

For each checkpoint: rows of the weights, those of zeros and the different ones; additions of rows that its sample takes
with the rows of the weights, without those of zeros, and with dictionaries of so many rows; CPU seconds to find the
largest one and to tell the sample in it (best of the repeats). Equality ``M @ rows == X @ W`` is checked each time.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from hwgen.frontend import load
from hwgen.network import pair_search
from hwgen.network.dictionary import planes_of
from hwgen.targets.lists.design import program_for


def measure(path: Path, rows: list[int], repeats: int) -> dict[str, object]:
    """One checkpoint on its sample."""
    network, sample = load(path)
    program = program_for(network, sample.limits)
    weight, lists = program.feature_rows, planes_of(sample.batch.lists("features"), network.input_bits)
    assert weight is not None  # every network reads its input
    bits = 8 if any(tensor.bits > 4 for tensor in program.tensors) else 4
    searching, telling = [], []
    for _ in range(repeats):
        pair_search._searched.cache_clear()
        start = time.process_time()
        found = pair_search.search_pairs(weight, lists, bits).dictionary
        searching.append(time.process_time() - start)
        start = time.process_time()
        found.encode(lists)
        telling.append(time.process_time() - start)
    reads = {}
    for most in [found.base, *rows]:
        dictionary = found.within(most)
        told = dictionary.encode(lists)
        if not np.array_equal(told @ dictionary.rows, lists @ weight):
            raise AssertionError(f"{path}: other sums with {most} rows")
        reads[len(dictionary.rows)] = int(told.sum())
    return {"model": path.stem, "rows": len(weight), "channels": weight.shape[1], "zeros": int((found.of < 0).sum()),
            "different": found.base, "pairs": len(found.pairs), "entries": int(lists.sum()), "reads": reads,
            "search_s": round(min(searching), 2), "tell_s": round(min(telling), 3)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--rows", nargs="+", type=int, default=[1000, 1536, 2000, 2752, 4096])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for path in options.checkpoints:
        print(json.dumps(measure(path, options.rows, options.repeats)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
