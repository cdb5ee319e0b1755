"""Where results lie in what the store unit wrote, and in which order a reader gets them."""

import numpy as np
import pytest

from sim.batch import Results


@pytest.mark.parametrize(("rows", "width", "units", "lanes", "spare"), [
    (7, 3, 2, 8, 0), (9, 17, 4, 8, 2), (1, 8, 4, 8, 0), (5, 9, 1, 4, 1), (0, 5, 2, 1, 0), (3, 16, 4, 2, 0),
])
def test_results(rows, width, units, lanes, spare):
    rng = np.random.default_rng(rows)
    codes = rng.integers(-(1 << 15), 1 << 15, (rows, width))
    chunks = -(-width // lanes)
    words = -(-rows // units) * chunks + spare
    memory = np.full((units * words, 8), -1, dtype=np.int64)
    word = np.arange(rows) % units * words + np.arange(rows) // units * chunks
    for row in range(rows):
        for channel in range(width):
            memory[word[row] + channel // lanes, channel % lanes] = codes[row, channel]
    number, column = rng.permutation(rows) + 10, np.flatnonzero(rng.integers(0, 2, width))
    results = Results(codes=codes, row=number, word=word, column=column, word_codes=lanes)
    have = results.read(memory.astype("<i2").tobytes())
    assert have.shape == codes.shape
    assert np.array_equal(have, codes)
    ordered = results.in_order(have)
    assert ordered.shape == (rows, len(column))
    for row in range(rows):
        assert np.array_equal(ordered[number[row] - 10], codes[row, column])
