"""Which runs of a build are simulated: all, those that take a minute or two, those that stand for all, or others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sim
from sim.batch import RunLayout, run_layout
from sim.folder import image_layout

from ..errors import HwgenError
from ..network.equation import Domain
from ..network.sample import Sample, single
from ..network.subgraph import neighbourhood
from ..progress import SILENT, Progress
from ..report.files import read_report
from .built import SAMPLE, load_design, read_sample
from .config import RunKind
from .pack import pack, pack_sample
from .packed import representative

__all__ = ["FULL_WORK", "SAMPLE_NODES", "Chosen", "choose_runs", "quick", "read_layout", "rows_of",
           "work_of"]

#: Cycles and beats that simulate in well under two minutes; of larger samples a part is verified.
FULL_WORK = 400_000
#: Of a graph that is too large to be simulated whole, so many nodes are.
SAMPLE_NODES = 512


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What is to be simulated.

    Parameters
    ----------
    folders : list of Path
        Of runs.
    of : int
        How many runs there are of the same graphs.
    sample : Sample
        These graphs; the first ones are those of the runs, in order.
    what : str
        Their name, for people: ``the sample``.
    own : bool
        Whether it is about the build's own sample.
    """

    folders: list[Path]
    of: int
    sample: Sample
    what: str
    own: bool

    @property
    def data(self) -> str:
        """Name of the graphs that figures are of: a part stands for all."""
        return self.what if self.sample.integer is not None else "the sample"


def choose_runs(build: Path, *, graph: Path | None = None, size: int | None = None, part: bool | None = None,
                progress: Progress = SILENT) -> Chosen:
    """Pack what is not packed yet, and choose what is simulated.

    Parameters
    ----------
    graph : Path or None
        Other graphs; None: the sample.
    size : int or None
        Most graphs in a batch; None: as in the build, or as many as fit.
    part : bool or None
        Whether a part is simulated, or all; None: all where that takes a minute or two, and of windows those that
        stand for all.
    """
    kind, own = load_design(build).runs, graph is None and size is None
    sample, what = read_sample(build, graph), "the sample" if graph is None else graph.name
    if graph is not None:
        folders = pack(build, single(sample.batch), graph.stem, size=size, sample=sample, progress=progress)
        sample = read_sample(build, folders[0].parent / SAMPLE)
    elif size is not None:
        folders = pack_sample(build, f"batches-of-{size}", size=size, progress=progress)
    elif kind == "window" and part is False:
        folders = pack_sample(build, progress=progress)
    else:
        folders = sim.batch_folders(build / "batches")
    of = len(read_report(build).cycles.runs) if own else len(folders)
    one = own and kind != "window" and sample.batch.graphs == 1 and rows_of(build) == "nodes"
    if one and (part or (part is None and sum(map(work_of, folders)) > FULL_WORK)):
        sample = neighbourhood(sample, SAMPLE_NODES)
        folders, of = pack(build, [sample.batch], "part", sample=sample, progress=progress), 1
        what = f"{sample.batch.num_nodes:,} nodes of the sample"
    else:
        folders = _some(folders, kind, part)
    return Chosen(folders=folders, of=of, sample=sample, what=what, own=own)


def quick(folders: Sequence[Path]) -> list[Path]:
    """As many of the first runs as simulate in a minute or two; one at least."""
    chosen: list[Path] = []
    work = 0
    for folder in folders:
        work += work_of(folder)
        if chosen and work > FULL_WORK:
            break
        chosen.append(folder)
    return chosen


def work_of(folder: Path) -> int:
    """Cycles and beats of a run."""
    layout = read_layout(folder)
    return layout["load_beats"] + (layout["cycles"] or 0) + layout["store_beats"]


def rows_of(build: Path) -> Domain:
    """What rows of results are."""
    return image_layout(build)["passes"][-1]["domain"]


def read_layout(folder: Path) -> RunLayout:
    """``layout.json`` of a run.

    Raises
    ------
    HwgenError
        There is none, or it lacks something.
    """
    layout = run_layout(folder)
    missing = {"load_beats", "store_beats", "cycles", "scale"} - set(layout)
    missing |= {"graphs", "window"} if not {"graphs", "window"} & set(layout) else set()
    if missing:
        raise HwgenError(f"{min(missing)} is missing", str(folder / "layout.json"), "pack the graphs again")
    return layout


def _some(folders: list[Path], kind: RunKind, part: bool | None) -> list[Path]:
    """The first run, all of them, or what stands for all."""
    if part is not None:
        return folders[:1] if part else folders
    if kind != "window":
        return quick(folders)
    layouts = map(read_layout, folders)
    return [folders[place] for place in representative([(each["pass"], each["entries"]) for each in layouts])]
