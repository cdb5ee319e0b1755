"""Runs named tests in the tree it lies in and writes down what they said: one side of ``bench/mutations.py``.

    python bench/witness.py RESULT.json PYTEST-ARGUMENT...

RESULT.json gets ``passed`` (test ids), ``failed`` (id, phase, kinds of exception and gist of each failure) and
pytest's exit ``status``. It is an error if the code under test would come from another tree.
"""

import importlib
import json
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTED = ("hwgen", "rtl_templates", "sim", "boards")


class Witness:
    """Pytest plugin that keeps every outcome."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: list[dict[str, Any]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed:
            assert call.excinfo is not None
            self.failed.append({"test": item.nodeid, "phase": report.when, "kinds": kinds(call.excinfo.value),
                                "message": gist(call.excinfo.value)})
        elif report.passed and report.when == "call":
            self.passed.append(item.nodeid)
        return report


def kinds(error: BaseException) -> list[str]:
    """Names of the exception's class, or of all in a group of them."""
    if isinstance(error, BaseExceptionGroup):
        return [name for inner in error.exceptions for name in kinds(inner)]
    # what an assertion says counts as one, and so does a refusal that did not come (pytest.raises)
    checks = (AssertionError, pytest.fail.Exception)
    return ["assertion" if isinstance(error, checks) else type(error).__name__]


def gist(error: BaseException) -> str:
    """First line that says something; and what was compared, where that line is the test's own."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return ": ".join([*lines[:1], *[line for line in lines[1:] if line.startswith("assert ")][:1]])


def main() -> int:
    for name in TESTED:
        origin = Path(importlib.import_module(name).__file__ or "")
        if not origin.is_relative_to(ROOT):
            raise SystemExit(f"{name} would be imported from {origin}, not from {ROOT}")
    witness = Witness()
    status = int(pytest.main(sys.argv[2:], plugins=[witness]))
    Path(sys.argv[1]).write_text(json.dumps({
        "status": status, "passed": witness.passed, "failed": witness.failed}))
    return status


if __name__ == "__main__":
    sys.exit(main())
