"""The files of ``report/``: facts to text by name, and the facts of a folder back."""

import json
from pathlib import Path
from typing import Any

from ..documents import parse_json, read_text
from ..errors import HwgenError
from ..kinds import read_as
from ..seals import SEAL, seal_of, sealed
from .facts import Report
from .finn import finn_files
from .html import render

__all__ = ["read_report", "report_files"]

AGAIN = "build again"


def report_files(report: Report) -> dict[str, str]:
    """File name -> text: ``report.json`` with all facts, FINN's views of them, and ``report.html``."""
    files: dict[str, Any] = {"report.json": sealed(report.to_dict()), **finn_files(report)}
    text = {name: json.dumps(content, indent=2) + "\n" for name, content in files.items()}
    return {**text, "report.html": render(report)}


def read_report(build: Path) -> Report:
    """``report/report.json`` of a build folder.

    Raises
    ------
    HwgenError
        No such file, one that this version of hwgen did not write, or that was changed since.
    """
    path = build / "report" / "report.json"
    content = parse_json(read_text(path, AGAIN), str(path), AGAIN)
    seal = content.pop(SEAL, None) if isinstance(content, dict) else None
    report = read_as(Report, content, str(path), f"{AGAIN}: not a report of this version of hwgen")
    if not isinstance(content, dict) or seal != seal_of(content):
        raise HwgenError("the report was changed since hwgen wrote it", str(path), AGAIN)
    return report
