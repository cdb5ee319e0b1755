"""Run verbs of the command line in this process."""

import json
from typing import Any

from click.testing import CliRunner

from hwgen.cli import cli

__all__ = ["facts", "run"]


def run(*arguments: object, code: int = 0) -> str:
    """Run a verb; return what it prints to standard output."""
    result = CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


def facts(*arguments: object, code: int = 0) -> dict[str, Any]:
    """What a verb says as JSON."""
    found: dict[str, Any] = json.loads(run(*arguments, "--json", code=code))
    return found
