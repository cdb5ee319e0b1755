"""The scoreboard names pass, node, channel, expected, got and cycle of the first difference."""

import numpy as np
import pytest

from sim.compare import Scoreboard, compare_results
from sim.folder import ExpectedPass

LANES, BITS, RESULT_LANES = 4, 4, 2


def expected(seed=0, nodes=6, width=3):
    """A pass that writes rows and one that writes results of two words each."""
    rng = np.random.default_rng(seed)
    node = rng.permutation(nodes)
    rows = ExpectedPass(name="convs.0", node=node, server=node % 2, bank=node // 2 % 2, address=node // 4,
                        codes=rng.integers(0, 1 << BITS, (nodes, width)), code_bits=BITS, word_codes=LANES)
    results = ExpectedPass(name="convs.1", node=node, server=node % 2, bank=0 * node, address=node // 2 * 2,
                           codes=rng.integers(-300, 300, (nodes, width)), code_bits=16, word_codes=RESULT_LANES)
    return rows, results


def writes(entry):
    """(server, bank, address, data, node) of every word of a pass, in random order."""
    words = []
    for index, node in enumerate(entry.node):
        for chunk, first in enumerate(range(0, entry.codes.shape[1], entry.word_codes)):
            codes = entry.codes[index, first:first + entry.word_codes]
            data = sum((int(code) & (1 << entry.code_bits) - 1) << entry.code_bits * lane
                       for lane, code in enumerate(codes))
            words.append((int(entry.server[index]), int(entry.bank[index]), int(entry.address[index]) + chunk, data,
                          int(node)))
    np.random.default_rng(1).shuffle(words)
    return [tuple(int(value) for value in word) for word in words]


def feed(board, words, start=100):
    for cycle, (server, bank, address, data, _) in enumerate(words, start):
        board.row(server, bank, address, data, cycle=cycle, time_ns=4 * cycle)


def test_all_rows_once_are_right():
    rows, results = expected()
    board = Scoreboard((rows, results))
    feed(board, writes(rows))
    assert not board.complete
    feed(board, writes(results))
    board.finish(cycle=1, time_ns=4)
    assert board.complete
    assert board.mismatch is None
    assert (board.rows, board.codes) == (6 + 12, 18 + 18)


def test_channels_beyond_the_width_do_not_matter():
    rows, results = expected()
    board = Scoreboard((rows, results))
    feed(board, [(s, b, a, data | 0xF << 12, node) for s, b, a, data, node in writes(rows)])
    assert board.mismatch is None


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_wrong_code_is_named(channel):
    rows, results = expected()
    words = writes(rows)
    server, bank, address, data, node = words[4]
    words[4] = (server, bank, address, data ^ 0b0101 << BITS * channel, node)
    board = Scoreboard((rows, results))
    feed(board, words)
    wrong = board.mismatch
    assert wrong is not None
    right = int(rows.codes[list(rows.node).index(node), channel])
    assert (wrong.kind, wrong.pass_name, wrong.node, wrong.channel) == ("code", "convs.0", node, channel)
    assert (wrong.expected, wrong.got, wrong.cycle, wrong.time_ns) == (right, right ^ 0b0101, 104, 416)
    assert f"node {node}, channel {channel}: expected {right}, got {right ^ 0b0101}" in str(wrong)


def test_wrong_result_is_signed_and_counts_channels_across_words():
    rows, results = expected()
    board = Scoreboard((rows, results))
    feed(board, writes(rows))
    words = writes(results)
    at = next(i for i, word in enumerate(words) if word[2] % 2)  # a node's second word: channel 2
    server, bank, address, data, node = words[at]
    words[at] = (server, bank, address, data ^ 0x8000, node)
    feed(board, words)
    right = int(results.codes[list(results.node).index(node), 2])
    got = right ^ 0x7FFF ^ ~0  # the other sign
    assert (board.mismatch.pass_name, board.mismatch.node, board.mismatch.channel) == ("convs.1", node, 2)
    assert (board.mismatch.expected, board.mismatch.got) == (right, (got + 0x8000) % 0x10000 - 0x8000)


def test_only_the_first_difference_counts():
    rows, results = expected()
    words = [(s, b, a, data ^ 1, node) for s, b, a, data, node in writes(rows)]
    board = Scoreboard((rows, results))
    feed(board, words)
    assert board.mismatch.cycle == 100
    assert board.rows == 1


def test_missing_row_is_named_at_the_end():
    rows, results = expected()
    board = Scoreboard((rows, results))
    words = writes(rows)
    feed(board, words[:-1])
    board.finish(cycle=900, time_ns=3600)
    assert board.mismatch is not None
    assert (board.mismatch.kind, board.mismatch.pass_name, board.mismatch.node) == ("missing", "convs.0", words[-1][4])
    assert board.mismatch.cycle == 900


def test_missing_row_is_named_when_the_next_pass_starts():
    rows, results = expected()
    moved = ExpectedPass(**{**vars(rows), "name": "convs.1", "address": rows.address + 8})
    board = Scoreboard((rows, moved, results))
    words = writes(rows)
    feed(board, words[:-1])
    feed(board, writes(moved)[:1], start=300)
    assert (board.mismatch.kind, board.mismatch.pass_name, board.mismatch.node) == ("missing", "convs.0", words[-1][4])
    assert board.mismatch.cycle == 300


def test_row_written_twice():
    rows, results = expected()
    board = Scoreboard((rows, results))
    words = writes(rows)
    feed(board, [*words[:2], words[0]])
    assert (board.mismatch.kind, board.mismatch.cycle) == ("unexpected", 102)
    assert "second time" in board.mismatch.detail


def test_row_nobody_owns():
    rows, results = expected()
    board = Scoreboard((rows, results))
    board.row(1, 3, 77, 5, cycle=9, time_ns=36)
    assert (board.mismatch.kind, board.mismatch.pass_name, board.mismatch.got) == ("unexpected", "convs.0", 5)
    assert "server 1 wrote bank 3, address 77" in board.mismatch.detail


def test_row_after_the_last_pass():
    rows, _ = expected()
    board = Scoreboard((rows,))
    words = writes(rows)
    feed(board, [*words, words[0]])
    assert board.mismatch.kind == "unexpected"


def test_two_nodes_in_one_place_are_refused():
    rows, _ = expected()
    with pytest.raises(ValueError, match="two nodes own"):
        Scoreboard((ExpectedPass(**{**vars(rows), "address": 0 * rows.address}),))


def test_empty_passes_are_skipped():
    rows, results = expected()
    empty = ExpectedPass(**{**vars(rows), **{key: getattr(rows, key)[:0] for key in
                                             ("node", "server", "bank", "address", "codes")}})
    board = Scoreboard((empty, rows, empty, results))
    feed(board, writes(rows))
    feed(board, writes(results))
    assert board.complete
    assert board.mismatch is None


def test_results_in_memory():
    _, results = expected()
    logits = results.codes.copy()
    assert compare_results(logits, results.codes, "convs.1", cycle=5, time_ns=20) is None
    logits[3, 1] += 7
    logits[4, 0] += 1
    wrong = compare_results(logits, results.codes, "convs.1", cycle=5, time_ns=20)
    assert (wrong.kind, wrong.pass_name, wrong.node, wrong.channel) == ("result", "convs.1", 3, 1)
    assert wrong.got - wrong.expected == 7
    assert "2 results differ" in wrong.detail
