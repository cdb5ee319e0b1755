"""The scoreboard: every word that a unit writes against the words expected of its pass, as it is written."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .batch import Results, Words
from .folder import PassFacts
from .pending import Pending
from .result import Mismatch

__all__ = ["Scoreboard", "compare_results"]

_Key = tuple[int, ...]  # the unit, and where it writes


class _Word(NamedTuple):
    """A word that must come: ``width`` codes as one number, first channel lowest; ``more`` comes beside them."""

    row: int
    chunk: int
    codes: int
    width: int
    more: tuple[int, ...]


class Scoreboard:
    """Compares writes with what each pass must write, in any order; passes follow each other without overlap.

    Parameters
    ----------
    passes : sequence of (PassFacts, Words)
    fields : sequence of str
        :attr:`sim.folder.Design.row_fields`.

    Attributes
    ----------
    mismatch : Mismatch or None
        The first difference; nothing is compared after it.
    rows, codes : int
        Words and codes compared so far.
    """

    def __init__(self, passes: Sequence[tuple[PassFacts, Words]], fields: Sequence[str]) -> None:
        self.mismatch: Mismatch | None = None
        self.rows = self.codes = 0
        self._at = fields.index("data")
        self._places, self._more = tuple(fields[:self._at]), tuple(fields[self._at + 1:])
        self._facts = [facts for facts, _ in passes]
        self._pending = Pending(dict(_expected(facts, words, fields)) for facts, words in passes)

    @property
    def complete(self) -> bool:
        """Every expected word has come."""
        return self._pending.complete

    def row(self, unit: int, values: Sequence[int], *, cycle: int, time_ns: int) -> None:
        """Compare what a unit wrote: a value for each of the fields."""
        if self.mismatch is not None:
            return
        key, data, more = (unit, *values[:self._at]), values[self._at], tuple(values[self._at + 1:])
        word = self._pending.take(key)
        if word is None:
            self._surprise(key, data, cycle, time_ns)
            return
        facts = self._facts[self._pending.index]
        self.rows += 1
        self.codes += word.width
        different = (data & (1 << word.width * facts.code_bits) - 1) ^ word.codes
        if different:
            lane = ((different & -different).bit_length() - 1) // facts.code_bits
            expected, got = (_code(value, lane, facts) for value in (word.codes, data))
            self._differ("code", word, lane, expected, got, self._place(key), cycle, time_ns)
        for name, expected, got in zip(self._more, word.more, more, strict=True):
            if expected != got and self.mismatch is None:
                self._differ(name, word, -1, expected, got, f"{self._place(key)} with {name} {got}, not {expected}",
                             cycle, time_ns)

    def finish(self, *, cycle: int, time_ns: int) -> None:
        """Call when the run has ended: words that never came are a difference."""
        if self.mismatch is None and not self.complete:
            self._missing("the run ended without it", cycle, time_ns)

    def _place(self, key: _Key) -> str:
        return f"unit {key[0]} wrote {self._where(key)}"

    def _where(self, key: _Key) -> str:
        return ", ".join(f"{name} {value}" for name, value in zip(self._places, key[1:], strict=True))

    def _differ(self, kind: str, word: _Word, lane: int, expected: int | None, got: int | None, what: str, cycle: int,
                time_ns: int) -> None:
        facts = self._facts[self._pending.index]
        self.mismatch = Mismatch(
            kind=kind, pass_name=facts.name, domain=facts.domain, node=word.row,
            channel=word.chunk * facts.word_codes + lane if lane >= 0 else -1, expected=expected, got=got,
            cycle=cycle, time_ns=time_ns, detail=f"chunk {word.chunk}: {what}")

    def _surprise(self, key: _Key, data: int, cycle: int, time_ns: int) -> None:
        why, place, facts = self._pending.why_not(key), self._place(key), self._facts[self._pending.index]
        if why == "early":
            self._missing(f"a later pass already writes: {place}", cycle, time_ns)
            return
        owners = self._pending.owners(key[1:])
        if why == "foreign" and len(owners) == 1:
            self._differ("unexpected", owners[0][1], -1, owners[0][0], key[0],
                         f"{place}, which belongs to unit {owners[0][0]}", cycle, time_ns)
            return
        self.mismatch = Mismatch(
            kind="unexpected", pass_name=facts.name, domain=facts.domain, node=-1, channel=-1, expected=None, got=data,
            cycle=cycle, time_ns=time_ns,
            detail=f"{place} a second time" if why == "again" else f"{place}, which this pass does not own")

    def _missing(self, why: str, cycle: int, time_ns: int) -> None:
        words, key, word = self._pending.first_missing()
        self._differ("missing", word, -1, None, None,
                     f"{words} words missing, the first of them that of unit {key[0]}, {self._where(key)}; {why}",
                     cycle, time_ns)


def compare_results(found: NDArray[np.int64], results: Results, facts: PassFacts, *, cycle: int,
                    time_ns: int) -> Mismatch | None:
    """Compare results read from memory, int64 [rows, width]; the first difference, by node (or graph) and channel."""
    wrong = np.argwhere(found != results.codes)
    if not wrong.size:
        return None
    row, channel = (int(value) for value in wrong[0])
    return Mismatch(kind="result", pass_name=facts.name, domain=facts.domain, node=int(results.row[row]),
                    channel=channel, expected=int(results.codes[row, channel]), got=int(found[row, channel]),
                    cycle=cycle, time_ns=time_ns, detail=f"in memory after the store; {len(wrong)} results differ")


def _expected(facts: PassFacts, words: Words, fields: Sequence[str]) -> Iterable[tuple[_Key, _Word]]:
    more = [words.fields[name].tolist() for name in fields[fields.index("data") + 1:]]
    beside = zip(*more, strict=True) if more else [()] * len(words.row)
    for key, row, chunk, data, other in zip(words.places(fields).tolist(), words.row.tolist(), words.chunk.tolist(),
                                            words.data, beside, strict=True):
        width = min(facts.word_codes, facts.channels - chunk * facts.word_codes)
        codes = int.from_bytes(data.tobytes(), "little") & (1 << width * facts.code_bits) - 1
        yield tuple(key), _Word(row, chunk, codes, width, tuple(other))


def _code(word: int, lane: int, facts: PassFacts) -> int:
    bits = facts.code_bits
    code = word >> lane * bits & (1 << bits) - 1
    return code - (1 << bits) if facts.signed and code >> bits - 1 else code
