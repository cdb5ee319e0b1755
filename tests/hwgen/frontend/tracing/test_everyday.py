"""Everyday forms of forward: each is quantized, trained and compared as what it computes."""

from typing import Any

import pytest
import torch
from everyday_forms import FORMS, FORWARDS, Forms
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from user_modules import graphs, randomise

from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.quantize import QuantizedNetwork
from hwgen.frontend.quantize.prepare import quantize
from hwgen.frontend.tracing import plan_of
from hwgen.frontend.tracing.roles import roles_of
from hwgen.frontend.training.forward import PreparedForward
from hwgen.targets.lists.network_to_program import lower

TRAINED_OTHERWISE = ("other calls in training", "edges dropped in training")


def own(module: nn.Module) -> Tensor:
    """What the module's own forward gives for four graphs."""
    x, edges, batch = graphs()
    roles = roles_of(module)
    given: dict[str, Any] = {"x": x, "edge_index": edges, "batch": batch,
                             "data": Batch(x=x.clone(), edge_index=edges, batch=batch, _num_graphs=4)}
    with torch.no_grad():
        out: Tensor = module(*[given[role] for role in roles.positional],
                             **{name: given[role] for name, role in roles.named.items()})
    return out


def close(mine: Tensor, theirs: Tensor) -> bool:
    assert float(theirs.std()) > 1e-3  # not a comparison of constants
    return mine.shape == theirs.shape and bool((mine - theirs).abs().max() <= 1e-4 * max(1.0, theirs.abs().max()))


def made(form: str) -> nn.Module:
    return Forms(*FORMS[form]).eval()


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str) -> None:
    module = made(form)
    plan = plan_of(module)
    assert close(QuantizedNetwork(plan).eval()(*graphs()), own(module))


@pytest.mark.slow
@pytest.mark.parametrize("form", [form for form in FORMS if form not in TRAINED_OTHERWISE])
def test_forms_are_trained(form: str) -> None:
    """The layers' own forward on prepared graphs gives the logits, and weights their gradients."""
    module, batch = made(form), GraphBatch.of(*graphs())
    with torch.no_grad():
        want = QuantizedNetwork(plan_of(module)).eval().logits(batch)
    out = PreparedForward(module)(batch)
    assert close(out.detach(), want)
    if form == "in place":  # PyTorch refuses the backward pass of the module's own forward, too
        return
    out.square().sum().backward()
    used = {"gain and shift": "gain", "a share that is learned": "mix", "h @ W + b": "matrix",
            "exp of weights": "shift", "1 + a number that is learned": "one"}.get(form, "conv.nn.0.weight")
    gradient = module.get_parameter(used).grad
    assert gradient is not None
    assert gradient.abs().max() > 0


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_forms_are_quantized(form: str) -> None:
    """For hardware: ranges and scales are proved here."""
    data = [Data(x=x, edge_index=edges) for x, edges, _ in (graphs(0), graphs(1))]
    assert lower(quantize(made(form), "nns", data=data).export(), max_degree=16, max_members=19, max_features=7)


@pytest.mark.parametrize("name", FORWARDS)
def test_forwards(name: str) -> None:
    module, (x, edges, batch) = randomise(FORWARDS[name]), graphs()
    found = QuantizedNetwork(plan_of(module)).eval()(x, edges, None if name == "makes a batch" else batch)
    assert close(found, own(module))
