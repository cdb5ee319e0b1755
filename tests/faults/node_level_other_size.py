"""Node level: a graph of another size without `node` has no quantizers of its own; it must be refused."""

import numpy as np
from small import build, cli, one_graph, run, unrefused


def test():
    folder, data = build("node"), one_graph()
    few = 10
    inside = (data.edge_index < few).all(0)
    np.savez(
        folder.parent / "g.npz",
        edges=data.edge_index[:, inside].numpy(),
        features=data.x[:few].numpy().astype(np.int64),
    )
    said = unrefused(cli("pack", folder, folder.parent / "g.npz"))
    if said:
        yield f"10 nodes of a model trained on {len(data.x)} nodes, no `node`: {said}"


run(test)
