"""Results that a bench keeps: a JSON line each, under a digest of the files that they rest on."""

import hashlib
import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["EVIDENCE", "append_line", "compare", "digest_of", "read_lines", "spread", "write_lines"]

#: Folder of the results that pages are made from.
EVIDENCE = Path(__file__).parents[1] / "docs" / "evidence"


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All results; none where the file is not there yet."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def append_line(path: Path, line: dict[str, Any]) -> None:
    """Add a result, so that it is kept whatever becomes of the next."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Write results that belong together, in place of those of before."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


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


def compare(old: Iterable[dict[str, Any]], new: Iterable[dict[str, Any]], key: str = "integer_test") -> str:
    """Paired differences, run by run: a Markdown table of means, their difference and its standard error.

    Parameters
    ----------
    old, new : iterable of dict
        Lines with ``dataset``, ``recipe``, ``settings`` and ``seed``; of several old lines of one run the last counts
        that has other settings than the new one, so that both may lie in one file.
    key : str
        What is compared, a share.
    """
    runs: list[dict[tuple[str, str], dict[int, dict[str, Any]]]] = [{}, {}]
    after_all = list(new)
    today = {(line["dataset"], line["recipe"], line["settings"]) for line in after_all}
    before_all = [line for line in old if (line["dataset"], line["recipe"], line["settings"]) not in today]
    for group, lines in zip(runs, (before_all, after_all), strict=True):
        for line in lines:
            group.setdefault((line["dataset"], line["recipe"]), {})[line["seed"]] = line
    text = "| data set | row | pairs | before | after | difference | in standard errors | bits before | bits after |\n"
    text += "|---|---|---|---|---|---|---|---|---|\n"
    for name, after in runs[1].items():
        before = runs[0].get(name, {})
        pairs = [(before[seed], after[seed]) for seed in sorted(after) if seed in before]
        if len(pairs) < 2:
            text += f"| {' | '.join(name)} | {len(pairs)} | – | – | – | – | – | – |\n"
            continue
        apart = [100 * (mine[key] - theirs[key]) for theirs, mine in pairs]
        mean, error = statistics.mean(apart), statistics.stdev(apart) / len(apart) ** 0.5
        ratio = f"{mean / error:+.2f}{' (worse)' if mean < -2 * error else ''}" if error else "–"
        first, second = ([pair[which] for pair in pairs] for which in (0, 1))
        bits = [f"{statistics.mean(line['bits'] for line in side):.3f}" for side in (first, second)]
        text += (f"| {' | '.join(name)} | {len(pairs)} | {spread(first, key)} | {spread(second, key)} | "
                 f"{mean:+.2f} ± {error:.2f} | {ratio} | {' | '.join(bits)} |\n")
    return text
