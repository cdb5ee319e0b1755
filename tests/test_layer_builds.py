"""Layers that propagate rows, saturate, or have slopes by channel: what hardware writes is the reference's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from list_builds import Build, build, compare
from torch import Tensor, nn
from torch_geometric.nn import APPNP, ClusterGCNConv, GCN2Conv, LGConv, SGConv, TAGConv
from training_graphs import several, small_data
from user_modules import MODELS, randomise, steep

import hwgen
import sim
from hwgen.flow.folder import to_json, write_files
from hwgen.frontend.data.batching import union_of
from hwgen.frontend.quantize.prepare import quantize
from hwgen.network.execute import run_network
from hwgen.schemes import Prompt
from hwgen.targets.lists.execute import run as run_reference
from hwgen.targets.lists.golden import model_files
from hwgen.targets.lists.images import batch_image
from hwgen.targets.lists.session import BatchRun
from hwgen.targets.lists.verilog import emit

NAMES = [name for name in MODELS if name.split()[0] in (
    "sg", "tag", "appnp", "cluster", "lg", "gcn2", "relu6", "hardtanh", "clipped", "slopes", "slope")]


class Stack(nn.Module):
    """Many of them, one after another."""

    def __init__(self) -> None:
        super().__init__()
        self.tag, self.cluster = TAGConv(12, 6, K=2), ClusterGCNConv(6, 6, diag_lambda=0.5)
        self.gcn2, self.sg = GCN2Conv(6, 0.2, theta=0.5, layer=2), SGConv(6, 3, K=2)
        self.lg, self.appnp, self.slopes = LGConv(), APPNP(2, 0.1), nn.PReLU(6)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        first = self.cluster(self.slopes(self.tag(x, edge_index)), edge_index).clamp(0, 2)
        h = self.lg(F.hardtanh(self.gcn2(first, first, edge_index)), edge_index) + first
        out: Tensor = self.appnp(self.sg(h, edge_index), edge_index)
        return out


@pytest.mark.parametrize("name", ["steep", *(pytest.param(name, marks=pytest.mark.slow if index % 4 else ())
                                            for index, name in enumerate(NAMES))])
def test_quantized_layers_on_lists(name: str) -> None:
    """What the machine writes is the program's, and that is the network's: to a code, where a tie falls elsewhere."""
    own = steep() if name == "steep" else randomise(MODELS[name])
    model = quantize(own, "nns", data=several(), bits=4, weight_bits=8, message_bits=8)
    network, batch = model.export(), union_of(several(), model.input)
    made = build(network, batch)
    compare(made)
    last = made.program.passes[-1]
    found = run_reference(made.program, batch).results * last.out.scale
    want = run_network(network, batch)[network.values[-1].name].stored
    assert np.abs(found - want).max() < 0.1 * np.abs(want).max()
    with torch.no_grad():
        assert torch.allclose(model.eval()(), torch.from_numpy(want).float(), atol=0.1 * float(np.abs(want).max()))


@pytest.mark.slow
@pytest.mark.verilator
@pytest.mark.parametrize(("model", "prompt"), [(Stack, None), ("gcn", Prompt(kind="gpf-lorap", rank=2))])
def test_trained_layers_in_verilator(model: Any, prompt: Prompt | None, tmp_path: Path) -> None:
    data = small_data()
    model = hwgen.train(model, data, epochs=6, bits=4, weight_bits=4, message_bits=8, prompt=prompt).model
    made = build(model.export(), union_of([data], model.input), wanted={"units": 1, "lanes": 8, "requant_lanes": 2})
    assert _simulated(made, tmp_path).ok


def _simulated(made: Build, folder: Path) -> sim.Result:
    verilog, design = emit(made.hardware)
    write_files(folder, {"design.v": verilog, "design.json": to_json(design)})
    write_files(folder / "images", model_files(made.layout))
    [batch] = made.batches
    passes = run_reference(made.program, batch).passes
    packed = BatchRun(layout=made.layout, image=batch_image(made.layout, batch), size={}, done=lambda: passes)
    write_files(folder / "batch0", packed.files)
    return sim.run(folder, [folder / "batch0"], sim.SimOptions(stalls=1))
