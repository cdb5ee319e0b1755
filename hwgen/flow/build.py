"""From a network and a board to a build folder, one line per stage; and the same facts without a folder."""

from dataclasses import dataclass, replace
from pathlib import Path

from boards import Board

from ..deliver.build_folder import deliver_files
from ..files import write_npz
from ..network.figures import figures_of
from ..network.network import Network
from ..network.sample import Sample
from ..network.sample_store import save_sample
from ..network.store import save_network
from ..progress import SILENT, Progress
from ..report.collect import resource_facts, rows_facts
from ..report.cycles import cycles_of, performance_of
from ..report.facts import BoardFacts, Report
from ..report.files import report_files
from ..report.model_facts import model_facts
from ..targets import OPTIONS
from ..targets.run_folder import numbered
from ..version import __version__
from .built import MODEL, PAIRS, SAMPLE
from .config import CONFIG, Config
from .folder import BuildFolder, to_json, write_files
from .manifest import MANIFEST, manifest_text
from .packed import accuracy_by_bits
from .resources import Resources
from .search import Found, search
from .wishes import Wishes

__all__ = ["Estimate", "build", "estimate"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """All facts of a design that was not built.

    Parameters
    ----------
    report : Report
        Resources by Yosys where it was asked, else by formulas.
    formulas : Resources
        By formulas in any case.
    choice : str
        Why this design, for people.
    quick : bool
        Cycles are those of the fast scheduler; a build takes longer over its own, which has some percent fewer.
    """

    report: Report
    formulas: Resources
    choice: str
    quick: bool


def build(network: Network, sample: Sample, board: Board, out: Path, wishes: Wishes | None = None, *, source: str = "",
          progress: Progress = SILENT) -> Found:
    """Build a design for a network and pack its sample; write the build folder whole or not at all.

    Parameters
    ----------
    network : Network
    sample : Sample
        Graphs that the build is proved on; what the design takes follows from their limits, unless wishes say more.
    board : Board
    out : Path
        The build folder; replaced if it is one already.
    wishes : Wishes or None
        What is not to be chosen.
    source : str
        SHA-256 of the checkpoint, for the manifest.

    Raises
    ------
    HwgenError
        A network or a wish that cannot be built, or an output that cannot be written.
    CapacityError
        The network exceeds every design, or the design the board.
    """
    synthesized = f"design_{board.family}.v"
    with BuildFolder(out) as folder:
        found = search(network, sample, board, wishes or Wishes(), progress)
        target, design, packed = found.target, found.design, found.packed
        sample = replace(sample, integer=packed.integer)
        found.resources.check_fit(board, target.space)
        with progress.step("generating RTL for simulation"):
            verilog, described = target.emit(design.hardware)
            folder.write("design.v", verilog)
            folder.write("design.json", to_json(described))
            folder.write(synthesized, found.verilog)
        with progress.step("writing images and golden codes"):
            write_files(folder.path / "images", design.model_files())
            write_files(folder.path / "batches", numbered(packed.files))
            save_network(network, folder.path / MODEL)
            save_sample(sample, folder.path / MODEL / SAMPLE)
            if design.dictionary is not None and len(design.dictionary.pairs):
                write_npz(folder.path / MODEL / PAIRS, {"pairs": design.dictionary.saved})
            folder.write(CONFIG, Config(
                board=board.name, target=target.name, runs=design.runs, hardware=design.hardware.to_dict(),
                capacity=dict(design.capacity), limits=found.limits).to_text())
            write_files(folder.path, deliver_files(board, described, folder.path, synthesized))
            write_files(folder.path / "report", report_files(_report(found, sample, board)))
            folder.write(MANIFEST, manifest_text(folder.path,
                {"hwgen": __version__, "model": network.name, "board": board.name, "target": target.name,
                 "inputs": {"checkpoint_sha256": source}, "capacities": dict(design.capacities),
                 "cycles": [sum(step.cycles for step in ran.passes) for ran in packed.runs]}))
    return found


def estimate(network: Network, sample: Sample, board: Board, wishes: Wishes | None = None, *, synth: bool = False,
             progress: Progress = SILENT) -> Estimate:
    """All facts of a design, and why it was chosen; without building it.

    Parameters
    ----------
    synth : bool
        Choose and schedule as a build does, and count with Yosys. Else formulas choose, and the fast scheduler gives
        cycles: of a target that schedules some percent more than a build's.

    Raises
    ------
    CapacityError
        The network exceeds every design; a design that exceeds the board is reported, not refused.
    """
    found = search(network, sample, board, wishes or Wishes(), progress, count=synth, quick=not synth)
    return Estimate(report=_report(found, replace(sample, integer=found.packed.integer), board),
                    formulas=found.estimate, choice=found.choice, quick=found.quick)


def _report(found: Found, sample: Sample, board: Board) -> Report:
    target, design, packed = found.target, found.design, found.packed
    values = {**design.capacity, **design.hardware.to_dict()}
    options = {each.name: values[each.name] for each in OPTIONS if target.name in each.targets and each.name in values}
    cycles = cycles_of(design.runs, packed.runs, design.passes, packed.by_bits, sample.batch.graphs,
                       accuracy_by_bits(sample))
    figures = figures_of(sample, data="the sample", of=design.network.values[-1].domain, head=design.network.head)
    return Report(
        hwgen=__version__, target=target.name, model=model_facts(design.network, sample.batch, packed.bits),
        board=BoardFacts(name=board.name, title=board.title, part=board.part), options=options,
        hardware=design.hardware.to_dict(), capacities=dict(design.capacities), cycles=cycles,
        performance=performance_of(cycles, board), resources=resource_facts(found.resources, board), figures=(figures,),
        rows=rows_facts(design.dictionary, sample.batch, design.network.input_bits))
