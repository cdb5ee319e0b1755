"""From a quantized network to a build of the graph-level organisation, one line per stage; and batches for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sim.stream
from boards import Board

from .. import __version__
from ..artifacts import copy_compiled, write_run
from ..emit.stream import emit
from ..emit.write import BuildFolder, to_json
from ..errors import CapacityError, HwgenError
from ..estimate.resources import Resources
from ..estimate.resources import estimate as count_resources
from ..estimate.stream_guess import too_large
from ..ir.network import Network
from ..ir.network_store import save_network
from ..ir.sample import Sample
from ..ir.sample_store import save_sample
from ..ir.stream import Batch
from ..lower.stream.golden import model_files
from ..report.files import report_files
from ..report.stream_facts import stream_facts
from ..report.stream_model import network_facts
from ..targets import check_family
from .bits import bits_of_traces
from .checking import simulate
from .config import MODEL, SAMPLE, config_of, is_stream, load_plan, wanted_of
from .packing import Packed, batch_folders, cycles_by_bits, numbered, pack_batch
from .planning import StreamPlan, deal, sample_batches, stream_plans

__all__ = ["Packed", "batch_folders", "build", "estimate", "is_stream", "load_plan", "pack", "pack_batch", "verify"]

Step = Callable[[str], AbstractContextManager[None]]
#: Given a text and a total: counts up to it, one call at a time.
Bar = Callable[[str, int], AbstractContextManager[Callable[[str], None]]]


def _silent(text: str) -> AbstractContextManager[None]:
    return nullcontext()


def _unseen(text: str, total: int) -> AbstractContextManager[Callable[[str], None]]:
    return nullcontext(lambda note: None)


def build(network: Network, sample: Sample, board: Board, out: Path, *, graphs: int | None = None,
          hardware: Mapping[str, int] | None = None, config: Path | None = None, source: str = "",
          step: Step = _silent) -> str:
    """Build a design for a network and pack its sample; write the build folder whole or not at all.

    Parameters
    ----------
    network : Network
    sample : Sample
        Graphs that it is proved on; its limits are what the design takes.
    board : Board
    out : Path
        The build folder; replaced if it is one already.
    graphs : int or None
        Graphs of mean size in a batch; None: as in ``config``, or :data:`hwgen.stream.planning.GRAPHS`.
    hardware : mapping
        Hardware parameters not to be chosen.
    config : Path or None
        ``config.json`` of another build: its parameters, ``hardware`` over them.
    source : str
        SHA-256 of the checkpoint, for the manifest.
    step : callable
        Told what goes on; returns a context manager that lasts as long.

    Returns
    -------
    str
        Why this hardware was chosen.

    Raises
    ------
    HwgenError
        A network or parameter that cannot be built, or an output that cannot be written.
    CapacityError
        The network exceeds the design, or the design the board.
    """
    check_family(board)
    with BuildFolder(out) as folder:
        plan, primitives, resources, choice = _design(network, sample, board, graphs, hardware or {}, config, step)
        resources.check_fit(board)
        with step("generating RTL for simulation"):
            verilog, design = emit(plan.hardware)
            folder.write("design.v", verilog)
            folder.write("design.json", to_json(design))
            folder.write("design_xcup.v", primitives)
        with step("writing images and golden codes"):
            packed = _packed(plan, sample)
            for name, content in model_files(plan.layout).items():
                folder.write(f"images/{name}", content)
            for name, content in numbered(packed).items():
                folder.write(f"batches/{name}", content)
            save_network(network, folder.path / MODEL)
            save_sample(sample, folder.path / MODEL / SAMPLE)
            folder.write("config.json", to_json(config_of(plan, sample.limits, board)))
            for name, text in report_files(_facts(plan, sample, packed, board, resources)).items():
                folder.write(f"report/{name}", text)
            folder.write("manifest.json", to_json(
                {"hwgen": __version__, "model": network.name, "board": board.name, "organisation": "stream",
                 "inputs": {"checkpoint_sha256": source}, "capacities": _capacities(plan),
                 "cycles": [each.cycles["total"] for each in packed], "seeds": {}}))
            copy_compiled(folder.target, folder.path)
    return choice


def estimate(network: Network, sample: Sample, board: Board, *, graphs: int | None = None,
             hardware: Mapping[str, int] | None = None, config: Path | None = None,
             step: Step = _silent) -> dict[str, Any]:
    """All facts of a design, and ``choice``, why it was chosen; without building it.

    Raises
    ------
    CapacityError
        The network exceeds the design; a design that exceeds the board is reported, not refused.
    """
    check_family(board)
    plan, _, resources, choice = _design(network, sample, board, graphs, hardware or {}, config, step)
    with step("packing the sample, counting cycles"):
        return {**_facts(plan, sample, _packed(plan, sample), board, resources), "choice": choice}


def pack(build: Path, graphs: Sequence[Batch], name: str, *, size: int | None = None, sample: Sample | None = None,
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
    sample : Sample or None
        The same graphs with what is known of them; kept beside the batches.

    Returns
    -------
    list of Path
        Folders of batches, in order.

    Raises
    ------
    HwgenError
        No graphs, or graphs of another kind than the model's.
    CapacityError
        A graph or the batch size exceeds the design; says which capacity, and by how much.
    """
    with step(f"packing {name}"):
        plan = load_plan(build)
        if size is not None and size > plan.capacity.graphs:
            raise CapacityError(f"batches of {size} graphs; the design takes {plan.capacity.graphs}, "
                                f"{size - plan.capacity.graphs} too many", str(build),
                                f"build a design with --graphs {size}, or use smaller batches")
        if not graphs:
            raise HwgenError("no graphs to pack", name, "give one graph or more")
        packed = [pack_batch(plan, batch) for batch in deal(graphs, plan, size)]
        folder = write_run(build / "runs" / name, numbered(packed))
        if sample is not None:
            save_sample(sample, folder / SAMPLE)
    return batch_folders(folder)


def verify(build: Path, *, batches: Sequence[Path] | None = None, stalls: int | None = None,
           trace: str | None = None, step: Step = _silent, bar: Bar = _unseen) -> sim.stream.StreamResult:
    """Cosimulate batches and compare every code of every pass, every result and every cycle count.

    Parameters
    ----------
    batches : sequence of Path or None
        Folders that :func:`pack` made; None takes the sample.
    stalls : int or None
        Seed of random back-pressure.
    trace : "vcd", "fst" or None
        One waveform of all of them.
    step, bar : callable
        Told what goes on, and how many batches have been compared.

    Raises
    ------
    ToolError
        Verilator or the compiler is missing, or the simulator failed.
    """
    chosen = batch_folders(build / "batches") if batches is None else batches
    return simulate(build, chosen, stalls=stalls, trace=trace, step=step, bar=bar)


def _design(network: Network, sample: Sample, board: Board, graphs: int | None, hardware: Mapping[str, int],
            config: Path | None, step: Step) -> tuple[StreamPlan, str, Resources, str]:
    """The first design that Yosys finds to fit, or the last tried; its Verilog with primitives, resources, and why."""
    if not sample.batch.graphs or not sample.batch.num_nodes:
        raise HwgenError("the sample has no graphs", f"network {network.name}",
                         "save the model with the graphs that it is for")
    wanted, size = wanted_of(config, hardware, graphs)
    candidates = stream_plans(network, sample, size, wanted)
    with step("lowering, choosing hardware"):
        plan, tried = _promising(candidates, board)
    while plan is not None:
        chosen, plan = plan, None
        with TemporaryDirectory() as folder:
            have = chosen.hardware
            with step(f"generating RTL: units {have.units}, lanes {have.lanes}, requantizer lanes "
                      f"{have.requant_lanes}"):
                verilog = Path(folder) / "design_xcup.v"
                verilog.write_text(emit(have, primitives=True)[0])
            with step("counting resources with Yosys"):
                resources = count_resources(verilog)
            text = verilog.read_text()
        if resources.fullest(board)[1] > 1:
            with step("too large for the board: the next design"):
                plan, more = _promising(candidates, board, chosen)
                tried += more
    fits = "the fastest" if tried == 1 else f"the fastest that fits: {tried - 1} faster designs do not"
    fits = "as asked for" if {"units", "lanes", "requant_lanes"} <= set(wanted) else fits
    fewer = "" if chosen.capacity.graphs == size else f" (with room for {size} no design fits)"
    return chosen, text, resources, f"{fits}; batches of up to {chosen.capacity.graphs} graphs{fewer}"


def _promising(candidates: Iterator[StreamPlan], board: Board,
               last: StreamPlan | None = None) -> tuple[StreamPlan | None, int]:
    """The next design that may fit, and how many were looked at; without one the last, unless it is ``last``."""
    looked = 0
    plan: StreamPlan | None = None
    for looked, plan in enumerate(candidates, 1):
        if not too_large(plan.hardware, board):
            return plan, looked
    return (plan if last is None else None), looked


def _packed(plan: StreamPlan, sample: Sample) -> list[Packed]:
    return [pack_batch(plan, batch) for batch in sample_batches(sample, plan)]


def _facts(plan: StreamPlan, sample: Sample, packed: Sequence[Packed], board: Board,
           resources: Resources) -> dict[str, Any]:
    bits = bits_of_traces(plan.network, plan.program, [each.trace for each in packed])
    return stream_facts(model=network_facts(plan.network, sample.batch, bits), board=board,
                        hardware=plan.hardware.to_dict(), capacities=_capacities(plan),
                        batches=[each.facts for each in packed], by_bits=cycles_by_bits(packed), resources=resources)


def _capacities(plan: StreamPlan) -> dict[str, int]:
    """What batches the design takes, in the words of its builds."""
    capacity, program = asdict(plan.capacity), plan.program
    return {**{f"max_{name}": int(value) for name, value in capacity.items()}, "max_degree": program.max_degree,
            "max_graph_nodes": program.max_members, "max_nonzeros": program.max_features}
