"""The machine around the tool: signals, homes, variables, other packages."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("program", [
    "any_exception_exits_1",
    "container_without_home",
    "environment_variables",
    "install_brings_cuda",
    "interrupt_while_compiling",
    "left_running_after_signal",
    "top_level_names",
    "warnings_of_dependencies",
])
def test_program_finds_no_fault(program, passes):
    passes(program)


def test_every_program_of_this_folder_is_run_once():
    lists = "".join(file.read_text() for file in FOLDER.glob("test_*.py"))
    named = re.findall(r'^    "(\w+)",$', lists, re.M)
    found = [file.stem for file in FOLDER.glob("*.py") if not re.fullmatch("small|conftest|test_.*", file.stem)]
    assert sorted(named) == sorted(found)
