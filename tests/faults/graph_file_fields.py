"""Fields of an .npz of graphs with absurd values or of a wrong kind: one error that names the field."""

import numpy as np
from small import build, cli, graphs, run, unrefused


def test():
    data = graphs(1)[0]
    n = len(data.x)
    usual = {
        "edges": data.edge_index.numpy(),
        "features": data.x.numpy().astype(np.int64),
        "graph": np.zeros(n, np.int64),
        "graphs": 1,
    }
    sparse = {
        "features.indptr": np.zeros(n + 1, np.int64),
        "features.indices": np.zeros(0, np.int64),
        "features.data": np.zeros(0, np.int64),
        "features.shape": np.array([n, 5]),
    }
    for level, change in (
        ("graph", {"graphs": 2**40}),
        ("graph", {"graph": np.full(n, 2**40)}),
        ("graph", {"limits": np.full(8, np.nan)}),
        ("graph", {"limits": np.full(8, np.inf)}),
        ("graph", {"limits": np.full(8, "x")}),
        ("graph", {"features.shape": np.array(5)}),
        ("node", {"features.shape": np.array(5)}),
        ("graph", {"features.shape": np.array([2**40, 5]), "features.indptr": np.zeros(2, np.int64)}),
        ("node", {"labels": np.full(n, "x")}),
        ("node", {"logits": np.full((n, 3), "x")}),
        ("node", {"labels": np.zeros(n, "V4")}),
    ):
        folder = build(level)
        fields = {name: value for name, value in usual.items() if level == "graph" or name not in ("graph", "graphs")}
        fields |= {"node": np.arange(n)} if level == "node" else {}
        if "features.shape" in change:
            del fields["features"]
            fields |= sparse
        np.savez(folder.parent / "g.npz", **fields | change)
        wrong = unrefused(cli("pack", folder, folder.parent / "g.npz"))
        if wrong:
            yield f"{level} level, {', '.join(change)}: {wrong[:100]}"


run(test)
