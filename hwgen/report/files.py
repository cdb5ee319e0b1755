"""The files of ``report/``: text by name."""

import json
from collections.abc import Mapping
from typing import Any

from .finn import finn_files
from .html import render

__all__ = ["report_files"]


def report_files(facts: Mapping[str, Any]) -> dict[str, str]:
    """File name -> text: ``report.json`` with all facts, FINN's views of them, and ``report.html``."""
    files = {"report.json": facts, **finn_files(facts)}
    text = {name: json.dumps(content, indent=2) + "\n" for name, content in files.items()}
    return {**text, "report.html": render(dict(facts))}
