"""From a quantized network to a build of the graph-level organisation, one line per stage; and batches for it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sim
from boards import Board

from ...errors import CapacityError, HwgenError
from ...flow.board import check_family
from ...flow.folder import BuildFolder, to_json, write_files
from ...network.batch import Batch
from ...network.network import Network
from ...network.sample import Sample, single
from ...network.sample_store import save_sample
from ...network.store import save_network
from ...report.collect import report_of
from ...report.cycles import Ran, cycles_of
from ...report.facts import Pass, Report
from ...report.files import report_files
from ...report.model_facts import model_facts
from ...version import __version__
from ..banked.artifacts import copy_compiled, write_run
from ..run_folder import numbered
from .batch import union
from .bits import Done, bits_of_traces
from .checking import simulate
from .config import MODEL, SAMPLE, config_of, is_lists, is_windowed, load_design, read_sample
from .design import WindowDesign, deal, sample_batches
from .hardware import OPTIONS
from .packing import Packed, cycles_by_bits, pack_batch
from .search import Design, Step, design
from .verilog import emit
from .windows.packing import pack_windows

__all__ = ["Packed", "build", "estimate", "is_lists", "is_windowed", "load_design", "pack", "pack_batch", "pack_sample",
           "verify"]

#: Given a text and a total: counts up to it, one call at a time.
Bar = Callable[[str, int], AbstractContextManager[Callable[[str], None]]]


def _silent(text: str) -> AbstractContextManager[None]:
    return nullcontext()


def _unseen(text: str, total: int) -> AbstractContextManager[Callable[[str], None]]:
    return nullcontext(lambda note: None)


def build(network: Network, sample: Sample, board: Board, out: Path, *, graphs: int | None = None,
          hardware: Mapping[str, int] | None = None, config: Path | None = None, windows: bool | None = None,
          source: str = "", step: Step = _silent) -> str:
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
        Graphs of mean size in a batch; None: as in ``config``, or :data:`hwgen.targets.lists.design.GRAPHS`.
    hardware : mapping
        Hardware parameters not to be chosen.
    config : Path or None
        ``config.json`` of another build: its parameters, ``hardware`` over them.
    windows : bool or None
        Whether graphs run by windows (docs/lists.md); None: where no design that holds them whole fits the board.
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
        chosen = design(network, sample, board, graphs=graphs, hardware=hardware or {}, config=config,
                        windows=windows, step=step)
        plan = chosen.plan
        chosen.resources.check_fit(board)
        with step("generating RTL for simulation"):
            verilog, described = emit(plan.hardware)
            folder.write("design.v", verilog)
            folder.write("design.json", to_json(described))
            folder.write("design_xcup.v", chosen.verilog)
        with step("writing images and golden codes"):
            proof = _proof(chosen, sample, board)
            write_files(folder.path / "images", plan.model_files())
            write_files(folder.path / "batches", proof.files)
            save_network(network, folder.path / MODEL)
            save_sample(sample, folder.path / MODEL / SAMPLE)
            folder.write("config.json", to_json(config_of(plan, sample.limits, board)))
            write_files(folder.path / "report", report_files(proof.facts))
            folder.write("manifest.json", to_json(
                {"hwgen": __version__, "model": network.name, "board": board.name, "organisation": "stream",
                 "inputs": {"checkpoint_sha256": source}, "capacities": plan.capacities,
                 "cycles": proof.cycles, "seeds": {}}))
            copy_compiled(folder.target, folder.path)
    return chosen.choice


def estimate(network: Network, sample: Sample, board: Board, *, graphs: int | None = None,
             hardware: Mapping[str, int] | None = None, config: Path | None = None, windows: bool | None = None,
             step: Step = _silent) -> tuple[Report, str]:
    """All facts of a design, and why it was chosen; without building it.

    Raises
    ------
    CapacityError
        The network exceeds the design; a design that exceeds the board is reported, not refused.
    """
    check_family(board)
    chosen = design(network, sample, board, graphs=graphs, hardware=hardware or {}, config=config, windows=windows,
                    step=step)
    with step("packing the sample, counting cycles"):
        return _proof(chosen, sample, board).facts, chosen.choice


def pack(build: Path, graphs: Sequence[Batch], name: str, *, size: int | None = None, sample: Sample | None = None,
         step: Step = _silent) -> list[Path]:
    """Pack graphs for a built design, no new RTL.

    Parameters
    ----------
    graphs : sequence of Batch
        One graph each.
    name : str
        Batches, or all windows, go to ``BUILD/runs/<name>/<number>``.
    size : int or None
        Most graphs in a batch; None: as many as fit. A design by windows takes all graphs at once.
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
        plan = load_design(build)
        if not graphs:
            raise HwgenError("no graphs to pack", name, "give one graph or more")
        if isinstance(plan, WindowDesign):
            if size is not None:
                raise HwgenError(f"batches of {size} graphs; this design takes all graphs at once, by windows",
                                 str(build), "leave the batch size out")
            files = pack_windows(plan, union(graphs), whole=True).files
        else:
            if size is not None and size > plan.capacity.graphs:
                raise CapacityError(f"batches of {size} graphs; the design takes {plan.capacity.graphs}, "
                                    f"{size - plan.capacity.graphs} too many", str(build),
                                    f"build a design with --graphs {size}, or use smaller batches")
            files = numbered({number: pack_batch(plan, batch).files
                              for number, batch in enumerate(deal(graphs, plan, size))})
        folder = write_run(build / "runs" / name, files)
        if sample is not None:
            save_sample(sample, folder / SAMPLE)
    return sim.batch_folders(folder)


def pack_sample(build: Path, *, step: Step = _silent) -> list[Path]:
    """Pack the sample of a build anew, as the run ``whole``: by windows a build has the files of some only."""
    sample = read_sample(build)
    return pack(build, single(sample.batch), "whole", sample=sample, step=step)


def verify(build: Path, *, batches: Sequence[Path] | None = None, stalls: int | None = None,
           trace: str | None = None, work: Path | None = None, step: Step = _silent,
           bar: Bar = _unseen) -> sim.Result:
    """Cosimulate batches and compare every code of every pass, every result and every cycle count.

    Parameters
    ----------
    batches : sequence of Path or None
        Folders that :func:`pack` made; None takes the sample, or the windows of it that the build holds.
    stalls : int or None
        Seed of random back-pressure.
    trace : "vcd", "fst" or None
        One waveform of all of them.
    work : Path or None
        Folder for compiled designs; None: the cache.
    step, bar : callable
        Told what goes on, and how many batches have been compared.

    Raises
    ------
    ToolError
        Verilator or the compiler is missing, or the simulator failed.
    """
    chosen = sim.batch_folders(build / "batches") if batches is None else batches
    return simulate(build, chosen, stalls=stalls, trace=trace, work=work, step=step, bar=bar)


@dataclass(frozen=True, kw_only=True)
class _Proof:
    """What a design makes of the sample: its batches, or its windows, as files and as facts."""

    files: Mapping[str, bytes | str]
    cycles: list[int]
    facts: Report


def _proof(chosen: Design, sample: Sample, board: Board) -> _Proof:
    plan, windowed = chosen.plan, chosen.packed
    options = {name: plan.hardware.to_dict()[name] for name in OPTIONS}
    passes = [step.name for step in plan.program.passes]
    if isinstance(plan, WindowDesign):
        assert windowed is not None
        traces: Sequence[Done] = [windowed.trace]
        files, parts = windowed.files, windowed.windows
        cycles = cycles_of("window", [_ran(each, ("rows", "entries"), int(each["pass"])) for each in parts], passes,
                           windowed.by_bits, sample.batch.graphs)
    else:
        packed = [pack_batch(plan, batch) for batch in sample_batches(sample, plan)]
        traces, files = packed, numbered({number: each.files for number, each in enumerate(packed)})
        parts = [each.facts for each in packed]
        options |= {"graphs": plan.capacity.graphs}
        cycles = cycles_of("batch", [_ran(each, ("graphs", "nodes", "edges")) for each in parts], passes,
                           cycles_by_bits(packed), sample.batch.graphs)
    model = model_facts(plan.network, sample.batch, bits_of_traces(plan.network, plan.program, traces))
    return _Proof(files=files, cycles=[int(each["total"]) for each in parts], facts=report_of(
        target="lists", model=model, board=board, options=options, hardware=plan.hardware.to_dict(),
        capacities=plan.capacities, cycles=cycles, resources=chosen.resources))


def _ran(facts: Mapping[str, Any], sizes: Sequence[str], part: int | None = None) -> Ran:
    """:attr:`hwgen.targets.lists.packing.Packed.facts` as reports want them."""
    return Ran(sizes={name: int(facts[name]) for name in sizes}, load_beats=int(facts["load_beats"]), part=part,
               store_beats=int(facts["store_beats"]), passes=[Pass(**step) for step in facts["passes"]],
               counters=facts["counters"])
