"""Random networks and batches on edge lists, to Verilator: every word, cycle and counter equal."""

import numpy as np
import pytest
from list_builds import build, random_build
from network_models import gin_network, node_gcn_network
from networks import random_batch
from zero_points import with_zero_points

import sim
from hwgen.flow.folder import to_json, write_files
from hwgen.targets.lists.execute import run as run_reference
from hwgen.targets.lists.golden import model_files
from hwgen.targets.lists.images import batch_image
from hwgen.targets.lists.session import BatchRun
from hwgen.targets.lists.verilog import emit

pytestmark = pytest.mark.verilator


def _gin():
    network = gin_network(3, hidden=10, bits=(1, 4))
    return build(network, *(random_batch(seed, network, graphs=seed, nodes=6, hub=15) for seed in (2, 4, 1)),
                 wanted={"units": 4, "lanes": 8, "requant_lanes": 8, "code_bits": 4})


def _closed():
    """GIN whose rows are entries of their own lists, in two chunks."""
    network = gin_network(5, hidden=10, bits=(1, 4), epsilon=0.0)
    made = build(network, *(random_batch(seed, network, graphs=seed, nodes=6, hub=15) for seed in (2, 3)),
                 wanted={"units": 2, "lanes": 8, "requant_lanes": 4})
    assert "closed" in made.program.sets
    return made


def _zero_points():
    """A GCN whose messages have zero points: their sources' factor is in the product, and a constant is counted."""
    network = with_zero_points(node_gcn_network(1, hidden=10, by="per_tensor"), 1, rectified=False)
    return build(network, *(random_batch(seed, network, graphs=seed, nodes=6, hub=15) for seed in (2, 1)),
                 wanted={"units": 1, "lanes": 8, "requant_lanes": 2})


#: What is built.
DESIGNS = {
    "one unit, long rows": lambda: random_build(3, batches=3, wanted={"units": 1, "lanes": 8, "requant_lanes": 2}),
    "two units, unlike requantizers": lambda: random_build(
        4, batches=3, wanted={"units": 2, "lanes": 16, "requant_lanes": 8}),
    "four units, narrow codes, a chunk a cycle": _gin,
    "zero points": _zero_points,
    "closed lists": _closed,
    "rows by edge": lambda: random_build(6, batches=2, max_width=12, depth=3, edge_bits=3, edge_rows=True,
                                         graph_level=False, zero_points=True,
                                         wanted={"units": 2, "lanes": 8, "requant_lanes": 4}),
}


#: The first one compiles fastest.
QUICK, *MORE = DESIGNS


@pytest.fixture(scope="module", params=[QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)],
                ids=lambda name: name.replace(" ", "-"))
def built(request, tmp_path_factory):
    """A build, its folder, those of its batches and the reference's results."""
    made, folder = DESIGNS[request.param](), tmp_path_factory.mktemp("stream")
    verilog, design = emit(made.hardware)
    write_files(folder, {"design.v": verilog, "design.json": to_json(design)})
    write_files(folder / "images", model_files(made.layout))
    folders, traces = [], []
    for index, batch in enumerate(made.batches):
        trace = run_reference(made.program, batch)
        packed = BatchRun(layout=made.layout, image=batch_image(made.layout, batch), size={},
                          done=lambda trace=trace: trace.passes)
        write_files(folder / f"batch{index}", packed.files)
        folders.append(folder / f"batch{index}")
        traces.append(trace)
    return made, folder, folders, traces


@pytest.mark.parametrize("stalls", [1, pytest.param(None, marks=pytest.mark.slow)])
def test_batches(built, stalls):
    """One after the other on one build, which loads its model once: nothing of a batch is left for the next."""
    made, folder, folders, traces = built
    result = sim.run(folder, [*folders, *_again(folders)], sim.SimOptions(stalls=stalls))
    assert result.ok, result
    assert len(result.batches) == len(folders) + 1
    for one, trace in zip(result.batches.values(), [*traces, traces[0]], strict=True):
        words = sum(done.written.shape[0] * made.layout.tensors[step.target].chunks
                    for done, step in zip(trace.passes, made.program.passes, strict=True) if step.target is not None)
        assert one.rows_compared == words > 0
        assert np.array_equal(one.logits, trace.results)


def _again(folders):
    """The first batch a second time."""
    copy = folders[0].with_name("again")
    write_files(copy, {path.name: path.read_bytes() for path in folders[0].iterdir()})
    return [copy]
