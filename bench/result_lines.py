"""Results that a bench keeps: a JSON line each, under a digest of the files that they rest on."""

import hashlib
import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["append_line", "digest_of", "read_lines", "spread"]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All results; none where the file is not there yet."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def append_line(path: Path, line: dict[str, Any]) -> None:
    """Add a result, so that it is kept whatever becomes of the next."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def digest_of(files: Iterable[tuple[str, Path]]) -> str:
    """Of names and contents, in the order given."""
    found = hashlib.sha256()
    for name, path in files:
        found.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:24]


def spread(results: list[dict[str, Any]], key: str) -> str:
    """Mean ± sample standard deviation, in percent."""
    values = [100 * each[key] for each in results]
    deviation = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{deviation}"
