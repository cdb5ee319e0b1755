"""Text forms against a file: any change of a representation, of lowering or of a constant shows there.

``HWGEN_UPDATE_GOLDEN=1 pytest tests/hwgen/targets/banked/test_program_text.py`` writes the files anew: read the
difference before committing it.
"""

import dataclasses
import os
from pathlib import Path

import pytest
from models import program_of, random_graph_model
from program_text import to_text

from hwgen.targets.banked.sizes import choose

GOLDEN = Path(__file__).parents[3] / "golden"


@pytest.mark.parametrize(("name", "options"), [("sparse", {}), ("dense", {"input_bits": 4, "layers": 3})])
def test_texts_are_golden(name, options):
    graph = random_graph_model(0, **options)
    program = program_of(graph)
    text = "\n".join(to_text(thing) for thing in (program, choose(program)))
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("HWGEN_UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def test_one_changed_code_changes_the_text():
    graph = random_graph_model(0)
    weight = graph.layers[1].weight.copy()
    weight[0, 0] = 1 - weight[0, 0]
    layer = dataclasses.replace(graph.layers[1], weight=weight)
    other = dataclasses.replace(graph, layers=(graph.layers[0], layer))
    lines = [to_text(program_of(each)).splitlines() for each in (graph, other)]
    different = [line for line, before in zip(*lines, strict=True) if line != before]
    assert any("combine int64" in line for line in different)
