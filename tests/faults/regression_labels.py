"""Labels that are no classes (real numbers, NaN, -1) must not be cut to classes, and must give no accuracy."""

import json

import torch
from small import NET, Gin, cli, graphs, run, temporary

import hwgen


def test():
    for name, label in {
        "real numbers": lambda i: i / 10 - 0.35,
        "NaN": lambda i: float("nan") if i % 2 else 1.0,
    }.items():
        folder, data = temporary(), graphs(8)
        for index, each in enumerate(data):
            each.y = torch.tensor([label(index)])
        path = folder / "m.pt"
        hwgen.save(hwgen.quantize(Gin(1).eval(), scheme="nns", data=data), data, path)
        stored = torch.load(path, weights_only=True)["sample"].get("labels")
        if stored is not None and not stored.is_floating_point():
            yield f"{name}: stored as classes {stored.tolist()[:3]}"
        torch.save([{"x": each.x.long(), "edge_index": each.edge_index, "y": each.y} for each in data], folder / "g.pt")
        (folder / "net.py").write_text(NET)
        found = cli("quantize", "net.py:Net(1)", "--data", "g.pt", "-o", "q.pt", "--json", cwd=folder)
        if found.returncode:
            yield f"{name}: quantize fails: {found.stderr.strip()[-80:]}"
        elif json.loads(found.stdout).get("accuracy") is not None:
            yield f"{name}: quantize prints accuracy {json.loads(found.stdout)['accuracy']:.0%}"


run(test)
