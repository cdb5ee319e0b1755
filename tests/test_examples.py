"""The examples are executed: a user's model is trained, quantized, saved, loaded, lowered, and as good as stated.

Each example is one file that a user may copy: what two of them have in common, such as the loop that trains, stands in
both.
"""

import re
import runpy
from pathlib import Path

import pytest

from hwgen.frontend.checkpoint import load
from hwgen.frontend.tracing import plan_of

EXAMPLES = Path(__file__).parents[1] / "examples"
#: Example -> layer paths in the user's module.
PATHS = {
    "two_convs": ["near", "far"],
    "batchnorm_three_layers": ["convs.0", "convs.1", "convs.2"],
    "data_argument": ["block.conv", "head"],
}
#: Example of a network -> its values, and the agreement and accuracy that it reaches at least. One of the 64 digits may
#: have two classes that are nearly as likely.
VALUES = {
    "gin_graphs": ("near.nn.0.message, near.nn.0, near.nn.3, far.sum, far.nn.0, far.nn.3, cat, readout.0, readout.3",
                   63 / 64, 0.85),
    "sage_residual": ("enter, mean.message, mean.root, mean, add, max.project, max.max, max, add.2, leave", 0.99,
                      0.95),
    "residual_gcn": (("enter.0, blocks.0.conv.message, blocks.0.conv, blocks.1.conv.message, blocks.1.conv, "
                      "blocks.2.conv.message, blocks.2.conv, join, leave"), 0.99, 0.95),
}


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(PATHS) | set(VALUES)


@pytest.mark.slow
@pytest.mark.parametrize("name", VALUES)
def test_example_of_a_network(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = tmp_path / "model.pt"
    runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](str(checkpoint))
    printed = dict(re.findall(r"^(\w+) +(.*)$", capsys.readouterr().out, flags=re.MULTILINE))
    values, agreement, accuracy = VALUES[name]
    assert printed["values"] == values
    assert float(printed["bits"]) <= 6
    assert float(printed["agreement"]) >= agreement
    assert float(printed["accuracy"]) >= accuracy
    network, sample = load(checkpoint)
    assert ", ".join(value.name for value in network.values) == values
    assert sample.labels is not None


@pytest.mark.parametrize("name", ["two_convs", *(pytest.param(name, marks=pytest.mark.slow)
                                                 for name in PATHS if name != "two_convs")])
def test_example(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = tmp_path / "model.pt"
    runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](str(checkpoint))
    printed = dict(re.findall(r"^(\w+) +(.*)$", capsys.readouterr().out, flags=re.MULTILINE))
    assert printed["layers"] == ", ".join(PATHS[name])
    assert float(printed["bits"]) <= 4
    assert float(printed["agreement"]) >= 0.99
    assert float(printed["accuracy"]) >= 0.95
    assert [value.path for value in load(checkpoint)[0].values[::2]] == PATHS[name]


def test_the_documented_model_is_legal() -> None:
    text = (EXAMPLES.parent / "docs" / "own-models.md").read_text(encoding="utf-8")
    names: dict[str, type] = {}
    exec(compile(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0], "own-models.md", "exec"), names)
    assert [value.role for value in plan_of(names["Net"]()).values] == ["message", "activation", "message", "result"]
    for name in (*PATHS, *VALUES):
        assert f"{name}.py" in text
