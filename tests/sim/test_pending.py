"""Words of passes that follow each other: what a write answers, why it answers nothing, and what never came."""

from sim.pending import Pending


def test_a_word_comes_once_and_passes_follow_each_other():
    pending = Pending([{1: "a", 2: "b"}, {1: "c"}])
    assert [pending.take(key) for key in (2, 1)] == ["b", "a"]
    assert (pending.index, pending.complete) == (0, False)
    assert pending.take(1) == "c"
    assert (pending.index, pending.complete) == (1, True)


def test_why_a_write_answers_nothing():
    pending = Pending([{1: "a", 2: "b"}, {3: "c", 4: "d"}, {2: "e", 5: "f"}])
    assert pending.take(1) == "a"
    assert [pending.take(key) for key in (1, 3, 5, 6)] == [None] * 4
    assert [pending.why_not(key) for key in (1, 3, 5, 6)] == ["again", "early", "early", "foreign"]
    assert [pending.take(key) for key in (2, 3, 1)] == ["b", "c", None]
    assert pending.why_not(1) == "foreign", "the pass before wrote it, this one does not"
    assert pending.why_not(3) == "again"


def test_the_first_word_that_never_came():
    pending = Pending([{1: "a"}, {2: "b", 3: "c"}, {4: "d"}])
    assert pending.take(1) == "a"
    assert pending.first_missing() == (2, 2, "b")
    assert pending.index == 1
    assert pending.take(2) == "b"
    assert pending.first_missing() == (1, 3, "c")
