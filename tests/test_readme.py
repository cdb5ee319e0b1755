"""Documentation is executed: every command it shows parses, its Python runs, and its two make commands are there."""

import io
import json
import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest

from hwgen.cli import cli

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "docs" / "usage.md"]


def commands() -> list[str]:
    """Every indented or fenced line that starts with ``hwgen``, and every `` `hwgen ...` `` in running text."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += re.findall(r"^    (hwgen .*)$", text, flags=re.MULTILINE)
        found += re.findall(r"`(hwgen [^`]+)`", text)
    return found


@pytest.mark.parametrize("line", commands())
def test_every_command_parses(line: str) -> None:
    _, verb, *arguments = shlex.split(line, comments=True)
    command = cli.commands[verb]
    try:
        command.make_context(verb, list(arguments), resilient_parsing=False).close()
    except click.exceptions.Exit:
        pass  # --help
    except click.MissingParameter:
        assert not arguments, line  # a verb named in running text


def test_documentation_names_every_verb() -> None:
    text = " ".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert {verb for verb in cli.commands if f"hwgen {verb}" not in text} == set()


def test_the_two_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in ("demo", "test", "quick"):
        assert re.search(rf"^    make {target}\b", readme, flags=re.MULTILINE)
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


def test_links_lead_somewhere() -> None:
    for page in (*PAGES, *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_formats_are_those_of_the_code(tmp_path: Path) -> None:
    from rtl_templates.banked.formats import PARAM, TASK

    page = (ROOT / "docs" / "banked.md").read_text(encoding="utf-8")
    for fields in (TASK, PARAM):
        text = r"[\s`]+".join(rf"{name}\[{width}\]" for name, width in fields.items())
        assert re.search(text, page), text


def test_every_file_of_a_build_is_described(tmp_path: Path) -> None:
    from designs import design_of, graph_run
    from models import random_graph_model

    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    network, sample = random_graph_model(0).parts
    design = design_of("banked", network, sample)
    run = graph_run(design, sample.batch)
    for files in (design.model_files(), run.files):
        layout = json.loads(files["layout.json"])
        for key in (*layout, *(key for step in layout.get("passes", []) for key in step)):
            assert f"`{key}`" in page, key
        for name in files:
            assert name in page, name
    for key in np.load(io.BytesIO(run.files["golden.npz"])):
        assert f"`{re.sub(r'^p[0-9]+_', 'p<i>_', key)}`" in page, key


@pytest.mark.slow
def test_training_loop_of_ones_own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
    example = next(block for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL) if "quantize" in block)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/usage.md", "exec"), {"__name__": "example"})
    from hwgen.frontend import load

    network, _ = load(tmp_path / "model.pt")
    assert network.values[0].terms[0].weight.codes.shape == (64, 16)
