"""The table of contents: from a network to a build folder, one line per stage."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import sim
from boards import Board

from ...checking import tool_errors
from ...errors import CapacityError
from ...flow.board import check_family
from ...flow.folder import BuildFolder, to_json, write_files
from ...flow.resources import Resources
from ...flow.resources import estimate as count_resources
from ...network.bits import bits_of_model
from ...network.network import Network
from ...network.sample import Sample
from ...network.sample_store import load_sample, save_sample
from ...network.store import load_network, save_network
from ...report.collect import report_of
from ...report.cycles import Ran, cycles_of
from ...report.facts import Pass, Report
from ...report.files import report_files
from ...report.model_facts import model_facts
from ..run_folder import numbered
from .artifacts import copy_compiled, manifest, write_run
from .design import Plan, plans, read_hardware, repack
from .golden import model_files, packed_files
from .hardware import OPTIONS
from .verilog import emit

Step = Callable[[str], AbstractContextManager[None]]

#: Below a build folder: the network, and its sample.
MODEL, SAMPLE = "model", "sample.npz"

__all__ = ["Step", "build", "estimate", "pack", "read_graph", "read_sample", "verify"]


def _silent(text: str) -> AbstractContextManager[None]:
    return nullcontext()


def build(network: Network, sample: Sample, board: Board, out: Path, *, hardware: Mapping[str, int] | None = None,
          config: Path | None = None, source: str = "", step: Step = _silent) -> Plan:
    """Build a design for a model and its sample graph; write the build folder whole or not at all.

    Parameters
    ----------
    network : Network
    sample : Sample
    board : Board
    out : Path
        The build folder; replaced if it is one already.
    hardware : mapping
        Hardware parameters the user chose; the others are chosen for the model.
    config : Path or None
        ``config.json`` of another build: its parameters, ``hardware`` over them.
    source : str
        SHA-256 of the checkpoint, for the manifest.
    step : callable
        Told what goes on; returns a context manager that lasts as long.

    Raises
    ------
    HwgenError
        A model, graph or parameter that cannot be built, or an output that cannot be written.
    CapacityError
        The model exceeds the design, or the design the board.
    """
    check_family(board)
    with BuildFolder(out) as folder:
        wanted = {**read_hardware(config), **(hardware or {})}
        try:
            plan, primitives, resources = _design(network, sample, board, wanted, step)
            resources.check_fit(board)
        except CapacityError as error:
            if wanted:
                raise
            larger = "or use --windows, the graph level takes graphs larger than the chip"
            raise CapacityError(error.what, error.where, f"{error.fix}; {larger}") from None
        with step("generating RTL for simulation"):
            verilog, design = emit(plan.hardware)
            folder.write("design.v", verilog)
            folder.write("design.json", to_json(design))
            folder.write("design_xcup.v", primitives)
        with step("writing images and golden codes"):
            write_files(folder.path / "images", model_files(plan))
            write_files(folder.path / "batches", numbered({0: packed_files(plan)}))
            save_network(network, folder.path / MODEL)
            save_sample(sample, folder.path / MODEL / SAMPLE)
            folder.write("config.json", to_json({"board": board.name, "hardware": plan.hardware.to_dict()}))
            write_files(folder.path / "report", report_files(_facts(plan, board, resources)))
            folder.write("manifest.json", to_json(manifest(plan, board, source)))
            copy_compiled(folder.target, folder.path)
    return plan


def pack(build: Path, sample: Sample, name: str, *, step: Step = _silent) -> list[Path]:
    """Pack another graph for a built design: images and golden codes, no new RTL.

    Parameters
    ----------
    build : Path
        A build folder.
    sample : Sample
        The graph, with what is known of it.
    name : str
        Of the run folder ``BUILD/runs/<name>``.

    Returns
    -------
    list of Path
        Folders of batches: one.

    Raises
    ------
    HwgenError
        Not a build, or not a graph for this model.
    CapacityError
        The graph exceeds the design; says which capacity, and by how much.
    """
    with step(f"packing {name}"):
        plan = repack(load_network(build / MODEL), sample.batch, read_hardware(build / "config.json"))
        folder = write_run(build / "runs" / name, numbered({0: packed_files(plan)}))
        save_sample(sample, folder / SAMPLE)
    return sim.batch_folders(folder)


def read_graph(build: Path, path: Path) -> Sample:
    """A user's graph for a build."""
    return load_sample(path, load_network(build / MODEL).input_bits)


def read_sample(build: Path) -> Sample:
    """The sample that a build was proved on."""
    return read_graph(build, build / MODEL / SAMPLE)


def estimate(network: Network, sample: Sample, board: Board, *, hardware: Mapping[str, int] | None = None,
             config: Path | None = None, step: Step = _silent) -> tuple[Report, str]:
    """All facts of a design, and why it was chosen; without building it.

    Raises
    ------
    CapacityError
        The model exceeds the design; a design that exceeds the board is reported, not refused.
    """
    check_family(board)
    plan, _, resources = _design(network, sample, board, {**read_hardware(config), **(hardware or {})}, step)
    return _facts(plan, board, resources), plan.choice


def verify(build: Path, *, batches: Sequence[Path] | None = None, stalls: int | None = None, trace: str | None = None,
           step: Step = _silent) -> sim.Result:
    """Cosimulate a build folder, or another run of it, and compare every code of every pass.

    Parameters
    ----------
    build : Path
    batches : sequence of Path or None
        Folders that :func:`pack` made; None takes the sample graph.
    stalls : int or None
        Seed of random back-pressure.
    trace : "vcd", "fst" or None

    Raises
    ------
    ToolError
        Verilator or the compiler is missing, or the simulator failed.
    """
    with step("simulating with Verilator"), tool_errors():
        return sim.run(build, batches, sim.SimOptions(stalls=stalls, trace=trace, quiet=True))


def _design(network: Network, sample: Sample, board: Board, wanted: Mapping[str, int],
            step: Step) -> tuple[Plan, str, Resources]:
    """The first design that Yosys finds to fit, its Verilog with primitives and its resources; else the last tried."""
    candidates = plans(network, sample, wanted, board)
    with step("lowering, choosing hardware, scheduling"):
        plan: Plan | None = next(candidates)
    while plan is not None:
        chosen, plan = plan, None
        with TemporaryDirectory() as folder:
            with step(f"generating RTL: groups {chosen.hardware.groups}, servers {chosen.hardware.servers}"):
                verilog = Path(folder) / "design_xcup.v"
                verilog.write_text(emit(chosen.hardware, primitives=True)[0])
            with step("counting resources with Yosys"):
                resources = count_resources(verilog)
            text = verilog.read_text()
        if resources.fullest(board)[1] > 1:
            with step("too large for the board: the next design"):
                plan = next(candidates, None)
    return chosen, text, resources


def _facts(plan: Plan, board: Board, resources: Resources) -> Report:
    model = model_facts(plan.network, plan.batch, bits_of_model(plan.network, plan.batch))
    image, hardware = plan.image, plan.hardware.to_dict()
    run = Ran(sizes={"nodes": model.nodes, "edges": model.edges}, load_beats=len(image.beats),
              store_beats=image.result_words * plan.hardware.servers,
              passes=[Pass(**step) for step in plan.cycles["passes"]], counters=plan.cycles["counters"])
    cycles = cycles_of("graph", [run], [step.name for step in run.passes], plan.cycles_by_bits(), graphs=1)
    return report_of(target="banked", model=model, board=board, options={name: hardware[name] for name in OPTIONS},
                     hardware=hardware, capacities=plan.capacities, cycles=cycles, resources=resources)
