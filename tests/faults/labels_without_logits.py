"""Graphs stored with labels but without logits: verify must print the accuracy of the hardware on them."""

import numpy as np
from small import build, cli, graphs, run


def test():
    folder, data = build(simulator=True), graphs(2)
    starts = np.cumsum([0] + [len(each.x) for each in data])
    np.savez(
        folder.parent / "test.npz",
        edges=np.concatenate([each.edge_index.numpy() + s for each, s in zip(data, starts[:-1], strict=True)], 1),
        features=np.concatenate([each.x.numpy() for each in data]).astype(np.int64),
        graph=np.repeat([0, 1], np.diff(starts)),
        graphs=2,
        labels=np.array([0, 1]),
    )
    found = cli("verify", folder, "--graph", folder.parent / "test.npz")
    if found.returncode:
        yield f"verify fails: {found.stderr.strip()[-120:]}"
    elif "accuracy" not in found.stdout:
        yield "labels are given; no accuracy is printed"


run(test)
