"""A small design of edge lists with two batches, as far as what is delivered with a build reads a build folder."""

from pathlib import Path
from typing import Any

from list_builds import Build, random_build

from hwgen.flow.folder import to_json, write_files
from hwgen.targets.lists.execute import run as run_reference
from hwgen.targets.lists.golden import model_files
from hwgen.targets.lists.images import batch_image
from hwgen.targets.lists.session import BatchRun
from hwgen.targets.lists.verilog import emit
from hwgen.targets.run_folder import run_name

__all__ = ["small_build"]


def small_build(folder: Path) -> tuple[Build, dict[str, Any]]:
    """Write design.v, design.json, images/ and batches/; returns what was built and the content of design.json."""
    made = random_build(3, batches=2, wanted={"units": 1, "lanes": 8, "requant_lanes": 2})
    verilog, design = emit(made.hardware)
    write_files(folder, {"design.v": verilog, "design.json": to_json(design)})
    write_files(folder / "images", model_files(made.layout))
    for number, batch in enumerate(made.batches):
        trace = run_reference(made.program, batch)
        packed = BatchRun(layout=made.layout, image=batch_image(made.layout, batch), size={},
                          done=lambda trace=trace: trace.passes)
        write_files(folder / "batches" / run_name(number), packed.files)
    return made, design
