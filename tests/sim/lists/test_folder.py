"""Where results lie in what the store unit wrote."""

import numpy as np
import pytest

from sim.lists.folder import BatchFolder


@pytest.mark.parametrize(("rows", "width", "units", "spare"), [
    (7, 3, 2, 0), (9, 17, 4, 2), (1, 8, 4, 0), (5, 9, 1, 1), (0, 5, 2, 0), (3, 16, 4, 0),
])
def test_results(rows, width, units, spare):
    results = np.random.default_rng(rows).integers(-(1 << 15), 1 << 15, (rows, width))
    words = -(-width // 8)
    each = -(-rows // units) * words + spare
    memory = np.full((units, each, 8), -1, dtype=np.int64)
    for row in range(rows):
        for channel in range(width):
            memory[row % units, row // units * words + channel // 8, channel % 8] = results[row, channel]
    batch = BatchFolder(name="x", load=b"", passes=(), words=(), results=results, result_words=each, cycles=None,
                        pass_cycles=None, counters={})
    have = batch.stored(memory.astype("<i2").tobytes(), units)
    assert have.shape == results.shape
    assert np.array_equal(have, results)
