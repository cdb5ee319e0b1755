"""What a cosimulation of several batches found out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..result import Mismatch, Result

__all__ = ["ListsResult"]


@dataclass(frozen=True, kw_only=True)
class ListsResult:
    """Outcome of one simulation of a model and a list of batches, which ends at the first difference.

    Parameters
    ----------
    mismatch : Mismatch or None
        The first difference, of the last one of ``batches``, or of the model's load if there are none.
    batches : mapping of str to Result
        Batches that ran, by name: ``rows_compared`` are buffer words.
    model_load_cycles : int
    compile_s, simulate_s : float
    peak_bytes : int
        Memory of the largest process.
    trace : str or None
    """

    mismatch: Mismatch | None
    batches: Mapping[str, Result]
    model_load_cycles: int
    compile_s: float = 0.0
    simulate_s: float = 0.0
    peak_bytes: int = 0
    trace: str | None = None

    @property
    def ok(self) -> bool:
        """Everything is as expected."""
        return self.mismatch is None

    def __str__(self) -> str:
        if self.mismatch is None:
            words = sum(result.rows_compared for result in self.batches.values())
            return f"{len(self.batches)} batches, {words} buffer words and all results as expected"
        where = f"batch {list(self.batches)[-1]}: " if self.batches else ""
        return where + str(self.mismatch)

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], **more: Any) -> "ListsResult":
        """Out of the JSON that :mod:`sim.lists.cosim` writes."""
        batches = {name: Result.from_dict(entry) for name, entry in facts["batches"].items()}
        failed = facts["model_mismatch"]
        mismatch = Mismatch(**failed) if failed else next(
            (result.mismatch for result in batches.values() if result.mismatch), None)
        return cls(mismatch=mismatch, batches=batches, model_load_cycles=facts["model_load_cycles"], **more)
