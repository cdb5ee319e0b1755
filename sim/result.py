"""What a cosimulation found out, as plain data that survives the way out of the simulator as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BatchResult", "Mismatch", "Result"]


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """The first difference.

    Parameters
    ----------
    kind : str
        ``code``: a wrong code. ``missing``: a word never came. ``unexpected``: a word nobody expects, or one that came
        twice. ``result``: a code that is right when written and wrong in memory. ``stuck``: the design reported an
        error or never finished. ``counter``: a counter that is not what was estimated. ``entry``, and every other
        field that a design writes beside codes: right codes with a wrong one.
    pass_name : str
    node, channel : int
        -1 where they do not apply.
    expected, got : int or None
    cycle : int
        Cycles since the run command; ``time_ns`` is the simulator's time, as in traces.
    detail : str
        One sentence.
    domain : str
        What ``node`` counts: nodes or graphs.
    """

    kind: str
    pass_name: str
    node: int
    channel: int
    expected: int | None
    got: int | None
    cycle: int
    time_ns: int
    detail: str
    domain: str = "node"

    def __str__(self) -> str:
        where = f"pass {self.pass_name}"
        if self.node >= 0:
            where += f", {self.domain} {self.node}"
        if self.channel >= 0:
            where += f", channel {self.channel}: expected {self.expected}, got {self.got}"
        return f"{where} at cycle {self.cycle} ({self.time_ns} ns): {self.detail}"


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """Outcome of one batch.

    Parameters
    ----------
    mismatch : Mismatch or None
        None: every word of every pass arrived exactly once with the expected codes, so did the results over AXI, and
        every counter is as expected.
    cycles, load_cycles, store_cycles : int
        The RTL's own counters.
    pass_cycles : tuple of int
        Cycles of each pass: differences of PASS_CYCLES.
    counters : mapping of str to int
        Every read-only counter register, by name.
    rows_compared, codes_compared : int
        Words and codes.
    logits : int64 [n, c]
        Results as read from memory, of nodes or graphs by their number; empty if the run did not get that far.
    """

    mismatch: Mismatch | None
    cycles: int
    load_cycles: int
    store_cycles: int
    pass_cycles: tuple[int, ...]
    counters: Mapping[str, int]
    rows_compared: int
    codes_compared: int
    logits: NDArray[np.int64]

    @property
    def ok(self) -> bool:
        """Everything is as expected."""
        return self.mismatch is None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        facts = {field.name: getattr(self, field.name) for field in fields(self)}
        facts["mismatch"] = asdict(self.mismatch) if self.mismatch else None
        facts["logits"] = self.logits.tolist()
        facts["pass_cycles"] = list(self.pass_cycles)
        facts["counters"] = dict(self.counters)
        return facts

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> "BatchResult":
        """Inverse of :meth:`to_dict`."""
        wrong = facts["mismatch"]
        return cls(**{**facts, "mismatch": Mismatch(**wrong) if wrong else None,
                      "logits": np.array(facts["logits"], dtype=np.int64),
                      "pass_cycles": tuple(facts["pass_cycles"])})


@dataclass(frozen=True, kw_only=True)
class Result:
    """Outcome of one cosimulation, which ends at the first difference.

    Parameters
    ----------
    mismatch : Mismatch or None
        The first difference, of the last one of ``batches``, or of the model's load if there are none.
    batches : mapping of str to BatchResult
        Batches that ran, by name.
    model_load_cycles : int
        0 where batches bring everything along.
    compile_s, simulate_s : float
    peak_bytes : int
        Memory of the largest process.
    trace : str or None
        Trace file.
    """

    mismatch: Mismatch | None
    batches: Mapping[str, BatchResult]
    model_load_cycles: int = 0
    compile_s: float = 0.0
    simulate_s: float = 0.0
    peak_bytes: int = 0
    trace: str | None = None

    @property
    def ok(self) -> bool:
        """Everything is as expected."""
        return self.mismatch is None

    @property
    def cycles(self) -> int:
        """Of all batches that ran."""
        return sum(batch.cycles for batch in self.batches.values())

    def __str__(self) -> str:
        if self.mismatch is None:
            words = sum(batch.rows_compared for batch in self.batches.values())
            return f"{len(self.batches)} batches, {words} words and all results as expected"
        where = f"batch {list(self.batches)[-1]}: " if self.batches else ""
        return where + str(self.mismatch)

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], **more: Any) -> "Result":
        """Out of the JSON that :mod:`sim.cosim` writes."""
        batches = {name: BatchResult.from_dict(entry) for name, entry in facts["batches"].items()}
        failed = facts["model_mismatch"]
        mismatch = Mismatch(**failed) if failed else next(
            (batch.mismatch for batch in batches.values() if batch.mismatch), None)
        return cls(mismatch=mismatch, batches=batches, model_load_cycles=facts["model_load_cycles"], **more)
