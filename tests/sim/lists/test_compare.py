"""The scoreboard of the graph-level organisation names pass, row, channel, expected, got and cycle."""

import numpy as np
import pytest

from sim.lists.compare import Scoreboard
from sim.lists.folder import PassFacts, Words

UNITS, LANES, BITS = 2, 4, 4
ROWS, CHUNKS = 5, 2


def words(base, seed):
    """All rows of CHUNKS words from ``base`` on."""
    rng = np.random.default_rng(seed)
    row, chunk = (grid.ravel() for grid in np.meshgrid(np.arange(ROWS), np.arange(CHUNKS), indexing="ij"))
    return Words(address=base + row * CHUNKS + chunk, row=row, chunk=chunk, entry=rng.integers(0, 4096, len(row)),
                 data=rng.integers(0, 256, (len(row), LANES * BITS // 8)).astype(np.uint8))


@pytest.fixture
def passes():
    empty = Words(address=np.zeros(0, np.int64), row=np.zeros(0, np.int64), chunk=np.zeros(0, np.int64),
                  entry=np.zeros(0, np.int64), data=np.zeros((0, 2), np.uint8))
    return [(PassFacts(name="conv", domain="node", to_result=False), words(100, 0)),
            (PassFacts(name="pool", domain="graph", to_result=False), words(300, 1)),
            (PassFacts(name="out", domain="graph", to_result=True), empty)]


@pytest.fixture
def board(passes):
    return Scoreboard(passes, units=UNITS, lanes=LANES, code_bits=BITS)


def writes(entry, seed=0):
    """[unit, address, data, entry] of each word, shuffled."""
    _, every = entry
    rows = [[int(row) % UNITS, int(address), int.from_bytes(data.tobytes(), "little"), int(number)]
            for row, address, data, number in zip(every.row, every.address, every.data, every.entry, strict=True)]
    np.random.default_rng(seed).shuffle(rows)
    return rows


def feed(board, rows, start=100):
    for cycle, row in enumerate(rows, start):
        board.row(*row, cycle=cycle, time_ns=4 * cycle)


def test_every_word_once_in_any_order(board, passes):
    feed(board, writes(passes[0], 1))
    assert not board.complete
    feed(board, writes(passes[1], 2))
    assert board.complete
    board.finish(cycle=1, time_ns=4)
    assert board.mismatch is None
    assert (board.rows, board.codes) == (2 * ROWS * CHUNKS, 2 * ROWS * CHUNKS * LANES)


@pytest.mark.parametrize("lane", range(LANES))
def test_wrong_code(board, passes, lane):
    rows = writes(passes[0])
    rows[3][2] ^= 0b101 << BITS * lane
    feed(board, rows)
    wrong, at = board.mismatch, rows[3][1] - 100
    assert (wrong.kind, wrong.pass_name, wrong.domain, wrong.node) == ("code", "conv", "node", at // CHUNKS)
    assert wrong.channel == at % CHUNKS * LANES + lane
    assert wrong.got == wrong.expected ^ 0b101
    assert (wrong.cycle, wrong.time_ns) == (103, 412)
    assert f"node {at // CHUNKS}, channel {wrong.channel}: expected {wrong.expected}, got {wrong.got}" in str(wrong)


def test_wrong_entry(board, passes):
    rows = writes(passes[1])
    rows[0][3] ^= 1
    feed(board, writes(passes[0]))
    feed(board, rows)
    wrong = board.mismatch
    assert (wrong.kind, wrong.pass_name, wrong.domain, wrong.channel) == ("entry", "pool", "graph", -1)
    assert (wrong.expected, wrong.got) == (rows[0][3] ^ 1, rows[0][3])


def test_wrong_unit(board, passes):
    rows = writes(passes[0])
    rows[0][0] ^= 1
    feed(board, rows)
    assert board.mismatch.kind == "unexpected"
    assert f"belongs to unit {rows[0][0] ^ 1}" in board.mismatch.detail


def test_word_that_nobody_expects(board, passes):
    feed(board, [[0, 99, 5, 0]])
    wrong = board.mismatch
    assert (wrong.kind, wrong.pass_name, wrong.got) == ("unexpected", "conv", 5)
    assert "does not own" in wrong.detail


def test_word_that_comes_twice(board, passes):
    rows = writes(passes[0])
    feed(board, [*rows[:3], rows[1]])
    assert board.mismatch.kind == "unexpected"
    assert "a second time" in board.mismatch.detail


def test_pass_that_begins_too_early(board, passes):
    rows = writes(passes[0])
    feed(board, [*rows[:-1], writes(passes[1])[0]])
    wrong, at = board.mismatch, rows[-1][1] - 100
    assert (wrong.kind, wrong.pass_name, wrong.node) == ("missing", "conv", at // CHUNKS)
    assert "1 words missing" in wrong.detail
    assert "later pass already writes" in wrong.detail


def test_words_that_never_come(board, passes):
    feed(board, writes(passes[0]))
    feed(board, writes(passes[1])[:-2])
    assert board.mismatch is None
    board.finish(cycle=7, time_ns=28)
    assert (board.mismatch.kind, board.mismatch.pass_name, board.mismatch.cycle) == ("missing", "pool", 7)
    assert "2 words missing" in board.mismatch.detail


def test_only_the_first_difference_counts(board, passes):
    feed(board, [[0, 99, 5, 0], [0, 98, 6, 0]])
    board.finish(cycle=1, time_ns=4)
    assert board.mismatch.got == 5
