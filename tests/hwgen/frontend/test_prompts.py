"""Prompts: their equations, that they learn inside every scheme, and that hardware computes them or refuses by name."""

import re
from functools import cache
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from list_builds import build, compare
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import SAGEConv
from training_graphs import small_data
from user_modules import graphs, randomise

import hwgen
from hwgen.cli import cli
from hwgen.errors import HwgenError
from hwgen.frontend import GCN, QuantizedNetwork
from hwgen.frontend.data.batching import union_of
from hwgen.frontend.data.graph_batch import GraphBatch
from hwgen.frontend.prompts import prompted
from hwgen.frontend.quantize.execute import execute
from hwgen.frontend.quantize.prepare import quantize
from hwgen.frontend.traced import TracedNetwork
from hwgen.frontend.tracing import plan_of
from hwgen.schemes import PROMPTS, SCHEMES, Prompt
from hwgen.targets import check_accepted
from hwgen.targets.banked.accepts import chain_of

X, EDGES, _ = graphs()
BATCH = GraphBatch.of(X, EDGES)
EXACT = [Prompt(kind="gpf"), Prompt(kind="lorap", rank=2), Prompt(kind="gpf-lorap", rank=1)]


def plan(bias: bool = True) -> TracedNetwork:
    return plan_of(randomise(GCN(7, 6, 3, bias=bias)))


def result(network: TracedNetwork) -> Tensor:
    return execute(network, BATCH)[network.values[-1].name]


def by_hand(network: TracedNetwork, x: Tensor, behind: dict[str, Tensor]) -> Tensor:
    """A GCN of two layers, with what is added behind its weights and its sums: [n, k] or [k], by value."""
    first, one, second, two = network.values
    h = x
    for message, row in ((first, one), (second, two)):
        m = (h @ message.terms[0].weight + behind.get(message.name, 0)) * BATCH.looped.rsqrt
        s = BATCH.looped.sum(m) * BATCH.looped.rsqrt
        added = behind.get(row.name)
        h = s + (0 if added is None else added(s) if callable(added) else added) + row.bias
        h = h.relu() if row is one else h
    return h


def test_gpf_adds_a_row_to_the_features() -> None:
    """``(x + p) W``: behind the weight it is a bias."""
    own = plan()
    found, p = prompted(own, Prompt(kind="gpf")), torch.rand(7)
    assert [value.name for value in found.values] == [value.name for value in own.values]
    [bias] = [value.bias for value, old in zip(found.values, own.values, strict=True) if value.bias is not old.bias]
    assert bias.shape == (6,)
    assert prompted(own, Prompt(kind="none")) is own
    assert torch.equal(result(found), result(own))
    bias.copy_(p @ own.values[0].terms[0].weight)
    assert torch.allclose(result(found), by_hand(own, X + p, {}), atol=1e-5)


def test_gpf_plus_weighs_rows_by_a_softmax() -> None:
    own = plan()
    found = prompted(own, Prompt(kind="gpf-plus", prompts=3), seed=1)
    share, rows = (next(value for value in found.values if value.name == name) for name in
                   ("prompt", f"{own.values[0].name}.prompt"))
    share.bias.copy_(torch.rand(3))
    alpha = (X @ share.terms[0].weight + share.bias).softmax(1)
    want = by_hand(own, X, {own.values[0].name: alpha @ rows.terms[0].weight})
    assert torch.allclose(result(found), want, atol=1e-5)
    assert not torch.allclose(result(found), result(own), atol=1e-4)


@pytest.mark.parametrize("kind", ["lorap", "lorap-softmax"])
def test_lorap_adds_to_every_sum_what_follows_from_it(kind: str) -> None:
    own = plan()
    found = {value.name: value for value in prompted(own, Prompt(kind=kind, rank=2), seed=2).values}
    behind = {}
    for row in own.values[1::2]:
        few, rows = (found[f"{row.name}.{name}"] for name in ("prompt.few", "prompt"))
        into, back = few.terms[0].weight, rows.terms[0].weight
        assert (into.shape, back.shape) == ((row.width, 2), (2, row.width))
        behind[row.name] = (lambda s, into=into, back=back: (
            s @ into if kind == "lorap" else (s @ into).softmax(1)) @ back)
    mine = result(prompted(own, Prompt(kind=kind, rank=2), seed=2))
    assert torch.allclose(mine, by_hand(own, X, behind), atol=1e-5)
    assert not torch.allclose(mine, result(own), atol=1e-4)
    assert not torch.equal(mine, result(prompted(own, Prompt(kind=kind, rank=2), seed=3)))


def test_constant_rows_are_biases_which_both_targets_take() -> None:
    own = plan(bias=False)
    found = prompted(own, Prompt(kind="lorap", rank=0))
    assert [value.bias is not None for value in found.values] == [False, True, False, True]
    data, without = Data(x=X, edge_index=EDGES), randomise(GCN(7, 6, 3, bias=False))
    for prompt in (Prompt(rank=0), Prompt(kind="gpf"), Prompt(kind="gpf-lorap", rank=0)):
        network = quantize(without, "a2q", data=data, prompt=prompt).export()
        assert [layer.prompt is None for layer in chain_of(network).layers] == ["gpf" not in prompt.kind, True]
    with pytest.raises(HwgenError, match=r"prompt lorap of rank 0 changes nothing"):
        prompted(plan(), Prompt(kind="lorap", rank=0))
    with pytest.raises(HwgenError, match=r"prompt lorap changes nothing"):
        prompted(plan_of(nn.Linear(7, 3)), Prompt(kind="lorap"))


def test_a_maximum_beside_its_own_row_gets_a_prompt_for_itself() -> None:
    own = plan_of(randomise(SAGEConv(7, 5, aggr="max")))
    found = prompted(own, Prompt(kind="lorap", rank=2))
    assert found.values[-1].terms == own.values[-1].terms
    assert [(value.name, value.width) for value in found.values if "prompt" in value.name] == [
        ("max.prompt.sum", 7), ("max.prompt.few", 2), ("max.prompt", 7)]
    assert not torch.allclose(result(found), result(own), atol=1e-4)


@cache
def without(scheme: str) -> Tensor:
    """Logits of the same training without a prompt."""
    model: nn.Module = hwgen.train("gcn", small_data(), scheme, epochs=2, bits=4).model
    found: Tensor = model.eval()()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("prompt", EXACT, ids=lambda prompt: prompt.kind)
def test_prompts_learn_and_hardware_computes_them(prompt: Prompt, scheme: str) -> None:
    data = small_data()
    trained = hwgen.train("gcn", data, scheme, epochs=2, prompt=prompt, bits=4).model
    assert not torch.equal(trained.eval()(), without(scheme))
    assert ("lorap" in prompt.kind) == any(value.name.endswith(".prompt") for value in trained.plan.values)
    compare(build(trained.export(), union_of([data], trained.input)))


@pytest.mark.parametrize("prompt", PROMPTS[1:])
def test_every_part_gets_a_gradient(prompt: str) -> None:
    network = prompted(plan(), Prompt(kind=prompt, prompts=3, rank=2))
    model = QuantizedNetwork(network, None, sample=BATCH)
    model().square().sum().backward()
    parts = [value for value in model.plan.values if "prompt" in value.name]
    tensors = [term.weight for value in parts for term in value.terms if term.weight is not None]
    tensors += [value.bias for value in model.plan.values if value.bias is not None]
    assert all(each.grad is not None and each.grad.abs().sum() > 0 for each in tensors)


@pytest.mark.parametrize("kind", ["gpf-plus", "lorap-softmax"])
def test_a_softmax_trains_and_is_refused_where_it_would_be_built(kind: str, tmp_path: Path) -> None:
    training = hwgen.train("gcn", small_data(), epochs=4, prompt=Prompt(kind=kind, rank=2))
    assert training.best.test > 0
    with pytest.raises(HwgenError, match=r"softmax has no exact integers") as caught:
        training.save(tmp_path / "m.pt")
    assert "prompt" in caught.value.where
    assert not (tmp_path / "m.pt").exists()
    with pytest.raises(HwgenError, match=r"softmax has no exact integers"):
        quantize(GCN(7, 6, 3), data=Data(x=X, edge_index=EDGES), prompt=kind)
    done = CliRunner().invoke(cli, ["train", "--prompt", kind, "--epochs", "1", "-o", str(tmp_path / "m.pt")])
    assert done.exit_code != 0
    assert "has a softmax" in str(done.exception or done.output)


def test_checkpoints_keep_prompts(tmp_path: Path) -> None:
    data = small_data()
    hwgen.train("gcn", data, epochs=4, prompt="gpf-lorap").save(tmp_path / "m.pt")
    network, sample = hwgen.load(tmp_path / "m.pt")
    assert [value.name for value in network.values if "prompt" in value.name] == [
        f"convs.{layer}.prompt{part}" for layer in (0, 1) for part in (".sum", ".few", "")]
    assert network.values[0].bias is not None
    check_accepted(network, sample)


def test_fp32_is_the_module_without_prompts(tmp_path: Path) -> None:
    """Whoever quantizes, or saves from a loop of one's own."""
    data, module = small_data(), GCN(12, 6, 3).eval()
    model = quantize(module, data=data, prompt="gpf-lorap")
    with torch.no_grad():
        assert torch.allclose(model.fp32(), module(data.x * data.input_scale, data.edge_index), atol=1e-5)
    assert not model.bits_stand_still
    hwgen.save(hwgen.train("gcn", data, "uniform", epochs=4, prompt="lorap").model, data, tmp_path / "m.pt")


@pytest.mark.parametrize(("settings", "what"), [
    ({"kind": "other"}, "unknown prompt 'other'"), ({"rank": -1}, "rank is -1"), ({"prompts": 0}, "prompts is 0"),
    ({"kind": "lorap-softmax", "rank": 0}, "rank is 0"), ({"rank": 257}, "rank is 257")])
def test_what_is_out_of_range(settings: dict, what: str) -> None:
    with pytest.raises(HwgenError, match=what):
        Prompt(**settings)


@pytest.mark.slow
def test_the_page_runs() -> None:
    text = (Path(__file__).parents[3] / "docs" / "prompts.md").read_text(encoding="utf-8")
    names: dict = {}
    exec(compile(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0], "prompts.md", "exec"), names)
    assert names["model"].plan.values[0].bias is not None
