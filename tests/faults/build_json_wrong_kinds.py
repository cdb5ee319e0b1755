"""config.json, layout.json and design.json with values of a wrong kind: one error that names file and key."""

import json

import numpy as np
from small import build, cli, graphs, run, unrefused


def test():
    data = graphs(1)[0]
    for file, path, value, verb in (
        ("config.json", ["hardware", "units"], "x", "pack"),
        ("config.json", ["hardware", "passes"], None, "pack"),
        ("config.json", ["capacity", "nodes"], "x", "pack"),
        ("config.json", ["hardware", "requant_lanes"], 1.5, "pack"),
        ("config.json", ["limits", "max_nodes"], 1.5, "verify"),
        ("config.json", ["capacity", "graphs"], {}, "verify"),
        ("batches/0001/layout.json", ["scale", 2], [], "verify"),
        ("design.json", ["ports", 3, "width"], None, "verify"),
    ):
        folder = build(simulator=verb == "verify")
        content = json.loads((folder / file).read_text())
        inner = content
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        (folder / file).write_text(json.dumps(content))
        np.savez(folder.parent / "g.npz", edges=data.edge_index.numpy(), features=data.x.numpy().astype(np.int64))
        words = [folder.parent / "g.npz"] if verb == "pack" else []
        wrong = unrefused(cli(verb, folder, *words))
        if wrong:
            yield f"{file} {'.'.join(map(str, path))} = {value!r}, {verb}: {wrong[:110]}"


run(test)
