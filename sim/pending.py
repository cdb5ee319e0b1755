"""Bookkeeping of the scoreboard: which words the passes of a run have yet to write."""

from collections.abc import Iterable
from typing import Generic, Literal, TypeVar

__all__ = ["Pending"]

Key = tuple[int, ...]  # who writes, and where to
Word = TypeVar("Word")


class Pending(Generic[Word]):
    """Words that come in any order within a pass, each once; passes follow each other without overlap.

    Parameters
    ----------
    passes : iterable of dict
        Words of each pass by where they are written.

    Attributes
    ----------
    index : int
        The pass that is written now.
    """

    def __init__(self, passes: Iterable[dict[Key, Word]]) -> None:
        self.index = 0
        self._passes = list(passes)
        self._seen: dict[Key, Word] = {}

    @property
    def complete(self) -> bool:
        """Every word has come."""
        return not any(self._passes)

    def take(self, key: Key) -> Word | None:
        """The word that is written; None if the pass has none to come there."""
        while self.index < len(self._passes) - 1 and not self._passes[self.index]:
            self.index += 1
            self._seen.clear()
        word = self._passes[self.index].pop(key, None)
        if word is not None:
            self._seen[key] = word
        return word

    def why_not(self, key: Key) -> Literal["again", "early", "foreign"]:
        """Why :meth:`take` gave None: the pass wrote it before, a later pass does, or none."""
        if key in self._seen:
            return "again"
        early = any(key in later for later in self._passes[self.index + 1:])
        return "early" if early else "foreign"

    def owners(self, place: Key) -> list[tuple[int, Word]]:
        """Who writes to a place in this pass, and what."""
        words = {**self._passes[self.index], **self._seen}
        return [(key[0], word) for key, word in words.items() if key[1:] == place]

    def first_missing(self) -> tuple[int, Key, Word]:
        """How many words the first incomplete pass lacks, and one of them; that pass is the present one from now on."""
        self.index = next(number for number, words in enumerate(self._passes) if words)
        words = self._passes[self.index]
        key = next(iter(words))
        return len(words), key, words[key]
