"""docs/peers.md and its plot, of the results of bench/peers.py."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter
from peers_work import WORKS, Work, work_of

from hwgen.report.plots import PALETTE, STYLE

__all__ = ["MHZ", "document", "plot", "product", "times_less"]

Line = Mapping[str, Any]

MHZ = 250  #: Assumed, as boards' files do: nothing is placed and routed.
EIGHT, FOUR = "two layers, 32 nodes, 8 bit", "two layers, 32 nodes, 4 bit"

HEAD = """# Peers in the same run

Made by `python bench/peers.py --peers-python VENV/bin/python`, where `VENV` has NNgen 1.3.4 and da4ml 0.6.0; no
dependency of hwgen brings these along. One command runs hwgen and both peers on the same graphs, features and weights,
simulates each in Verilator, compares every result, and counts each one's Verilog by one Yosys command (`synth_xilinx
-family xcup -abc9 -flatten -noiopad -noclkbuf`; of hwgen the parts that `hwgen build` counts, a unit and what is
around it, as many as the design has).

![Cycles and look-up tables](peers.svg)

## What each row includes

* **The work** is `bench/peers_work.py`: a random graph, features, and a GCN with normalized adjacency and ReLU between
  layers. Every peer is given the same ones.
* **hwgen**: widths of 4 or 8 bits, the same for features, weights, hidden rows and messages. Cycles are the RTL's own
  counters: the load of the model (weights, constants) and of the graph (edges, features), the run, and the store of the
  results, over a bus of 128 bits. *small* is `hwgen build --target lists --graphs 1` with
  {small} in `--config` (`lanes` 8 for the graph of 8 nodes);
  *as chosen* is `hwgen build` with nothing asked for, which wants the fewest cycles of a run.
* **NNgen**: signed bytes everywhere, sums of 32 bits. The adjacency matrix is dense, for its compiler has no sparse
  ones, and is one of its weights. Cycles go from the write that starts it to the read that says it has ended; it loads
  features, weights and adjacency, and stores every layer's result, in that time. a × b: multipliers side by side.
* **da4ml**: weights and graph are constants of the circuit. Nothing but features comes in, and there is no memory and
  no bus: cycles are the registers from features to results, and a graph may follow every cycle. Another graph or other
  weights are another circuit. Neighbours are summed without normalization, which favours it.
* **Memory** answers at once and never pauses, for all; *slow memory* is the model that NNgen's own examples use.
* **Error** is the norm of the difference from PyG's float results, by their norm, in the best unit that results can
  have. Nothing was trained, and each quantizes after the fact: it shows that all compute the same thing, no accuracy.

"""

EARLIER = 441.6  #: Millions: 55,705 cycles, 7,927 look-up tables.
AIM = 50  #: How many times less than NNgen's product was aimed at.
#: Figures of others, that nothing here made.
PUBLISHED = Path(__file__).with_name("peers_published.md")


def product(line: Line) -> float:
    """Cycles times look-up tables, in millions."""
    return float(line["cycles"] * line["lut"] / 1e6)


def times_less(line: Line, other: Line) -> float:
    """By which factor a row's product is less than another's."""
    return product(other) / product(line)


def _facts(work: Work) -> str:
    linked, widths = work.edges.shape[1], " → ".join(map(str, work.widths))
    return (f"{work.nodes} nodes, {linked} directed edges and self loops, channels {widths}; "
            f"{work.sparse_products:,} products where only edges count, {work.dense_products:,} with a dense matrix.")


def _table(lines: Sequence[Line]) -> str:
    titles = ("", "design", "cycles", "load", "run", "store", "LUT", "FF", "BRAM36", "DSP", "cycles × LUT, millions",
              "results", "error")
    rows = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for line in sorted(lines, key=lambda each: (not each["exact"], product(each))):
        parts = [f"{line[name]:,}" if name in line else "–" for name in ("load", "run", "store")]
        results = "all equal" if line["exact"] else f"**{line.get('wrong', 'some')} wrong**"
        error = "–" if line["peer"] == "da4ml" or not line["exact"] else f"{line['error']:.1%}"
        cells = (line["peer"], line["design"], f"{line['cycles']:,}", *parts, f"{line['lut']:,}", f"{line['ff']:,}",
                 f"{line['bram36']:g}", line["dsp"], f"{product(line):.3g}", results, error)
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(rows) + "\n\n"


def document(lines: Sequence[Line], seconds: Mapping[str, float], designs: Mapping[str, str], small: str) -> str:
    """The page.

    Parameters
    ----------
    lines : sequence of mapping
        Results, one a row.
    seconds : mapping of work to float
        PyG's forward on this CPU.
    designs : mapping of work to str
        Tables of :mod:`peers_designs`.
    small : str
        Parameters of the small design, for people.
    """
    text = HEAD.replace("{small}", small)
    for name in WORKS:
        mine = [line for line in lines if line["work"] == name]
        if mine:
            text += f"## {name[0].upper()}{name[1:]}\n\n{_facts(work_of(name))}\n\n{_table(mine)}"
    return text + _against(lines) + _pyg(lines, seconds) + _designs(designs) + PUBLISHED.read_text("utf-8")


def _against(lines: Sequence[Line]) -> str:
    """How much less hwgen's product is than NNgen's."""
    small = {line["work"]: line for line in lines if line["peer"] == "hwgen" and line["design"] == "small"}
    nngen = [line for line in lines if line["peer"] == "NNgen" and line["work"] == EIGHT]
    rows = ["| NNgen | cycles × LUT, millions | hwgen at 8 bits is less by | at 4 bits |", "|---|---|---|---|"]
    for line in sorted(nngen, key=product):
        wrong = "" if line["exact"] else f", {line['wrong']} of 224 results wrong"
        rows.append(f"| {line['design']}{wrong} | {product(line):.1f} | {times_less(small[EIGHT], line):.1f}× | "
                    f"{times_less(small[FOUR], line):.1f}× |")
    best = min((line for line in nngen if line["exact"]), key=product)
    constants = next(line for line in lines if line["peer"] == "da4ml")
    return "## How much less\n\n" + "\n".join(rows) + f"""

{_prose(small, best)}
da4ml's circuit takes {times_less(constants, small[constants["work"]]):.0f} times less than hwgen's small design on the
graph of 8 nodes, which nothing that loads weights and graphs can reach. It is one graph's, and grows with it: 8 nodes
take {constants["lut"]:,} look-up tables there, about as many as hwgen's design for any graph of 32.

"""


def _prose(small: Mapping[str, Line], best: Line) -> str:
    mine, wanted = small[FOUR], product(best) / AIM
    left = 1e6 * wanted / mine["load"]
    less, less_of_eight = (EARLIER / product(small[work]) for work in (FOUR, EIGHT))
    return f"""An earlier comparison took {EARLIER} million for NNgen's figure; {AIM} times less was aimed at. Beside
that, hwgen takes {less:.0f} times less at 4 bits, and {less_of_eight:.0f} times less at 8.

But that run is the formula as it is written, `A (X W)`, for which NNgen transposes between the products, on the memory
of its examples, and its results are wrong, here too: it measures nothing. The cause was not looked for, and need not
be NNgen's; one multiplier instead of 4 × 4 does not change it. The form that NNgen's hardware is made for, `W^T X^T`
and `A (W^T X^T)^T`, is right in every result and takes a tenth of the cycles. That is the row that counts
([decision 26](decisions/0026-peers.md)).

{AIM} times less than that row is out of reach: it would be {wanted:.2f} million, and the {mine['load']:,} cycles of
hwgen's loads would leave {left:,.0f} look-up tables for everything, where the shell alone (AXI, registers, loader,
counters) has {mine['shell']:,}.
"""


def _pyg(lines: Sequence[Line], seconds: Mapping[str, float]) -> str:
    small = {line["work"]: line for line in lines if line["peer"] == "hwgen" and line["design"] == "small"}
    rows = [f"| work | PyG, float, this CPU, one thread | hwgen, small, at {MHZ} MHz: run | with loads and store |",
            "|---|---|---|---|"]
    rows += [f"| {name} | {1e6 * took:,.0f} µs | {small[name]['run'] / MHZ:.2f} µs | "
             f"{small[name]['cycles'] / MHZ:.2f} µs |" for name, took in seconds.items() if name in small]
    return "## PyG on this CPU\n\n" + "\n".join(rows) + f"""

Median of 300 forwards of the float model, warm. The clock of {MHZ} MHz is assumed; nothing has been placed and routed.
At this size PyG's time goes into calls, not into arithmetic.

"""


def _designs(designs: Mapping[str, str]) -> str:
    tables = "\n".join(f"### {name[0].upper()}{name[1:]}\n\n{text}" for name, text in designs.items())
    return f"""## Where a small graph's cycles go

Made by the same command, or by `python bench/peers_designs.py` alone. Cycles are the exact estimate's; look-up
tables are formulas here, an eighth above Yosys's counts for the small design.

{tables}
* The run is a fifth of the banked design's cycles and more than half of the small one's. The rest is loading, most of
  it tables of the MAC array: it takes sums over subsets of weights in, not weights.
* Tried, and no better: more units, requantizer lanes or planes save fewer cycles than they cost look-up tables; fewer
  lanes load and run longer; at 4 bits, weights in block memories take more words to load than look-up tables save.
* At 8 bits two requantizer lanes, or weights in block memories, take a little less than the small design by formulas:
  less than these are sure of. Neither was synthesized.
* Constants of columns in block memories save look-up tables and cost no cycle: that is in the small design.
* `hwgen build` chooses by cycles of a run, for a model that stays on the chip, so it takes the banked design by itself.

"""


def plot(lines: Sequence[Line]) -> str:
    """SVG: cycles times look-up tables of each row whose results are right, work by work."""
    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        _figure(lines).savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _figure(lines: Sequence[Line]) -> Figure:
    colours = {"hwgen": PALETTE[0], "NNgen": PALETTE[3], "da4ml": PALETTE[4]}
    works = list(WORKS)
    shown = sorted((line for line in lines if line["exact"]),
                   key=lambda line: (works.index(line["work"]), product(line)), reverse=True)
    figure = Figure(figsize=(9.6, 0.36 * len(shown) + 1.1), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(visible=True, axis="x", linewidth=0.6)
    axes.set_xscale("log")
    for place, line in enumerate(shown):
        axes.barh(place, product(line), color=colours[line["peer"]], height=0.62)
        axes.text(1.06 * product(line), place, f"{product(line):.3g} M = {line['cycles']:,} × {line['lut']:,}",
                  va="center", fontsize=9)
    axes.set_yticks(range(len(shown)), [f"{line['work']}: {line['peer']}, {line['design']}" for line in shown])
    axes.set_xlim(0.01, 30 * max(map(product, shown)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xlabel("millions of cycles × look-up tables; loads and stores included where there are any")
    return figure
