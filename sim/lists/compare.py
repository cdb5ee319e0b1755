"""The scoreboard: every word that a unit writes to the buffer against the words of its pass, as it is written."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..pending import Pending
from ..result import Mismatch
from .folder import PassFacts, Words

__all__ = ["Scoreboard"]


class _Word(NamedTuple):
    row: int
    chunk: int
    data: int
    entry: int


class Scoreboard:
    """Compares writes with what each pass must write, in any order; passes follow each other without overlap.

    Parameters
    ----------
    passes : sequence of (PassFacts, Words)
    units, lanes, code_bits : int

    Attributes
    ----------
    mismatch : Mismatch or None
        The first difference; nothing is compared after it.
    rows, codes : int
        Words and codes compared so far.
    """

    def __init__(self, passes: Sequence[tuple[PassFacts, Words]], *, units: int, lanes: int, code_bits: int) -> None:
        self.mismatch: Mismatch | None = None
        self.rows = self.codes = 0
        self._facts = [facts for facts, _ in passes]
        self._pending = Pending(dict(_words(words)) for _, words in passes)
        self._units, self._lanes, self._code_bits = units, lanes, code_bits

    @property
    def complete(self) -> bool:
        """Every expected word has come."""
        return self._pending.complete

    def row(self, unit: int, address: int, data: int, entry: int, /, *, cycle: int, time_ns: int) -> None:
        """Compare one word."""
        if self.mismatch is not None:
            return
        place = f"unit {unit} wrote word {address}"
        word = self._pending.take(address)
        if word is None:
            self._surprise(address, data, place, cycle, time_ns)
            return
        self.rows += 1
        self.codes += self._lanes
        different, lane = data ^ word.data, -1
        kind, what, expected, got = "", place, 0, 0
        if word.row % self._units != unit:
            kind, what = "unexpected", f"{place}, which belongs to unit {word.row % self._units}"
            expected, got = word.row % self._units, unit
        elif different:
            lane = ((different & -different).bit_length() - 1) // self._code_bits
            kind, expected, got = "code", self._code(word.data, lane), self._code(data, lane)
        elif entry != word.entry:
            kind, what, expected, got = "entry", f"{place} with entry {entry}, not {word.entry}", word.entry, entry
        if kind:
            self.mismatch = self._mismatch(kind, word, lane, expected, got, what, cycle, time_ns)

    def finish(self, *, cycle: int, time_ns: int) -> None:
        """Call when the run has ended: words that never came are a difference."""
        if self.mismatch is None and not self.complete:
            self._missing("the run ended without it", cycle, time_ns)

    def _code(self, word: int, lane: int) -> int:
        return word >> lane * self._code_bits & (1 << self._code_bits) - 1

    def _mismatch(self, kind: str, word: _Word, lane: int, expected: int | None, got: int | None, what: str,
                  cycle: int, time_ns: int) -> Mismatch:
        facts = self._facts[self._pending.index]
        return Mismatch(
            kind=kind, pass_name=facts.name, domain=facts.domain, node=word.row,
            channel=word.chunk * self._lanes + lane if lane >= 0 else -1, expected=expected, got=got, cycle=cycle,
            time_ns=time_ns, detail=f"chunk {word.chunk}: {what}")

    def _surprise(self, address: int, data: int, place: str, cycle: int, time_ns: int) -> None:
        why, facts = self._pending.why_not(address), self._facts[self._pending.index]
        if why == "early":
            self._missing(f"a later pass already writes: {place}", cycle, time_ns)
            return
        self.mismatch = Mismatch(
            kind="unexpected", pass_name=facts.name, domain=facts.domain, node=-1, channel=-1, expected=None, got=data,
            cycle=cycle, time_ns=time_ns,
            detail=f"{place} a second time" if why == "again" else f"{place}, which this pass does not own")

    def _missing(self, why: str, cycle: int, time_ns: int) -> None:
        words, address, word = self._pending.first_missing()
        self.mismatch = self._mismatch("missing", word, -1, None, None,
                                       f"{words} words missing, the first of them word {address}; {why}",
                                       cycle, time_ns)


def _words(words: Words) -> Iterable[tuple[int, _Word]]:
    data = (int.from_bytes(row.tobytes(), "little") for row in words.data)
    for address, row, chunk, word, entry in zip(words.address.tolist(), words.row.tolist(), words.chunk.tolist(), data,
                                                words.entry.tolist(), strict=True):
        yield address, _Word(row, chunk, word, entry)
