"""The scoreboard: every row a server writes against the codes expected of its pass, as it is written."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .folder import ExpectedPass
from .pending import Pending
from .result import Mismatch

__all__ = ["Scoreboard", "compare_results"]


@dataclass(frozen=True)
class _Word:
    """One row or result word that must come: its codes as one number, first channel lowest."""

    node: int
    channel: int
    codes: int
    count: int


_Key = tuple[int, int, int]  # server, bank, address


class Scoreboard:
    """Compares row writes with what each pass must write; passes follow each other without overlap.

    Parameters
    ----------
    passes : sequence of ExpectedPass

    Attributes
    ----------
    mismatch : Mismatch or None
        The first difference; nothing is compared after it.
    rows, codes : int
        Compared so far.
    """

    def __init__(self, passes: Sequence[ExpectedPass]) -> None:
        self.mismatch: Mismatch | None = None
        self.rows = self.codes = 0
        self._passes = passes
        self._pending = Pending(map(_words, passes))

    @property
    def complete(self) -> bool:
        """Every expected row has come."""
        return self._pending.complete

    def row(self, server: int, bank: int, address: int, data: int, *, cycle: int, time_ns: int) -> None:
        """Compare one row write; ``bank`` is the index among the server's own."""
        if self.mismatch is not None:
            return
        key = (server, bank, address)
        word = self._pending.take(key)
        if word is None:
            self._surprise(key, data, cycle, time_ns)
            return
        now = self._passes[self._pending.index]
        self.rows += 1
        self.codes += word.count
        different = (data & (1 << word.count * now.code_bits) - 1) ^ word.codes
        if different:
            channel = ((different & -different).bit_length() - 1) // now.code_bits
            signed = bool((now.codes < 0).any())
            expected, got = (_code(value, channel, now.code_bits, signed) for value in (word.codes, data))
            self.mismatch = Mismatch(
                kind="code", pass_name=now.name, node=word.node, channel=word.channel + channel, expected=expected,
                got=got, cycle=cycle, time_ns=time_ns,
                detail=f"written by server {server} to bank {bank}, address {address}")

    def finish(self, *, cycle: int, time_ns: int) -> None:
        """Call when the run has ended: rows that never came are a difference."""
        if self.mismatch is None and not self.complete:
            self._missing("the run ended without it", cycle, time_ns)

    def _surprise(self, key: _Key, data: int, cycle: int, time_ns: int) -> None:
        place, why = f"server {key[0]} wrote bank {key[1]}, address {key[2]}", self._pending.why_not(key)
        if why == "early":
            self._missing(f"a later pass already writes: {place}", cycle, time_ns)
            return
        self.mismatch = Mismatch(
            kind="unexpected", pass_name=self._passes[self._pending.index].name, node=-1, channel=-1, expected=None,
            got=data, cycle=cycle, time_ns=time_ns,
            detail=f"{place} a second time" if why == "again" else f"{place}, which this pass does not own")

    def _missing(self, why: str, cycle: int, time_ns: int) -> None:
        rows, (server, bank, address), word = self._pending.first_missing()
        self.mismatch = Mismatch(
            kind="missing", pass_name=self._passes[self._pending.index].name, node=word.node, channel=-1, expected=None,
            got=None, cycle=cycle, time_ns=time_ns,
            detail=f"{rows} rows missing, the first of them at server {server}, bank {bank}, address {address}; {why}")


def compare_results(logits: NDArray[np.int64], expected: NDArray[np.int64], pass_name: str, *, cycle: int,
                    time_ns: int, domain: str = "node") -> Mismatch | None:
    """Compare results read from memory; the first difference, by node (or graph) and channel."""
    wrong = np.argwhere(logits != expected)
    if not wrong.size:
        return None
    node, channel = (int(value) for value in wrong[0])
    return Mismatch(kind="result", pass_name=pass_name, node=node, channel=channel,
                    expected=int(expected[node, channel]), got=int(logits[node, channel]), cycle=cycle,
                    time_ns=time_ns, domain=domain, detail=f"in memory after the store; {len(wrong)} results differ")


def _words(entry: ExpectedPass) -> dict[_Key, _Word]:
    width = entry.codes.shape[1]
    mask = (1 << entry.code_bits) - 1
    words: dict[_Key, _Word] = {}
    for node, server, bank, address, codes in zip(
            entry.node.tolist(), entry.server.tolist(), entry.bank.tolist(), entry.address.tolist(),
            (entry.codes & mask).tolist(), strict=True):
        for chunk, first in enumerate(range(0, width, entry.word_codes)):
            part = codes[first:first + entry.word_codes]
            packed = sum(code << entry.code_bits * lane for lane, code in enumerate(part))
            key = (server, bank, address + chunk)
            if key in words:
                raise ValueError(f"pass {entry.name}: two nodes own server {server}, bank {bank}, "
                                 f"address {address + chunk}")
            words[key] = _Word(node, first, packed, len(part))
    return words


def _code(word: int, channel: int, bits: int, signed: bool) -> int:
    code = word >> channel * bits & (1 << bits) - 1
    return code - (1 << bits) if signed and code >> bits - 1 else code
