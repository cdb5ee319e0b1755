"""A small design of each target as a build folder with two batches: what bus faults are played on."""

from designs import design_of
from list_builds import build as build_lists
from models import random_graph_data, random_graph_model
from network_models import gin_network
from networks import random_batch

from hwgen.flow.folder import to_json, write_files
from hwgen.targets import find_target
from hwgen.targets.lists.execute import run as run_reference
from hwgen.targets.lists.golden import model_files
from hwgen.targets.lists.images import batch_image
from hwgen.targets.lists.session import BatchRun

__all__ = ["TARGETS", "write_build"]


def _banked():
    network, sample = random_graph_model(0, nodes=44, features=20, hidden=8).parts
    design = design_of("banked", network, sample, groups=2, servers=4, digit=2, requant_lanes=2, lane_sets=1)
    other = random_graph_data(7, nodes=30, features=20, trained=44, degree=1.5)
    runs = [next(iter(design.session(batch).next_runs())) for batch in (sample.batch, other.batch)]
    return design.hardware, design.model_files(), [run.files for run in runs]


def _lists():
    network = gin_network(3, hidden=10, bits=(1, 4))
    made = build_lists(network, *(random_batch(seed, network, graphs=seed, nodes=6, hub=15) for seed in (2, 4)),
                       wanted={"units": 2, "lanes": 8, "requant_lanes": 2, "code_bits": 4})
    files = []
    for batch in made.batches:
        trace = run_reference(made.program, batch)
        files.append(BatchRun(layout=made.layout, image=batch_image(made.layout, batch), size={},
                              done=lambda trace=trace: trace.passes).files)
    return made.hardware, model_files(made.layout), files


TARGETS = {"banked": _banked, "lists": _lists}


def write_build(folder, target):
    """Write ``design.v``, ``design.json``, ``images``, ``batch0`` and ``batch1``."""
    hardware, images, batches = TARGETS[target]()
    verilog, facts = find_target(target).emit(hardware)
    write_files(folder, {"design.v": verilog, "design.json": to_json(facts)})
    write_files(folder / "images", images)
    for index, files in enumerate(batches):
        write_files(folder / f"batch{index}", files)
