"""From a quantized network to a build of the graph-level organisation, one line per stage; and batches for it."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sim.stream
from boards import Board

from . import __version__
from .artifacts import copy_compiled, write_run
from .checking import tool_errors
from .emit.stream import emit
from .emit.write import BuildFolder, to_json
from .errors import HwgenError
from .estimate.resources import Resources
from .estimate.resources import estimate as count_resources
from .estimate.stream import estimate as count_cycles
from .ir.network import Network
from .ir.network_store import load_network, save_network
from .ir.sample import Limits, Sample, single
from .ir.sample_store import load_sample, save_sample
from .ir.stream import Batch
from .lower.stream.choose import Capacity
from .lower.stream.golden import batch_files, model_files
from .lower.stream.images import batch_image
from .reference.stream.execute import run as run_reference
from .report.files import report_files
from .report.stream_facts import stream_facts
from .stream_planning import GRAPHS, StreamPlan, deal, plan_as_built, stream_plans
from .targets import check_family

__all__ = ["Packed", "build", "is_stream", "load_plan", "pack", "pack_batch", "verify"]

Step = Callable[[str], AbstractContextManager[None]]
MODEL, SAMPLE = "model", "sample.npz"


def _silent(text: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A batch, packed.

    Parameters
    ----------
    files : mapping of str to content
        ``batch.bin``, ``layout.json``, ``golden.npz``.
    cycles : dict
        The estimate: ``total``, and ``passes``.
    results : int64 [rows, classes]
        The reference's, in the batch's order.
    """

    files: Mapping[str, bytes | str]
    cycles: dict[str, Any]
    results: Any


def is_stream(build: Path) -> bool:
    """Whether a folder holds a build of the graph-level organisation."""
    return _config(build).get("organisation") == "stream"


def build(network: Network, sample: Sample, board: Board, out: Path, *, graphs: int = GRAPHS,
          hardware: Mapping[str, int] | None = None, source: str = "", step: Step = _silent) -> StreamPlan:
    """Build a design for a network and pack its sample; write the build folder whole or not at all.

    Parameters
    ----------
    network : Network
    sample : Sample
        Graphs that it is proved on; its limits are what the design takes.
    board : Board
    out : Path
        The build folder; replaced if it is one already.
    graphs : int
        Graphs of mean size in a batch.
    hardware : mapping
        Hardware parameters not to be chosen.
    source : str
        SHA-256 of the checkpoint, for the manifest.
    step : callable
        Told what goes on; returns a context manager that lasts as long.

    Raises
    ------
    HwgenError
        A network or parameter that cannot be built, or an output that cannot be written.
    CapacityError
        The network exceeds the design, or the design the board.
    """
    check_family(board)
    with BuildFolder(out) as folder:
        plan, primitives, resources = _design(network, sample, board, graphs, hardware or {}, step)
        resources.check_fit(board)
        with step("generating RTL for simulation"):
            verilog, design = emit(plan.hardware)
            folder.write("design.v", verilog)
            folder.write("design.json", to_json(design))
            folder.write("design_xcup.v", primitives)
        with step("writing images and golden codes"):
            for name, content in model_files(plan.layout).items():
                folder.write(f"images/{name}", content)
            save_network(network, folder.path / MODEL)
            save_sample(sample, folder.path / MODEL / SAMPLE)
            packed = [pack_batch(plan, batch) for batch in deal(single(sample.batch), plan)]
            for index, each in enumerate(packed):
                for name, content in each.files.items():
                    folder.write(f"batches/{index:04d}/{name}", content)
            config = {"board": board.name, "organisation": "stream", "hardware": plan.hardware.to_dict(),
                      "capacity": asdict(plan.capacity), "limits": asdict(sample.limits)}
            folder.write("config.json", to_json(config))
            facts = stream_facts(plan=plan, sample=sample, board=board, cycles=[each.cycles for each in packed],
                                 resources=resources)
            for name, text in report_files(facts).items():
                folder.write(f"report/{name}", text)
            folder.write("manifest.json", to_json(
                {"hwgen": __version__, "model": network.name, "board": board.name, "organisation": "stream",
                 "inputs": {"checkpoint_sha256": source}, "capacities": asdict(plan.capacity),
                 "cycles": [each.cycles["total"] for each in packed], "seeds": {}}))
            copy_compiled(folder.target, folder.path)
    return plan


def pack_batch(plan: StreamPlan, batch: Batch) -> Packed:
    """A batch's image, what it must write, and how many cycles it takes.

    Raises
    ------
    CapacityError
        The batch exceeds the design; says which capacity, and by how much.
    """
    image = batch_image(plan.layout, batch)
    trace = run_reference(plan.program, batch)
    cycles = count_cycles(plan.layout, image, trace).to_dict()
    passes = {"cycles": cycles["total"], "pass_cycles": [each["cycles"] for each in cycles["passes"]]}
    return Packed(files=batch_files(plan.layout, batch, trace, passes), cycles=cycles, results=trace.results)


def load_plan(build: Path) -> StreamPlan:
    """The plan that a build folder was made from.

    Raises
    ------
    HwgenError
        Not a build of the graph-level organisation.
    """
    config = _config(build)
    try:
        capacity, limits = Capacity(**config["capacity"]), Limits(**config["limits"])
        hardware = dict(config["hardware"])
    except (KeyError, TypeError):
        raise HwgenError("not a build of the graph-level organisation", str(build / "config.json"),
                         "name a folder that hwgen build wrote for a network of graphs") from None
    return plan_as_built(load_network(build / MODEL), limits, capacity, hardware)


def pack(build: Path, graphs: Sequence[Batch], name: str, *, size: int | None = None,
         step: Step = _silent) -> list[Path]:
    """Pack graphs for a built design, no new RTL.

    Parameters
    ----------
    graphs : sequence of Batch
        One graph each.
    name : str
        Batches go to ``BUILD/runs/<name>/<number>``.
    size : int or None
        Most graphs in a batch; None: as many as fit.

    Returns
    -------
    list of Path
        Folders of batches, in order.

    Raises
    ------
    CapacityError
        A graph exceeds the design; says which capacity, and by how much.
    """
    with step(f"packing {name}"):
        plan = load_plan(build)
        files = {f"{index:04d}/{file}": content for index, batch in enumerate(deal(graphs, plan, size))
                 for file, content in pack_batch(plan, batch).files.items()}
        folder = write_run(build / "runs" / name, files)
    return batch_folders(folder)


def batch_folders(folder: Path) -> list[Path]:
    """Folders of batches below a folder, in order."""
    return sorted(path.parent for path in folder.glob("*/batch.bin"))


def verify(build: Path, *, batches: Sequence[Path] | None = None, stalls: int | None = None,
           trace: str | None = None, step: Step = _silent) -> sim.stream.StreamResult:
    """Cosimulate batches and compare every code of every pass, every result and every cycle count.

    Parameters
    ----------
    batches : sequence of Path or None
        Folders that :func:`pack` made; None takes the sample.
    stalls : int or None
        Seed of random back-pressure.

    Raises
    ------
    ToolError
        Verilator or the compiler is missing, or the simulator failed.
    """
    chosen = batch_folders(build / "batches") if batches is None else batches
    with step(f"simulating {len(chosen)} batches with Verilator"), tool_errors():
        return sim.stream.run(build, chosen, stalls=stalls, trace=trace, quiet=True)


def read_sample(build: Path) -> Sample:
    """The sample that a build was proved on."""
    return load_sample(build / MODEL / SAMPLE, load_network(build / MODEL).input_bits)


def _design(network: Network, sample: Sample, board: Board, graphs: int, wanted: Mapping[str, int],
            step: Step) -> tuple[StreamPlan, str, Resources]:
    """The first design that Yosys finds to fit, its Verilog with primitives and its resources; else the last tried."""
    candidates = stream_plans(network, sample, graphs, wanted)
    with step("lowering, choosing hardware"):
        plan: StreamPlan | None = next(candidates)
    while plan is not None:
        chosen, plan = plan, None
        with TemporaryDirectory() as folder:
            hardware = chosen.hardware
            with step(f"generating RTL: units {hardware.units}, lanes {hardware.lanes}, "
                      f"requantizer lanes {hardware.requant_lanes}"):
                verilog = Path(folder) / "design_xcup.v"
                verilog.write_text(emit(hardware, primitives=True)[0])
            with step("counting resources with Yosys"):
                resources = count_resources(verilog)
            text = verilog.read_text()
        if resources.fullest(board)[1] > 1:
            with step("too large for the board: the next design"):
                plan = next(candidates, None)
    return chosen, text, resources


def _config(build: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((build / "config.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise HwgenError(f"cannot be read: {error.strerror}", str(build / "config.json"),
                         "name a folder that hwgen build wrote") from None
    except ValueError:
        raise HwgenError("not JSON", str(build / "config.json"), "build again") from None
    return config
