"""The text of docs/verification_graphs.md, out of the lines that bench/verification_graphs.py found."""

from collections.abc import Iterator, Sequence
from typing import Any

from verification_table import percent, processors, table, yes

__all__ = ["document"]

HEAD = """# Verification on sets of graphs

Made by `python bench/verification_graphs.py --models DIR`; every line's facts are in
`evidence/verification_graphs.jsonl`.

Trained networks (fold 0 of [accuracy.md](accuracy.md)), built for the Ultra96 by `hwgen build`, and simulated in
Verilator over their AXI ports on graphs that training never saw: the whole test fold; of REDDIT-BINARY 60 of its
graphs, from the smallest to the largest. GraphSAGE (Cora) and the residual GCN (CiteSeer) run their whole graph.
*Exact* means that every buffer word of every pass was written once, with the codes and the entry of the integer
reference, and that the results are the reference's as they lie in memory. *Difference* is the estimate's cycles minus
the RTL's own counter, summed over batches; *counters* says whether each pass's cycles and every stage counter are the
estimate's. *Cycles a graph* and *µs a graph* leave transfers out; the clock of {clock} MHz is an assumption.
*Agreement* is the share of graphs (nodes) to which the quantized model in real numbers gives the same class, *accuracy*
the hardware's on these graphs (on test nodes).
"""
WIDTHS = """
## Learned against uniform widths

Cycles of the same graphs on the same design, in batches of up to 8, by the exact estimate: with the bits that each row
has, and with so many bits in every row that the MAC array reads (but of the input). In brackets how many times as long
that takes.

"""
DESIGNS = """
## Designs

Counts are Yosys's, out of context. *Nodes*, *edges* and *graphs* are the largest batch that a design takes.

"""
UNIFORM = ("uniform 2 bit", "uniform 4 bit", "uniform 8 bit")
NAMES = {"lut": "LUT", "lutram": "LUTRAM", "ff": "FF", "bram36": "BRAM36", "dsp": "DSP"}


def document(lines: Sequence[dict[str, Any]]) -> str:
    """The whole page."""
    text = HEAD.format(clock=lines[0]["clock_mhz"]) + "\n"
    text += table(("model", "batches of", "graphs", "exact", "codes", "cycles", "difference", "counters",
                   "cycles a graph", "µs a graph", "agreement", "accuracy", "compile s", "simulate s"),
                  [row for line in lines for row in _runs(line)])
    runs = [run for line in lines for run in line["runs"].values()]
    told = [line for line in lines if "by_bits" in line]
    text += (f"\n{sum(run['exact'] for run in runs)} of {len(runs)} runs are exact: "
             f"{sum(run['batches'] for run in runs):,} batches, {sum(run['codes'] for run in runs):,} codes compared. "
             f"Times are of {processors(lines)}.\n")
    text += WIDTHS + table(("model", "learned", *UNIFORM), [_widths(line) for line in told])
    text += DESIGNS + table(
        ("model", "units", "lanes", "requantizer lanes", "graphs", "nodes", "edges", *NAMES.values()),
        [[line["model"], *(line["hardware"][name] for name in ("units", "lanes", "requant_lanes")),
          *(f"{line['capacities'][f'max_{name}']:,}" for name in ("graphs", "nodes", "edges")),
          *(f"{line['resources'][name]:,g} ({100 * line['shares'][name]:.0f} %)" for name in NAMES)] for line in lines])
    return text


def _widths(line: dict[str, Any]) -> list[object]:
    learned = line["by_bits"]["learned"]
    return [line["model"], f"{learned:,}",
            *(f"{line['by_bits'][name]:,} ({line['by_bits'][name] / learned:.2f} ×)" for name in UNIFORM)]


def _runs(line: dict[str, Any]) -> Iterator[list[object]]:
    for size, run in sorted(line["runs"].items(), key=lambda each: int(each[0])):
        each = run["cycles"] / run["graphs"]
        yield [line["model"], "the graph" if line["nodes"] else size if size == "1" else f"up to {size}", run["graphs"],
               yes(run["exact"]), f"{run['codes']:,}", f"{run['cycles']:,}", run["estimate_minus_counter"],
               "equal" if run["counters_equal"] else "DIFFER", f"{each:,.0f}", f"{each / line['clock_mhz']:,.2f}",
               percent(run["agreement"]), percent(run["accuracy"]), run["compile_s"] or "–", run["simulate_s"]]
