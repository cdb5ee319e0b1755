"""Facts of a build that hold nonsense: one error that names the key; no traceback, no nonsense printed as a result."""

import json

from small import build, cli, run, unrefused


def edited(folder, path, value):
    file = folder / "report" / "report.json"
    facts = json.loads(file.read_text())
    inner = facts
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    file.write_text(json.dumps(facts))


def test():
    for path, value in (
        (["performance", "graphs_per_s"], -1),
        (["performance", "latency_us"], "x"),
        (["capacities"], 0),
        (["verification"], True),
        (["cycles", "passes", 0, "utilisation", "gather"], "x"),
        (["resources", "total"], None),
        (["resources", "components", 0, "count"], {}),
        (["resources", "utilisation", "lut", "share"], "x"),
        (["model", "bits_by_degree"], 0),
    ):
        folder = build()
        try:
            edited(folder, path, value)
        except (KeyError, IndexError, TypeError):
            continue  # this build has no such fact
        wrong = unrefused(cli("report", folder))
        if wrong:
            yield f"{'.'.join(map(str, path))} = {value!r}: {wrong[:120]}"


run(test)
