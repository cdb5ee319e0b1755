"""Fields of an .npz of graphs that cannot be meant so: refused, not converted or left out in silence."""

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
        "labels": np.array([0]),
        "logits": np.zeros((1, 3)),
    }
    for name, change in {
        "edges bool": {"edges": data.edge_index.numpy() > 0},
        "labels strings": {"labels": np.array(["x"])},
        "labels NaN": {"labels": np.array([np.nan])},
        "logits NaN": {"logits": np.full((1, 3), np.nan)},
        "logits of another width": {"logits": np.zeros((1, 7))},
        "logits of strings": {"logits": np.full((1, 3), "x")},
        "mask of strings": {"mask": np.array(["x"])},
        "limits negative": {"limits": np.full(8, -5.0)},
    }.items():
        folder = build()
        np.savez(folder.parent / "g.npz", **usual | change)
        wrong = unrefused(cli("pack", folder, folder.parent / "g.npz"))
        if wrong:
            yield f"{name}: {wrong[:90]}"
    folder = build("node")
    for name, change in {
        "labels complex": {"labels": np.full(n, 1 + 2j)},
        "test_mask strings": {"test_mask": np.full(n, "x")},
        "test_mask 2^32": {"test_mask": np.full(n, 2**32)},
    }.items():
        fields = {key: usual[key] for key in ("edges", "features")} | {"node": np.arange(n)}
        np.savez(folder.parent / "g.npz", **fields | change)
        wrong = unrefused(cli("pack", folder, folder.parent / "g.npz"))
        if wrong:
            yield f"node level, {name}: {wrong[:90]}"


run(test)
