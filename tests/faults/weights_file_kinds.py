"""Weights of a file that cannot be meant: complex numbers are refused, not cut; keys that are no names are named."""

import torch
from small import NET, Gin, cli, graphs, run, temporary, unrefused


def test():
    folder = temporary()
    (folder / "net.py").write_text(NET)
    torch.save([{"x": each.x.long(), "edge_index": each.edge_index} for each in graphs()], folder / "g.pt")
    weights = Gin().state_dict()
    for name, changed in {
        "complex weights": weights | {"head.weight": weights["head.weight"] * (1 + 2j)},
        "keys that are numbers": {0: torch.ones(3), 1: torch.ones(3)},
    }.items():
        torch.save(changed, folder / "w.pt")
        wrong = unrefused(
            cli("quantize", "net.py:Net", "--weights", "w.pt", "--data", "g.pt", "-o", "q.pt", cwd=folder)
        )
        if wrong:
            yield f"{name}: {wrong[:110]}"
    torch.save([{"x": each.x * (1 + 2j), "edge_index": each.edge_index} for each in graphs()], folder / "c.pt")
    wrong = unrefused(cli("quantize", "net.py:Net", "--data", "c.pt", "-o", "q.pt", cwd=folder))
    if wrong:
        yield f"complex features: {wrong[:110]}"


run(test)
