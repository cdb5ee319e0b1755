"""Facts of small builds that never were, to be read, compared and rendered."""

from dataclasses import replace

from models import random_graph_model

import boards
from hwgen.flow.resources import Component, Resources, Usage
from hwgen.network.bits import bits_of_model
from hwgen.network.figures import Figures, ModelFigures, Nearness, Score
from hwgen.report.collect import resource_facts, verification_of
from hwgen.report.cycles import Ran, cycles_of, performance_of
from hwgen.report.facts import BoardFacts, Cycles, Pass, Report
from hwgen.report.model_facts import model_facts
from hwgen.version import __version__

__all__ = ["BY_BITS", "STAGES", "batches", "figures", "one_graph", "ran", "report", "verified", "windows"]

STAGES = ("gather", "q1", "combine", "q2", "write")
BY_BITS = {"learned": 1000, "uniform 8 bit": 1500}


def ran(sizes: dict[str, int], beats: int, *cycles: int, part: int | None = None) -> Ran:
    """A run of so many passes; in long ones every stage is busier by one half."""
    passes = [Pass(name=f"pass {index}", cycles=count, waited=dict.fromkeys(STAGES, 0.1),
                   utilisation={stage: 0.1 * place + 0.5 * (count > 100) for place, stage in enumerate(STAGES)})
              for index, count in enumerate(cycles)]
    return Ran(sizes=sizes, load_beats=beats, store_beats=4, passes=passes, counters={"gather_run": sum(cycles)},
               part=part)


def batches() -> Cycles:
    """Two, of 300 and 700 cycles."""
    size = {"nodes": 10, "edges": 20}
    return cycles_of("batch", [ran({"graphs": 3, **size}, 96, 100, 200), ran({"graphs": 2, **size}, 196, 400, 300)],
                     ["pass 0", "pass 1"], BY_BITS, graphs=5)


def windows() -> Cycles:
    """Two of pass 0, the second with entries that are kept; one of pass 1."""
    runs = [ran({"rows": 6, "entries": 8}, 50, 100, part=0), ran({"rows": 4, "entries": 3}, 30, 300, 200, part=0),
            ran({"rows": 10, "entries": 0}, 20, 400, part=1)]
    return cycles_of("window", runs, ["pass 0", "pass 1"], BY_BITS, graphs=2)


def one_graph() -> Cycles:
    return cycles_of("graph", [ran({"nodes": 40, "edges": 90}, 500, 600, 400)], ["pass 0", "pass 1"], BY_BITS, graphs=1)


def report(cycles: Cycles) -> Report:
    chain = random_graph_model(1)
    network, sample, board = chain.network, chain.sample, boards.load("ultra96")
    resources = Resources(components=(Component(name="unit", count=2, one=Usage(lut=100, dsp=2)),))
    return Report(hwgen=__version__, target="some",
                  model=model_facts(network, sample.batch, bits_of_model(network, sample.batch)),
                  board=BoardFacts(name=board.name, title=board.title, part=board.part),
                  options={"units": 2, "requant_lanes": 4}, hardware={"units": 2}, capacities={"max_nodes": 1234},
                  cycles=cycles, performance=performance_of(cycles, board), resources=resource_facts(resources, board),
                  figures=(figures("quantized"),))


def figures(*models: str) -> Figures:
    """Three of four nodes have a label, and two of them are right."""
    return Figures(data="the sample", of="nodes", rows=4, counted=3, unlabelled=1, task="classification", said="whole",
                   models=tuple(ModelFigures(
                       model=model, rows=4, score=Score(accuracy=2 / 3, right=2, decided=3), to_fp32=None,
                       to_quantized=None if model == "quantized" else Nearness(
                           same=0.75, differing=1, decided=4, largest=0.125, median=0.0)) for model in models))


def verified(facts: Report) -> Report:
    done = {"load_cycles": 5, "store_cycles": 2, "rows_compared": 8, "codes_compared": 64, "pass_cycles": [100, 200],
            "counters": {"GATHER_RUN": 7, "PASS": 1}, "cycles": 300}
    found = verification_of({"0000": done, "0001": {**done, "cycles": 310}}, {"0000": 300, "0001": 310},
                            what="the sample", graphs=5, of=2, mismatch={"kind": "code", "got": None})
    return replace(facts, verification=found).measured(figures("quantized", "hardware"))
