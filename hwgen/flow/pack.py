"""More graphs for a built design: images and golden codes, no new RTL."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import CapacityError, HwgenError
from ..files import npz_bytes
from ..network.batch import Batch
from ..network.sample import Sample, single
from ..network.sample_store import sample_arrays
from ..progress import SILENT, Progress
from ..targets.run_folder import numbered, run_name
from .built import SAMPLE, load_design, read_sample
from .folder import check_name, write_folder
from .packed import pack_batches

__all__ = ["pack", "pack_sample"]


def pack(build: Path, graphs: Sequence[Batch], name: str, *, size: int | None = None, sample: Sample | None = None,
         progress: Progress = SILENT) -> list[Path]:
    """Pack graphs for a built design.

    Parameters
    ----------
    graphs : sequence of Batch
        One graph each.
    name : str
        Runs go to ``BUILD/runs/<name>/<number>``; a plain name, no path.
    size : int or None
        Most graphs in a batch; None: as many as fit.
    sample : Sample or None
        The same graphs with what is known of them; kept beside the runs, with the integer program's results.

    Returns
    -------
    list of Path
        Folders of runs, in order.

    Raises
    ------
    HwgenError
        A name that leads elsewhere; no graphs, or graphs of another kind than the model's.
    CapacityError
        A graph or the batch size exceeds the design; says which capacity, and by how much.
    """
    check_name(name)
    with progress.step(f"packing {name}"):
        design = load_design(build)
        if not graphs:
            raise HwgenError("no graphs to pack", name, "give one graph or more")
        most = design.capacity.get("graphs")
        if size is not None and most is not None and size > most:
            raise CapacityError(f"batches of {size} graphs; the design takes {most}, {size - most} too many",
                                str(build), f"build a design with --graphs {size}, or use smaller batches")
        packed = pack_batches(design, design.deal(graphs, size), whole=True)
        known = None if sample is None else sample_arrays(replace(sample, integer=packed.integer))
        more = {} if known is None else {SAMPLE: npz_bytes(known)}
        folder = write_folder(build / "runs" / name, {**numbered(packed.files), **more})
    return [folder / run_name(number) for number in packed.files]


def pack_sample(build: Path, name: str = "whole", *, size: int | None = None,
                progress: Progress = SILENT) -> list[Path]:
    """Pack the sample of a build anew: by windows a build has the files of some only."""
    sample = read_sample(build)
    return pack(build, single(sample.batch), name, size=size, sample=sample, progress=progress)
