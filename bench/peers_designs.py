"""What loads, runs and stores cost a small graph, design by design: exact cycles, look-up tables by formulas.

``python bench/peers_designs.py`` prints what bench/peers.py writes into docs/peers.md.
"""

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from peers_hwgen import SMALL, quantized
from peers_tools import sections
from peers_work import work_of

from hwgen.flow.wishes import Wishes
from hwgen.frontend.checkpoint import load
from hwgen.network.network import Network
from hwgen.network.sample import Sample
from hwgen.targets import find_target
from rtl_templates.banked.formats import Target as BankedTarget
from rtl_templates.lists.formats import Target as ListsTarget
from rtl_templates.shell.timing import load_cycles, store_cycles

__all__ = ["DESIGNS", "Costs", "costs_of", "table"]

_HARDWARE = {name: value for name, value in SMALL.items() if name != "graphs"}
#: What is changed: target and parameters.
DESIGNS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "banked, 8 requantizer lanes": ("banked", {"requant_lanes": 8}),
    "banked, 4 requantizer lanes": ("banked", {"requant_lanes": 4}),
    "banked, 1 bit a cycle": ("banked", {"requant_lanes": 8, "digit": 1}),
    "banked, 2 planes": ("banked", {"requant_lanes": 8, "planes": 2}),
    "lists, 4 units": ("lists", {**_HARDWARE, "units": 4}),
    "lists, 2 units": ("lists", {**_HARDWARE, "units": 2}),
    "lists, 1 unit: small": ("lists", _HARDWARE),
    "small, 8 requantizer lanes": ("lists", {**_HARDWARE, "requant_lanes": 8}),
    "small, 2 requantizer lanes": ("lists", {**_HARDWARE, "requant_lanes": 2}),
    "small, 8 lanes": ("lists", {**_HARDWARE, "lanes": 8}),
    "small, constants of columns in look-up tables": ("lists", {**_HARDWARE, "column_depth": 16}),
    "small, weights in block memories": ("lists", {**_HARDWARE, "pages": 8}),
}


@dataclass(frozen=True)
class Costs:
    """Of one design: cycles of loads, run and store; beats by what they load; look-up tables by formulas."""

    load: int
    run: int
    store: int
    beats: Mapping[str, int]
    lut: int

    @property
    def cycles(self) -> int:
        return self.load + self.run + self.store


def costs_of(network: Network, sample: Sample, name: str, hardware: Mapping[str, int]) -> Costs:
    """The fastest of the designs with some parameters, on the sample: what a host loads, runs and stores once."""
    target = find_target(name)
    wishes = Wishes(target=name, hardware=hardware, windows=False, graphs=1 if name == "lists" else None)
    best = min(target.candidates(network, sample, wishes, lambda _: True), key=lambda each: (each.rank, each.cycles))
    design = best.design()
    run, = design.session(sample.batch).next_runs()
    model = [content for path, content in design.model_files().items() if str(path).endswith(".bin")]
    names = {int(each): each.name for each in (BankedTarget if name == "banked" else ListsTarget)}
    streams = [*model, run.stream]
    beats = sum((sections(bytes(stream), names) for stream in streams), Counter[str]())
    return Costs(load=sum(load_cycles(len(stream) // 16) for stream in streams),
                 run=sum(step.cycles for step in run.ran.passes), store=store_cycles(run.result_words * run.units),
                 beats=beats, lut=best.area.total.lut)


def table(work: str, bits: int) -> str:
    """A Markdown table: every design of :data:`DESIGNS` on a work."""
    rows = ["| design | cycles | load | run | store | LUT, by formulas | cycles × LUT, millions |",
            "|---|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        network, sample = load(quantized(work_of(work), Path(folder) / "m.pt", bits))
    beats = {}
    for name, (target, hardware) in DESIGNS.items():
        found = costs_of(network, sample, target, hardware)
        beats[name] = found.beats
        rows.append(f"| {name} | {found.cycles:,} | {found.load:,} | {found.run:,} | {found.store:,} | {found.lut:,} | "
                    f"{found.cycles * found.lut / 1e6:.1f} |")
    parts = [f"{name.lower()} {size:,}" for name, size in beats["lists, 1 unit: small"].most_common()]
    return "\n".join(rows) + f"\n\nBeats that the small design loads, headers included: {', '.join(parts)}.\n"


if __name__ == "__main__":
    print(table("two layers, 32 nodes, 4 bit", 4))
    print(table("two layers, 32 nodes, 8 bit", 8))
