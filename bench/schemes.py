"""All schemes side by side, in accuracy, bits, memory, cycles and LUTs: docs/results.md.

    python bench/schemes.py                                  everything that is missing, then the page
    python bench/schemes.py --data Cora --scheme dq-int8 --runs 3
    python bench/schemes.py --simulate                       a build of each form of program in Verilator, and the page
    python bench/schemes.py --tell                           only the page, of what there is

Runs are seeds of one graph or folds of a set of graphs (bench/training_rows.py); each is a line of
docs/evidence/results.jsonl under its settings, and is not made again while these stay the same. Hardware is asked about
once a row, with its first run: formulas choose the design, the scheduler gives exact cycles. What simulations find is
in docs/evidence/results-simulated.jsonl; the exit status is 1 when one differs.
"""

import argparse
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from result_lines import EVIDENCE, append_line, read_lines, spread
from scheme_plots import plots
from scheme_rows import BOARD, MODELS, ROWS, facts_of
from scheme_simulations import FORMS, simulated, simulated_page
from training_rows import Row, fingerprint, known_lines, lines_of
from verification_table import table

from hwgen.errors import HwgenError
from hwgen.frontend.training.task import Task

ROOT = Path(__file__).parents[1]

HEAD = """# Schemes side by side

Made by `python bench/schemes.py`; every run is a line of `evidence/results.jsonl`.

{what}

Mean ± sample standard deviation over the runs, in percent: seeds 0 to 9 on Planetoid's public split, or stratified
folds (scikit-learn's, shuffled, seed 12345). Epochs are selected by validation accuracy (ties: lower loss), of learned
bits only after they are frozen; the test part is looked at once. *Test* is the integer program's, which is what
hardware computes bit for bit; of a prompt with a softmax, which has no integers yet, it is the quantized model's in
PyTorch. *Agree* is the share of all rows for which it gives PyTorch's class. FP32 is the model
that a row starts from, of the same seeds and recipe. *Rows* are stored bits of a hidden row, as A²Q reports them;
*codes* those of every stored code, messages too. *BitOps* are multiplications times the bits of both sides, and
additions over lists times the bits of what is added. *Features* are stored activations in KB, and how many times less
than in FP32: with the input, and hidden ones alone; then the same without messages, as SGQuant counts. *On chip* are
bits of all memories of the design, *AXI* the bytes that cross the bus for the model and one run over the test data.
Cycles are exact; LUTs are by formulas, on {board}.

"""
COLUMNS = ("scheme", "runs", "FP32", "test", "agree", "rows", "codes", "GBitOps", "features KB", "less: all",
           "less: hidden", "less: input, rows", "less: rows", "target", "cycles", "µs", "LUT", "on chip kbit", "AXI KB")


def hardware_lines(path: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    """What hardware takes, by data set, label and settings."""
    return {(each["dataset"], each["recipe"], each["settings"]): each for each in read_lines(path)
            if "hardware" in each}


def made(row: Row, results: Path, root: Path | None, runs: int) -> Iterator[dict[str, Any]]:
    """The runs of a row, and what hardware takes for the first."""
    known = {key: line for key, line in known_lines(results).items() if "hardware" not in line}
    yield from lines_of(row, known, count=runs, results=results, root=root, keep=None)
    task = row.task(root)
    key = (row.data, row.label, fingerprint(row, task.recipe))
    if in_integers(task) and key not in hardware_lines(results):
        append_line(results, {"dataset": key[0], "recipe": key[1], "settings": key[2], "seed": -1,
                              **facts_of(row, task)})


def in_integers(task: Task) -> bool:
    """Whether a program computes what is trained: a softmax over prompts stays PyTorch's."""
    return task.recipe.prompt is None or task.recipe.prompt.is_exact


def tested(lines: list[dict[str, Any]]) -> str:
    """Accuracies of these are the integer program's, or PyTorch's where there is none."""
    return "integer_test" if all("integer_test" in line for line in lines) else "test"


def shown(row: Row, lines: list[dict[str, Any]], hardware: dict[str, Any] | None) -> list[list[str]]:
    """Lines of the table: one for each target."""
    def mean(key: str) -> float:
        return statistics.mean(line[key] for line in lines)

    integer = tested(lines) == "integer_test"
    first = [row.label, str(len(lines)), spread(lines, "fp32_test"),
             spread(lines, tested(lines)) + ("" if integer else " in PyTorch"),
             f"{100 * mean('agreement'):.2f}" if integer else "–",
             f"{mean('bits'):.3f}", f"{mean('bits_of_every_code'):.2f}"]
    if hardware is None:
        return [[*first, *["–"] * (len(COLUMNS) - len(first))]]
    facts = hardware["facts"]
    first += [f"{facts['bit_ops'] / 1e9:.3f}", f"{facts['hidden_kb']:.2f}", *(
        f"{facts[name]:.1f}" for name in ("less_all", "less_hidden", "less_all_rows", "less_hidden_rows"))]
    rows = []
    for target, found in hardware["hardware"].items():
        if "refused" in found:
            rows.append([*first, target, "refused", *["–"] * 4])
        else:
            rows.append([*first, target, f"{found['cycles']:,.0f}", f"{found['us']:.1f}", f"{found['lut']:,.0f}",
                         f"{found['memory_kbit']:,.0f}", f"{found['axi_kb']:,.1f}"])
        first = [""] * len(first)
    return rows


def page(results: Path, root: Path | None) -> str:
    """All rows that have runs."""
    known = {key: line for key, line in known_lines(results).items() if "hardware" not in line}
    hardware = hardware_lines(results)
    text = ""
    drawn: dict[str, list[tuple[str, float, float, float | None]]] = {}
    for data in dict.fromkeys(row.data for row in ROWS):
        cells, refusals = list[list[str]](), list[str]()
        for row in (each for each in ROWS if each.data == data):
            settings = fingerprint(row, row.task(root).recipe)
            lines = [line for key, line in sorted(known.items()) if key[:3] == (data, row.label, settings)]
            if not lines:
                continue
            facts = hardware.get((data, row.label, settings))
            cells += shown(row, lines, facts)
            refusals += [] if facts is None else [
                f"- {row.label} on {target}: {found['refused']}.\n" for target, found in facts["hardware"].items()
                if "refused" in found]
            fastest = None if facts is None else min(
                (each["cycles"] for each in facts["hardware"].values() if "cycles" in each), default=None)
            drawn.setdefault(data, []).append((row.label, statistics.mean(each["bits"] for each in lines),
                                               100 * statistics.mean(each[tested(lines)] for each in lines), fastest))
        if cells:
            text += f"## {data}\n\n" + table(list(COLUMNS), cells) + "\n" + "".join(refusals) + "\n"
            text += "".join(f"![{data}, accuracy against {what}](results-{data.lower()}-{what}.svg)\n"
                            for what in ("bits", "cycles")) + "\n"
    plots(drawn, ROOT / "docs")
    settings = {(row.data, row.label): fingerprint(row, row.task(root).recipe)
                for row in ROWS if row.label in FORMS.get(row.data, ())}
    return text + simulated_page(beside(results), settings)


def beside(results: Path) -> Path:
    """Where lines of simulations lie."""
    return results.with_name(f"{results.stem}-simulated.jsonl")


def main() -> int:
    """Run what is missing; write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", help="default: all")
    parser.add_argument("--scheme", action="append", help="labels of rows; default: all")
    parser.add_argument("--runs", type=int, help="default: 10, of REDDIT-BINARY 3 but for nns")
    parser.add_argument("--data-root", type=Path, help="folder of the data sets' files (default: $HWGEN_DATA)")
    parser.add_argument("--results", type=Path, default=EVIDENCE / "results.jsonl")
    parser.add_argument("--simulate", action="store_true", help="simulate builds; nothing else is made")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "schemes", help="for build folders")
    parser.add_argument("--tell", action="store_true", help="only write the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    good = True
    for row in ROWS:
        wanted = row.data in (options.data or [row.data]) and row.label in (options.scheme or [row.label])
        if wanted and options.simulate and row.label in FORMS.get(row.data, ()):
            for line in simulated(row, options.data_root, options.work.resolve(), beside(options.results)):
                print(json.dumps(line), flush=True)
                good = good and line.get("exact", True)
        if wanted and not options.tell and not options.simulate:
            try:
                for _ in made(row, options.results, options.data_root, options.runs or row.runs):
                    pass
            except HwgenError as reason:  # no hardware holds a run's scales: the page has the runs before it
                print(f"{row.data} {row.label}: {reason}", flush=True)
    (ROOT / "docs" / "results.md").write_text(
        HEAD.format(what=" ".join(dict.fromkeys(MODELS[row.data] for row in ROWS)), board=BOARD)
        + page(options.results, options.data_root), encoding="utf-8")
    return int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
