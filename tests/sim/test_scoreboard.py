"""The scoreboard names pass, row, channel, expected, got and cycle of the first difference."""

from dataclasses import replace

import numpy as np
import pytest

from sim.batch import Results, Words
from sim.folder import PassFacts
from sim.scoreboard import Scoreboard, compare_results

UNITS, ROWS = 2, 5
#: Fields of a row write: where to, data, what else is compared.
FIELDS = {"banks": ("bank", "address", "data"), "entries": ("address", "data", "entry")}
ROWS_PASS = PassFacts(name="conv", domain="node", to_result=False, code_bits=4, word_codes=4, channels=7, signed=False)
RESULTS_PASS = PassFacts(name="out", domain="graph", to_result=True, code_bits=16, word_codes=2, channels=3,
                         signed=True)


def words(facts, base, seed):
    """All words of ROWS rows, from address ``base`` on."""
    rng = np.random.default_rng(seed)
    chunks = -(-facts.channels // facts.word_codes)
    row, chunk = (grid.ravel() for grid in np.meshgrid(np.arange(ROWS), np.arange(chunks), indexing="ij"))
    data = rng.integers(0, 256, (len(row), facts.word_codes * facts.code_bits // 8)).astype(np.uint8)
    return Words(unit=row % UNITS, row=row, chunk=chunk, data=data, fields={
        "bank": row % 3, "address": base + row * chunks + chunk, "entry": rng.integers(0, 4096, len(row))})


@pytest.fixture(params=FIELDS)
def fields(request):
    return FIELDS[request.param]


@pytest.fixture
def passes():
    moved = replace(ROWS_PASS, name="pool", domain="graph")
    return [(ROWS_PASS, words(ROWS_PASS, 100, 0)), (moved, words(ROWS_PASS, 300, 1)),
            (RESULTS_PASS, words(RESULTS_PASS, 100, 2))]


@pytest.fixture
def board(passes, fields):
    return Scoreboard(passes, fields)


def writes(entry, fields, seed=0):
    """[unit, values, index] of each word, shuffled."""
    own = entry[1]
    numbers = {**own.fields, "data": [int.from_bytes(data.tobytes(), "little") for data in own.data]}
    rows = [[int(unit), [int(numbers[name][at]) for name in fields], at] for at, unit in enumerate(own.unit)]
    np.random.default_rng(seed).shuffle(rows)
    return rows


def feed(board, rows, start=100):
    for cycle, (unit, values, _) in enumerate(rows, start):
        board.row(unit, values, cycle=cycle, time_ns=4 * cycle)


def difference(board):
    """What the board found, which there must be."""
    assert board.mismatch is not None
    return board.mismatch


def test_every_word_once_in_any_order(board, passes, fields):
    for index, entry in enumerate(passes):
        assert not board.complete
        feed(board, writes(entry, fields, index))
    assert board.complete
    board.finish(cycle=1, time_ns=4)
    assert board.mismatch is None
    assert (board.rows, board.codes) == (3 * 2 * ROWS, (7 + 7 + 3) * ROWS)


def test_channels_beyond_the_width_do_not_matter(board, passes, fields):
    rows = writes(passes[0], fields)
    for _, values, at in rows:
        values[fields.index("data")] ^= (0xF << 12) * int(passes[0][1].chunk[at])
    feed(board, rows)
    assert board.mismatch is None


@pytest.mark.parametrize(("chunk", "lane"), [(0, 0), (0, 1), (0, 3), (1, 0), (1, 2)])
def test_wrong_code_is_named(board, passes, fields, chunk, lane):
    rows = writes(passes[0], fields)
    index = next(index for index, row in enumerate(rows) if passes[0][1].chunk[row[2]] == chunk and index > 1)
    rows[index][1][fields.index("data")] ^= 0b101 << 4 * lane
    feed(board, rows)
    wrong, row, channel = difference(board), passes[0][1].row[rows[index][2]], 4 * chunk + lane
    assert (wrong.kind, wrong.pass_name, wrong.domain, wrong.node) == ("code", "conv", "node", row)
    assert wrong.channel == channel
    right = int(passes[0][1].data[rows[index][2]][lane // 2]) >> lane % 2 * 4 & 15
    assert (wrong.expected, wrong.got) == (right, right ^ 0b101)
    assert (wrong.cycle, wrong.time_ns) == (100 + index, 4 * (100 + index))
    assert f"node {row}, channel {channel}: expected {right}, got {right ^ 0b101}" in str(wrong)
    assert f"unit {rows[index][0]} wrote {fields[0]} {rows[index][1][0]}" in wrong.detail


def test_wrong_result_is_signed_and_counts_channels_across_words(board, passes, fields):
    feed(board, writes(passes[0], fields))
    feed(board, writes(passes[1], fields))
    rows = writes(passes[2], fields)
    index = next(index for index, row in enumerate(rows) if passes[2][1].chunk[row[2]] == 1)  # second word: channel 2
    rows[index][1][fields.index("data")] ^= 0x8000
    feed(board, rows)
    at = rows[index][2]
    right = int(passes[2][1].data[at].view("<i2")[0])
    wrong = difference(board)
    assert (wrong.pass_name, wrong.domain, wrong.node, wrong.channel) == ("out", "graph", passes[2][1].row[at], 2)
    assert (wrong.expected, wrong.got) == (right, (right ^ -0x8000) if right >= 0 else right + 0x8000)


def test_wrong_entry(passes):
    fields = FIELDS["entries"]
    board, rows = Scoreboard(passes, fields), writes(passes[1], fields)
    feed(board, writes(passes[0], fields))
    rows[0][1][2] ^= 1
    feed(board, rows)
    wrong = difference(board)
    assert (wrong.kind, wrong.pass_name, wrong.domain, wrong.channel) == ("entry", "pool", "graph", -1)
    assert (wrong.expected, wrong.got) == (rows[0][1][2] ^ 1, rows[0][1][2])


def test_wrong_unit(board, passes, fields):
    rows = writes(passes[0], fields)
    rows[0][0] ^= 1
    feed(board, rows)
    wrong = difference(board)
    assert (wrong.kind, wrong.expected, wrong.got) == ("unexpected", rows[0][0] ^ 1, rows[0][0])
    assert wrong.node == passes[0][1].row[rows[0][2]]
    assert f"belongs to unit {rows[0][0] ^ 1}" in wrong.detail


def test_place_that_nobody_owns(board):
    board.row(1, [3, 77, 5], cycle=9, time_ns=36)
    assert (difference(board).kind, difference(board).pass_name, difference(board).node) == ("unexpected", "conv", -1)
    assert "which this pass does not own" in difference(board).detail


def test_place_is_named(passes):
    board = Scoreboard(passes, FIELDS["banks"])
    board.row(1, [3, 77, 5], cycle=9, time_ns=36)
    assert (difference(board).got, difference(board).cycle) == (5, 9)
    assert "unit 1 wrote bank 3, address 77" in difference(board).detail


def test_word_that_comes_twice(board, passes, fields):
    rows = writes(passes[0], fields)
    feed(board, [*rows[:3], rows[1]])
    assert (difference(board).kind, difference(board).cycle) == ("unexpected", 103)
    assert "a second time" in difference(board).detail


def test_word_after_the_last_pass(passes, fields):
    board, rows = Scoreboard(passes[:1], fields), writes(passes[0], fields)
    feed(board, [*rows, rows[0]])
    assert difference(board).kind == "unexpected"


def test_pass_that_begins_too_early(board, passes, fields):
    rows = writes(passes[0], fields)
    feed(board, rows[:-1])
    feed(board, writes(passes[1], fields)[:1], start=300)
    wrong = difference(board)
    assert (wrong.kind, wrong.pass_name, wrong.cycle) == ("missing", "conv", 300)
    assert wrong.node == passes[0][1].row[rows[-1][2]]
    assert "1 words missing" in wrong.detail
    assert "later pass already writes" in wrong.detail


def test_missing_row_is_named_at_the_end(board, passes, fields):
    rows = writes(passes[1], fields)
    feed(board, writes(passes[0], fields))
    feed(board, rows[:-2])
    assert board.mismatch is None
    board.finish(cycle=7, time_ns=28)
    wrong = difference(board)
    assert (wrong.kind, wrong.pass_name, wrong.cycle) == ("missing", "pool", 7)
    assert wrong.node in {passes[1][1].row[row[2]] for row in rows[-2:]}
    assert "2 words missing" in wrong.detail


def test_only_the_first_difference_counts(board):
    board.row(0, [99, 5, 0], cycle=1, time_ns=4)
    board.row(0, [98, 6, 0], cycle=2, time_ns=8)
    board.finish(cycle=3, time_ns=12)
    assert (difference(board).cycle, board.rows) == (1, 0)


def test_empty_passes_are_skipped(passes, fields):
    empty = Words(unit=np.zeros(0, np.int64), row=np.zeros(0, np.int64), chunk=np.zeros(0, np.int64),
                  data=np.zeros((0, 2), np.uint8),
                  fields={name: np.zeros(0, np.int64) for name in ("bank", "address", "entry")})
    board = Scoreboard([(ROWS_PASS, empty), passes[0], (ROWS_PASS, empty), passes[2], (RESULTS_PASS, empty)], fields)
    feed(board, writes(passes[0], fields))
    feed(board, writes(passes[2], fields))
    assert board.complete
    assert board.mismatch is None


@pytest.mark.parametrize("field", [-1, 0, 1])
def test_every_bit_of_a_place_counts(passes, fields, field):
    """The unit (-1) and every part of the place: a word that comes elsewhere by one bit is a difference."""
    for bit in range(2 if field < 0 else 16):
        board, rows = Scoreboard(passes, fields), writes(passes[0], fields)
        if field < 0:
            rows[0][0] ^= 1 << bit
        else:
            rows[0][1][field] ^= 1 << bit
        feed(board, rows)
        board.finish(cycle=0, time_ns=0)
        assert difference(board).cycle == 100, "the write itself is the difference, not the end of the run"


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("width", [1, 3])
def test_every_result_is_compared(rows, width):
    codes = np.random.default_rng(0).integers(-300, 300, (rows, width))
    results = Results(codes=codes, row=np.arange(rows), word=np.arange(rows), column=np.arange(width), word_codes=8)
    for place in np.ndindex(codes.shape):
        for wrong_by in (1, -1, 1 << 15):
            found = codes.copy()
            found[place] += wrong_by
            wrong = compare_results(found, results, RESULTS_PASS, cycle=5, time_ns=20)
            assert wrong is not None, place
            assert (wrong.node, wrong.channel) == place
            assert (wrong.expected, wrong.got) == (codes[place], codes[place] + wrong_by)


def test_results_in_memory():
    codes = np.random.default_rng(0).integers(-300, 300, (6, 3))
    results = Results(codes=codes, row=np.arange(6)[::-1], word=np.arange(6), column=np.arange(3), word_codes=8)
    found = codes.copy()
    assert compare_results(found, results, RESULTS_PASS, cycle=5, time_ns=20) is None
    found[3, 1] += 7
    found[4, 0] += 1
    wrong = compare_results(found, results, RESULTS_PASS, cycle=5, time_ns=20)
    assert (wrong.kind, wrong.pass_name, wrong.domain, wrong.node, wrong.channel) == ("result", "out", "graph", 2, 1)
    assert wrong.got - wrong.expected == 7
    assert "2 results differ" in wrong.detail
