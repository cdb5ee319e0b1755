"""A work of bench/peers.py through hwgen: quantized, built, cosimulated; and PyG's float forward beside it."""

import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from peers_work import Work
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv

import hwgen
from hwgen.report.files import read_report

__all__ = ["GCN", "SMALL", "built", "float_results", "float_seconds", "quantized"]

#: A design for one small graph: one unit, as many lanes as rows have channels, constants of columns in block memories.
SMALL: Mapping[str, int] = {"units": 1, "lanes": 16, "requant_lanes": 4, "column_depth": 32, "graphs": 1}


class GCN(nn.Module):
    """GCN layers with the weights of a work, ReLU between each two."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.layers = nn.ModuleList(GCNConv(*each.shape) for each in work.weights)
        for layer, weights in zip(self.layers, work.weights, strict=True):
            layer.lin.weight.data = torch.tensor(weights.T, dtype=torch.float32)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        for number, layer in enumerate(self.layers):
            x = layer(F.relu(x) if number else x, edge_index)
        return x


def data_of(work: Work) -> Data:
    """The graph; labels are the classes of the float model."""
    data = Data(x=torch.tensor(work.features, dtype=torch.float32), edge_index=torch.tensor(work.edges))
    with torch.no_grad():
        data.y = GCN(work).eval()(data.x, data.edge_index).argmax(dim=1)
    data.train_mask = data.val_mask = data.test_mask = torch.ones(work.nodes, dtype=torch.bool)
    return data


def float_results(work: Work) -> np.ndarray:
    """What PyG computes: float64 [n, classes]."""
    data = data_of(work)
    with torch.no_grad():
        found: np.ndarray = GCN(work).eval()(data.x, data.edge_index).double().numpy()
    return found


def float_seconds(work: Work, runs: int = 300) -> float:
    """Median seconds of PyG's forward on this CPU, one thread, after as many runs to warm up."""
    data, model, times = data_of(work), GCN(work).eval(), list[float]()
    torch.set_num_threads(1)
    with torch.no_grad():
        for _ in range(2 * runs):
            started = time.perf_counter()
            model(data.x, data.edge_index)
            times.append(time.perf_counter() - started)
    return statistics.median(times[runs:])


def quantized(work: Work, path: Path, bits: int) -> Path:
    """A checkpoint of a work: one step and one width a value, the same bits for weights, hidden rows and messages."""
    data = data_of(work)
    model = hwgen.quantize(GCN(work).eval(), "uniform", data=data, bits=bits, weight_bits=bits, message_bits=bits)
    hwgen.save(model, data, path)
    return path


def built(work: Work, folder: Path, bits: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """Cycles and cells of a work on hardware that hwgen builds, every code compared.

    Parameters
    ----------
    bits : int
        Of weights, hidden rows and messages alike.
    options : mapping
        Of :func:`hwgen.build`.
    """
    build = hwgen.build(quantized(work, folder / "m.pt", bits), "ultra96", folder / "build", **options)
    done = hwgen.verify(build)
    (name, run), = done.batches.items()
    scale = np.array(json.loads((build / "batches" / name / "layout.json").read_text())["scale"])
    resources = read_report(build).to_dict()["resources"]
    shell = next(each["one"]["lut"] for each in resources["components"] if each["name"] == "shell")
    load = done.model_load_cycles + run.load_cycles
    return {"exact": done.ok, "load": load, "run": run.cycles, "store": run.store_cycles,
            "cycles": load + run.cycles + run.store_cycles, "results": (run.logits * scale).tolist(),
            "target": json.loads((build / "config.json").read_text())["target"],
            "shell": shell,
            **{name: resources["total"][name] for name in ("lut", "ff", "bram36", "dsp")}}
