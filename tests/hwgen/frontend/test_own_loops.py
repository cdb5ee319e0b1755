"""Every scheme in a training loop of one's own, as docs/usage.md has it, and from ``hwgen.train``."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_graphs import small_data

import hwgen
from hwgen.frontend.training.models import GCN
from hwgen.network.execute import run_network
from hwgen.network.sample import Limits
from hwgen.schemes import SCHEMES
from hwgen.targets.lists import execute
from hwgen.targets.lists.design import program_for


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_loop_of_ones_own_learns_with_every_scheme(scheme: str, tmp_path: Path) -> None:
    """The loss falls, weights move, and integers come to what PyTorch says."""
    torch.manual_seed(0)
    data = small_data()
    model = hwgen.quantize(GCN(12, 6, 3, dropout=0.0), scheme=scheme, data=data)
    optimizer = torch.optim.Adam(model.parameter_groups())
    losses = []
    for epoch in range(40):
        if epoch == 20:
            model.freeze_bits()
        logits = model(data)
        task = torch.nn.functional.cross_entropy(logits[data.train_mask], data.y[data.train_mask])
        losses.append(float(task.detach()))
        optimizer.zero_grad()
        torch.autograd.backward(task + model.penalty())
        optimizer.step()
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])
    model.settle()
    hwgen.save(model, data, tmp_path / "m.pt")
    network, sample = hwgen.load(tmp_path / "m.pt")
    oracle = run_network(network, sample.batch)[network.values[-1].name].real
    own = model(data).detach().double().numpy()
    assert (own.argmax(1) == oracle.argmax(1)).mean() > 0.97
    program = program_for(network, Limits.of(sample.batch, network.input_bits))
    found = execute.run(program, sample.batch).results * program.scale
    assert (found.argmax(1) == oracle.argmax(1)).mean() > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_train_takes_every_scheme(scheme: str, tmp_path: Path) -> None:
    done = hwgen.train("gcn", small_data(), scheme, epochs=2)
    assert done.scheme == scheme
    done.save(tmp_path / "m.pt")
    network, _ = hwgen.load(tmp_path / "m.pt")
    assert replace(network, name="m").values[-1].quantizer is None
