"""hwgen beside NNgen and da4ml on equal work, in one run: docs/peers.md and its plot.

    python bench/peers.py --peers-python VENV/bin/python [--only NNgen] [--page] [--work build/peers]

NNgen and da4ml are no dependencies of hwgen: ``--peers-python`` is an interpreter that has them, made by
``python -m venv VENV && VENV/bin/pip install nngen==1.3.4 da4ml==0.6.0``. Without it, or where it lacks one, its rows
are left out, with a line that says so, and the page keeps what it had.

Works are in bench/peers_work.py. Every row is simulated in Verilator, results compared one by one, and counted by one
Yosys command. Results lie in ``docs/evidence/peers.jsonl``, a line each; a row that is named by ``--only``, or is not
there, is run.
"""

import argparse
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from peers_designs import table
from peers_hwgen import SMALL, built, float_results, float_seconds
from peers_page import document, plot
from peers_tools import count, foreign, simulate, versions
from peers_work import Work, save_work, work_of
from result_lines import append_line, read_lines

HERE = Path(__file__).resolve().parent
WANTED = {"NNgen": ("nngen", "1.3.4"), "da4ml": ("da4ml", "0.6.0")}
ONE, EIGHT, FOUR, TINY = ("one layer, 32 nodes, 8 bit", "two layers, 32 nodes, 8 bit", "two layers, 32 nodes, 4 bit",
                          "two layers, 8 nodes, 4 bit")

_SMALL = ", ".join(f"`{name}` {value}" for name, value in SMALL.items() if name not in ("graphs",))


@dataclass(frozen=True)
class Row:
    """A work on one design of one peer.

    Parameters
    ----------
    peer, work, design : str
        Who, what (:data:`peers_work.WORKS`), and what is particular of the design.
    options : mapping
        For hwgen those of ``hwgen.build``; for NNgen ``form``, ``par``, ``bits`` of its bus, and ``delay``.
    """

    peer: str
    work: str
    design: str
    options: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Names the row in results and folders."""
        return f"{self.peer}, {self.work}, {self.design}"


def _nngen(work: str, design: str, form: str, par: int, bits: int, delay: str) -> Row:
    return Row("NNgen", work, design, {"form": form, "par": par, "bits": bits, "delay": delay})


ROWS = (
    Row("hwgen", FOUR, "small", {"target": "lists", **SMALL}),
    Row("hwgen", EIGHT, "small", {"target": "lists", **SMALL}),
    _nngen(EIGHT, "4 × 4, 32-bit bus", "turned", 4, 32, "none"),
    Row("da4ml", TINY, "constants", {}),
    Row("hwgen", TINY, "small", {"target": "lists", **SMALL, "lanes": 8}),
    _nngen(EIGHT, "4 × 4, 32-bit bus, as written, slow memory", "plain", 4, 32, "examples"),
    Row("hwgen", EIGHT, "as chosen", {}),
    Row("hwgen", ONE, "small", {"target": "lists", **SMALL}),
    _nngen(ONE, "4 × 4, 32-bit bus", "turned", 4, 32, "none"),
    Row("hwgen", FOUR, "as chosen", {}),
    _nngen(EIGHT, "8 × 8, 128-bit bus", "turned", 8, 128, "none"),
)


def measured(row: Row, folder: Path, python: Path | None) -> dict[str, Any]:
    """What a row comes to."""
    work = work_of(row.work)
    if row.peer == "hwgen":
        return built(work, folder, 8 if "8 bit" in row.work else 4, row.options)
    assert python is not None
    save_work(work, folder / "work.npz")
    words = [str(row.options[name]) for name in ("form", "par", "bits", "delay") if name in row.options]
    facts = foreign(python, HERE / f"peers_{row.peer.lower()}.py", str(folder / "work.npz"), str(folder), *words)
    if not facts["same_as_numpy"]:
        raise SystemExit(f"{row.name}: the peer's own model differs from NumPy's")
    cycles, wrong = simulate(folder)
    return {"exact": not wrong, "wrong": wrong, "cycles": cycles, "results": facts["results"],
            **{name: amount for name, amount in asdict(count(folder / "design.v", "gcn")).items()
               if name in ("lut", "ff", "bram36", "dsp")}}




def error_of(work: Work, results: Any) -> float:
    """How far results, in their best unit, are from the float model's: the norm of the difference by the norm."""
    found, wanted = np.asarray(results, dtype=np.float64), float_results(work)
    unit = (found * wanted).sum() / max(1e-9, (found**2).sum())
    return float(np.linalg.norm(unit * found - wanted) / np.linalg.norm(wanted))


def available(python: Path | None) -> Iterator[str]:
    """Peers that can run; a line for each that cannot."""
    found = {} if python is None else versions(python, tuple(package for package, _ in WANTED.values()))
    yield "hwgen"
    for peer, (package, version) in WANTED.items():
        if found.get(package) == version:
            yield peer
        else:
            print(f"{peer} is left out: --peers-python has {package} {found.get(package) or 'not at all'}; "
                  f"VENV/bin/pip install {package}=={version}, then --peers-python VENV/bin/python")


def main() -> None:
    """Run what is missing; write results, page and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", type=Path, help="interpreter that has nngen and da4ml")
    parser.add_argument("--only", help="run rows whose names hold this, known or not")
    parser.add_argument("--page", action="store_true", help="run no row: write the page of what is known")
    parser.add_argument("--work", type=Path, default=Path("build/peers"), help="folder for designs")
    parser.add_argument("--output", type=Path, default=HERE.parent / "docs" / "peers.md")
    args = parser.parse_args()
    results = args.output.parent / "evidence" / f"{args.output.stem}.jsonl"
    peers = set() if args.page else set(available(args.peers_python))
    known = {line["name"] for line in read_lines(results)}
    for row in ROWS:
        if row.peer not in peers or (args.only not in row.name if args.only else row.name in known):
            continue
        folder = (args.work / re.sub(r"[^a-z0-9]+", "-", row.name.lower())).resolve()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        found = measured(row, folder, args.peers_python and args.peers_python.absolute())
        work = work_of(row.work)
        line = {"name": row.name, "peer": row.peer, "work": row.work, "design": row.design,
                "options": dict(row.options), "error": error_of(work, found.pop("results")), **found}
        append_line(results, line)
        print(json.dumps(line), flush=True)
    lines = list({line["name"]: line for line in read_lines(results)}.values())
    seconds = {name: float_seconds(work_of(name)) for name in (ONE, EIGHT, TINY)}
    designs = {FOUR: table(FOUR, 4), EIGHT: table(EIGHT, 8)}
    args.output.write_text(document(lines, seconds, designs, _SMALL), encoding="utf-8")
    args.output.with_suffix(".svg").write_text(plot(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
