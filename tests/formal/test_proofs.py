# amaranth: UnusedElaboratable=no
"""Formal proofs without a solver: what they are made of fits the RTL; verdicts become a table and an exit status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth import Module, Signal
from amaranth.back import rtlil
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

import formal.__main__ as command
from formal.blocks import find
from formal.harness import Harness
from formal.observe import Inside
from formal.page import facts, page, summary
from formal.proof import Patch
from formal.run import Job, Outcome

ROOT = Path(__file__).parents[2]
PROOFS = find()


@pytest.mark.parametrize("name", [proof.name for _, proof in PROOFS])
def test_what_a_proof_changes_is_in_the_source_once(name):
    proof = next(proof for _, proof in PROOFS if proof.name == name)
    for patch in [*proof.reduced, *(mutant.patch for mutant in proof.mutants)]:
        assert (ROOT / "rtl_templates" / patch.file).read_text().count(patch.old) == 1, patch
        assert patch.old != patch.new


@pytest.mark.slow
def test_a_mutant_is_another_design(tmp_path):
    """In a process of its own, as modules are patched when they are imported."""
    module, proof = next(each for each in PROOFS if each[1].name == "queue-5")
    texts = []
    for patches in ([], [proof.mutants[0].patch], [Patch("lists/requantize_parts.py", "no such text", "")]):
        done = subprocess.run([sys.executable, "-P", "-m", "formal.emit", module, proof.name, tmp_path / "design.il",
                               json.dumps(patches)], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True,
                              text=True, timeout=60, check=False)
        texts.append(done.stderr if done.returncode else (tmp_path / "design.il").read_text())
    assert all("$check" in text for text in texts[:2])
    assert texts[1] != texts[0]
    assert "0 times, not once: no such text" in texts[2]


class Part(wiring.Component):
    """A register, and what is combinational of it."""

    i: Signal
    o: Signal

    def __init__(self):
        super().__init__({"i": In(2), "o": Out(2)})

    def elaborate(self, platform):
        m = Module()
        first, second = Signal(2), Signal(2)
        kept = Signal(2)
        m.d.sync += [first.eq(self.i), kept.eq(first)]
        m.d.comb += [second.eq(kept), self.o.eq(second & self.i)]
        return m


def test_registers_are_told_from_what_is_combinational():
    inside = Inside(Part())
    assert inside.register("kept").name == "kept"
    assert inside.signal("first") is not inside.signal("second")  # Amaranth names neither: they are the variables'
    with pytest.raises(LookupError, match="o is no register"):
        inside.register("o")
    with pytest.raises(LookupError, match="0 signals nothing"):
        inside.signal("nothing")


def test_a_driven_input_is_no_port():
    harness = Harness()
    part = harness.place(Part())
    assert [port.name for port in harness.ports] == ["clk", "i"]
    harness.drive(part.i, 1)
    harness.check(part.o != 2)
    assert [port.name for port in harness.ports] == ["clk"]
    text = rtlil.convert(harness.m, name="top", ports=harness.ports)
    assert "connect \\CLK \\clk" in text  # a clock that is no port stands still
    assert "$check" in text


def outcomes(verdict="FAIL"):
    module, proof = PROOFS[0]
    return [Outcome(Job(module, proof, "prove"), True, "PASS", 2.0, ""),
            Outcome(Job(module, proof, "cover"), True, "PASS", 1.0, ""),
            Outcome(Job(module, proof, "mutant"), verdict == "FAIL", verdict, 1.0, "log")]


def test_a_fault_that_passes_is_seen_everywhere():
    assert "**PASS**" not in page(facts(outcomes()))
    assert "**PASS**" in page(facts(outcomes("PASS")))
    assert "3 of 3 as they should be" in summary(outcomes())
    assert "2 of 3 as they should be" in summary(outcomes("PASS"))
    assert [other["good"] for other in facts(outcomes("PASS"))[0]["others"]] == [True, False]


def test_text_with_a_bar_keeps_its_column():
    found = [{**facts(outcomes())[0], "what": "a | b"}]
    row = next(line for line in page(found).splitlines() if "a \\| b" in line)
    assert row.replace("\\|", "").count("|") == 10


@pytest.mark.parametrize(("verdict", "status"), [("FAIL", 0), ("PASS", 1), ("UNKNOWN", 1)])
def test_the_exit_status(verdict, status, monkeypatch, capsys):
    done = {outcome.job[2:]: outcome for outcome in outcomes(verdict)}
    monkeypatch.setattr(command, "run", lambda job, keep: done[job.kind, 0])
    monkeypatch.setattr(command, "check_tools", lambda: None)
    monkeypatch.setattr(sys, "argv", ["formal", "--mutants", "--json", "--only", PROOFS[0][1].name])
    assert command.main() == status
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_a_run_of_some_proofs_keeps_the_others(tmp_path, monkeypatch, capsys):
    done = {outcome.job[2:]: outcome for outcome in outcomes()}
    monkeypatch.setattr(command, "run", lambda job, keep: done[job.kind, 0]._replace(job=job))
    monkeypatch.setattr(command, "check_tools", lambda: None)
    names = [proof.name for _, proof in PROOFS[:2]]
    for name in reversed(names):
        monkeypatch.setattr(sys, "argv", ["formal", "--only", name, "--output", str(tmp_path / "proofs.md")])
        assert command.main() == 0
    assert [each["proof"] for each in json.loads((tmp_path / "evidence" / "proofs.json").read_text())] == names
    assert all(f"| `{name}` |" in (tmp_path / "proofs.md").read_text() for name in names)


def test_an_unknown_name_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["formal", "--only", "nothing"])
    with pytest.raises(SystemExit, match="no proof is named nothing"):
        command.main()
