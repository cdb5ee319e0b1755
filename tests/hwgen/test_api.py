"""The names that ``import hwgen`` offers: few, lazy, and the whole way from Python."""

import subprocess
import sys
from pathlib import Path

import pytest
from designs import counted_as
from models import random_graph_data, random_graph_model
from network_samples import sample_of
from networks import gin_network

import hwgen
from hwgen.flow import resources


@pytest.mark.slow
def test_names_are_few_and_load_nothing() -> None:
    assert len(hwgen.__all__) <= 11
    assert {"quantize", "save", "load", "build", "verify"} <= set(hwgen.__all__) <= set(dir(hwgen))
    code = ("import sys, hwgen; assert not {'torch', 'numpy', 'amaranth', 'click'} & set(sys.modules);"
            "hwgen.HwgenError; assert 'torch' not in sys.modules;"
            "hwgen.load; assert 'torch_geometric' not in sys.modules, 'it takes as long to import as PyTorch';"
            "[getattr(hwgen, name) for name in hwgen.__all__]; assert 'torch' in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'"):
        _ = hwgen.nothing


@pytest.mark.slow
def test_networks_are_built_and_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "estimate", counted_as(unit={"lut": 1}))
    network = gin_network(0, features=5, hidden=8, layers=1)
    sample = sample_of(network, 3)
    folder = hwgen.build((network, sample), out=tmp_path / "b", units=2, lanes=8, requant_lanes=1, graphs=4)
    assert '"units": 2' in (folder / "config.json").read_text()
    logits = hwgen.Accelerator(folder).run(sample)
    assert logits.shape == (7, 3)
    assert (logits.argmax(axis=1) == sample.logits.argmax(axis=1)).mean() > 0.8


@pytest.mark.slow
@pytest.mark.verilator
def test_build_and_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "estimate", counted_as(group={"lut": 1}))
    folder = hwgen.build(random_graph_model(0).parts, board="ultra96", out=tmp_path / "b", groups=1, servers=4, digit=2,
                         requant_lanes=2, lane_sets=1)
    assert '"digit": 2' in (folder / "config.json").read_text()
    result = hwgen.verify(folder, random_graph_data(5, nodes=30, features=24, trained=40), stalls=3)
    assert result.ok
    assert result.batches["0000"].logits.shape == (30, 4)
    _, sample = random_graph_model(0).parts
    simulated, reference = (hwgen.Accelerator(folder, backend=name).run(sample) for name in ("simulation", "reference"))
    assert simulated.shape == (40, 4)
    assert (simulated == reference).all()


def test_errors_are_in_three_parts(tmp_path: Path) -> None:
    with pytest.raises(hwgen.HwgenError, match=r"unknown board 'nowhere'"):
        hwgen.build(random_graph_model(0).parts, board="nowhere", out=tmp_path / "b")
    with pytest.raises(hwgen.HwgenError, match=r"cannot be read"):
        hwgen.verify(tmp_path)
