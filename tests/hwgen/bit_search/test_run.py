"""A search from the command line to a checkpoint that builds: all objectives, continued studies, what cannot be."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch_geometric.nn import GCNConv
from training_graphs import small_data

import hwgen
from hwgen.bit_search.measure import OBJECTIVES
from hwgen.bit_search.propose import SAMPLERS
from hwgen.bit_search.run import Outcome, search_bits
from hwgen.bit_search.space import GRANULARITIES
from hwgen.cli import cli
from hwgen.cli.search_bits import search_bits as command
from hwgen.errors import HwgenError
from hwgen.frontend.data.own_files import save_graphs


def searched(folder: Path, **options: Any) -> Outcome:
    given = {"trials": 10, "epochs": 2, "drop": 0.1} | options
    return search_bits("gcn", small_data(), "uniform", study=folder, **given)


@pytest.mark.slow
def test_what_is_chosen_reaches_the_floor_and_costs_least(tmp_path: Path) -> None:
    found = searched(tmp_path)
    enough = [each for each in found.measured if each.accuracy >= found.floor]
    ranked = sorted(enough, key=lambda each: each.cost)
    assert found.validation >= found.floor
    assert found.best in ranked[:6]
    assert len(found.measured) == 10
    network = found.model.export()
    widths = {value.name: int(value.quantizer.bits.max()) for value in network.values if value.quantizer is not None}
    assert widths == {"convs.0.message": found.best.assignment["convs.0: aggregate"],
                      "convs.0": found.best.assignment["convs.0: combine"],
                      "convs.1.message": found.best.assignment["convs.1: aggregate"]}
    nodes = small_data().num_nodes
    widest = found.measured[0]
    assert set(widest.assignment.values()) == {8}
    assert widest.cost == pytest.approx(8 * nodes * sum(value.width for value in network.values[:-1]) / 8 / 1024)


@pytest.mark.slow
def test_seeds_count_as_their_mean(tmp_path: Path) -> None:
    single = [searched(tmp_path / str(seed), seed=seed, trials=1) for seed in (3, 4)]
    both = searched(tmp_path / "both", seed=3, seeds=2, trials=1)
    for name in ("fp32", "fp32_test", "validation", "test"):
        assert getattr(both, name) == pytest.approx(sum(getattr(each, name) for each in single) / 2)
    for name in ("accuracy", "cost"):
        assert getattr(both.best, name) == pytest.approx(sum(getattr(each.best, name) for each in single) / 2)
    batch = both.examples.part("test")[0].batch
    assert torch.equal(both.model.logits(batch), single[0].model.logits(batch))


@pytest.mark.slow
def test_a_study_that_is_continued_ends_as_one_that_was_not(tmp_path: Path) -> None:
    searched(tmp_path / "parts", trials=3)
    parts, whole = searched(tmp_path / "parts", trials=7), searched(tmp_path / "whole", trials=7)
    assert parts.measured == whole.measured
    assert parts.test == whole.test


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["cycles", "luts"])
def test_hardware_is_what_is_counted(objective: str, tmp_path: Path) -> None:
    found = searched(tmp_path, objective=objective, trials=3, granularity="uniform")
    costs = {each.assignment["all"]: each.cost for each in found.measured}
    assert all(cost == int(cost) > 0 for cost in costs.values())
    assert len(costs) < 2 or len(set(costs.values())) > 1


@pytest.mark.slow
def test_rows_are_counted_without_what_is_sent_to_neighbours(tmp_path: Path) -> None:
    (widest,) = searched(tmp_path, objective="rows", trials=1).measured
    assert widest.cost == small_data().num_nodes * 16 * 8 / 8 / 1024  # the hidden layer has 16 channels


def test_real_labels_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    data = small_data()
    data.y = data.y + 0.5
    with pytest.raises(HwgenError, match=r"^real labels, and the search compares accuracies\n  at data\.y"):
        search_bits("gcn", data, "uniform", study=tmp_path / "s")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(("options", "what"), [
    ({"trials": 0}, "0 trials"), ({"drop": 1.5}, "drop is 1.5"), ({"epochs": 0}, "0 epochs"), ({"seeds": 0}, "0 seeds"),
    ({"seeds": 2, "weights": Path(__file__)}, "2 seeds of a module that has its parameters")])
def test_wrong_options_are_refused(options: dict[str, Any], what: str, tmp_path: Path) -> None:
    with pytest.raises(HwgenError, match=what):
        searched(tmp_path, **options)


@pytest.mark.slow
def test_the_command_line_writes_a_checkpoint_and_a_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, output, study = tmp_path / "own.pt", tmp_path / "best.pt", tmp_path / "study"
    save_graphs([small_data()], data)
    cli(["search-bits", "--data", str(data), "--trials", "3", "--epochs", "2", "--study", str(study), "-o", str(output),
         "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert [each["trial"] for each in found["measured"]] == [0, 1, 2]
    assert found["best"] in found["measured"]
    assert (study / "pareto.svg").read_text().startswith("<svg")
    assert hwgen.load(output)[0].values


@pytest.mark.slow
def test_edges_that_weigh_do_so_in_fp32_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    data = small_data()
    data.edge_weight = torch.rand(data.num_edges) * 4

    class Weighted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convs = torch.nn.ModuleList([GCNConv(12, 6), GCNConv(6, 3)])

        def forward(self, x: torch.Tensor, edge_index: torch.Tensor, edge_weight: torch.Tensor) -> torch.Tensor:
            return self.convs[1](self.convs[0](x, edge_index, edge_weight).relu(), edge_index, edge_weight)

    module = Weighted()
    weights = tmp_path / "net.pt"
    torch.save(module.state_dict(), weights)
    found = search_bits(module, data, "uniform", study=tmp_path / "s", weights=weights, trials=1, epochs=1, drop=0.5)
    own = module.eval()(data.x * getattr(data, "input_scale", 1.0), data.edge_index, data.edge_weight).argmax(1)
    assert found.fp32 == pytest.approx(float((own == data.y)[data.val_mask].double().mean()))


def test_a_scheme_with_rows_by_edge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HwgenError, match="scheme dq-int8-published has values of its own for messages and sums"):
        search_bits("gcn", small_data(), "dq-int8-published", study=tmp_path)


def test_a_row_counts_as_often_as_it_has_codes() -> None:
    class Narrowing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convs = torch.nn.ModuleList([GCNConv(12, 8), GCNConv(8, 4), GCNConv(4, 3)])

        def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:
            for conv in self.convs[:2]:
                x = conv(x, edge_index).relu()
            return self.convs[2](x, edge_index)

    torch.manual_seed(0)
    model = hwgen.quantize(Narrowing(), "uniform", data=small_data(), widths={"convs.0": 2, "convs.1": 8})
    assert model.average_bits() == (2 + 8) / 2
    assert model.average_bits(by_width=True) == (8 * 2 + 4 * 8) / 12


def test_a_scheme_that_chooses_widths_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HwgenError, match="scheme mixq chooses widths itself"):
        search_bits("gcn", small_data(), "mixq", study=tmp_path)


@pytest.mark.parametrize(("name", "known"), [
    ("granularity", GRANULARITIES), ("objective", OBJECTIVES), ("sampler", SAMPLERS)])
def test_the_command_line_has_every_choice(name: str, known: tuple[str, ...]) -> None:
    option = next(each for each in command.params if each.name == name)
    assert tuple(option.type.choices) == known
