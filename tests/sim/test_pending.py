"""Words of passes that follow each other: what a write answers, why it answers nothing, and what never came."""

from sim.pending import Pending


def words(**places):
    """Words of unit 0 by where they are written."""
    return {(0, place): word for word, place in places.items()}


def test_a_word_comes_once_and_passes_follow_each_other():
    pending = Pending([words(a=1, b=2), words(c=1)])
    assert [pending.take((0, key)) for key in (2, 1)] == ["b", "a"]
    assert (pending.index, pending.complete) == (0, False)
    assert pending.take((0, 1)) == "c"
    assert (pending.index, pending.complete) == (1, True)


def test_a_run_is_complete_when_every_pass_is():
    pending = Pending([words(a=1), words(b=2), {}])
    for key in (1, 2):
        assert not pending.complete
        pending.take((0, key))
    assert pending.complete


def test_why_a_write_answers_nothing():
    pending = Pending([words(a=1, b=2), words(c=3, d=4), words(e=2, f=5)])
    assert pending.take((0, 1)) == "a"
    assert [pending.take((0, key)) for key in (1, 3, 5, 6)] == [None] * 4
    assert [pending.why_not((0, key)) for key in (1, 3, 5, 6)] == ["again", "early", "early", "foreign"]
    assert [pending.take((0, key)) for key in (2, 3, 1)] == ["b", "c", None]
    assert pending.why_not((0, 1)) == "foreign", "the pass before wrote it, this one does not"
    assert pending.why_not((0, 3)) == "again"


def test_the_first_word_that_never_came():
    pending = Pending([words(a=1), words(b=2, c=3), words(d=4)])
    assert pending.take((0, 1)) == "a"
    assert pending.first_missing() == (2, (0, 2), "b")
    assert pending.index == 1
    assert pending.take((0, 2)) == "b"
    assert pending.first_missing() == (1, (0, 3), "c")


def test_who_writes_to_a_place():
    pending = Pending([{(0, 7): "a", (1, 7): "b", (1, 8): "c"}, {(2, 7): "d"}])
    pending.take((1, 8))
    assert pending.owners((7,)) == [(0, "a"), (1, "b")]
    assert pending.owners((8,)) == [(1, "c")], "what has come was its word too"
    assert pending.owners((9,)) == []
