"""Entries of a checkpoint of a wrong kind or out of bounds: one error that names them, before any work."""

import json

import torch
from small import checkpoint, cli, run, temporary, unrefused


def test():
    folder = temporary()
    node, graph = checkpoint(folder / "n.pt", "node"), checkpoint(folder / "g.pt")
    for path, value in (
        (["version"], {}),
        (["version"], 1.5),
        (["network", "values.0.step"], "x"),
        (["sample", "mask"], "x"),
        (["sample", "labels"], -1),
    ):
        content = torch.load(node, weights_only=True)
        inner = content
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        torch.save(content, folder / "odd.pt")
        wrong = unrefused(cli("inspect", folder / "odd.pt"))
        if wrong:
            yield f"node level, {'.'.join(map(str, path))} = {value!r}: {wrong[:80]}"
    for path, value in (
        (["name"], {}),
        (["values", 1, "quantizer", "reach"], -1),
        (["values", 1, "quantizer", "signed"], 10**29),
        (["values", 1, "bias"], []),
    ):
        content = torch.load(graph, weights_only=True)
        facts = json.loads(content["facts"])
        inner = facts
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        torch.save(content | {"facts": json.dumps(facts)}, folder / "odd.pt")
        wrong = unrefused(cli("inspect", folder / "odd.pt"))
        if wrong:
            yield f"graph level, facts {'.'.join(map(str, path))} = {value!r}: {wrong[:80]}"


run(test)
