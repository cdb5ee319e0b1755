"""Text that is nested 100,000 deep, or a number of 5,000 digits: one error from every reader of JSON and TOML."""

import numpy as np
import torch
from small import build, checkpoint, cli, graphs, run, temporary, unrefused

DEEP = "[" * 100_000 + "]" * 100_000


def test():
    data = graphs(1)[0]
    for file, verb in (
        ("config.json", "pack"),
        ("model/network.json", "pack"),
        ("report/report.json", "report"),
        ("design.json", "verify"),
        ("images/layout.json", "verify"),
    ):
        folder = build()
        (folder / file).write_text(DEEP)
        np.savez(folder.parent / "g.npz", edges=data.edge_index.numpy(), features=data.x.numpy().astype(np.int64))
        wrong = unrefused(cli(verb, folder, *([folder.parent / "g.npz"] if verb == "pack" else [])))
        if wrong:
            yield f"{file}, {verb}: {wrong[:90]}"
    folder = temporary()
    content = torch.load(checkpoint(folder / "m.pt"), weights_only=True)
    torch.save(content | {"facts": DEEP}, folder / "deep.pt")
    wrong = unrefused(cli("inspect", folder / "deep.pt"))
    if wrong:
        yield f"facts of a checkpoint: {wrong[:90]}"
    for name, text in (("deep", f"name = {DEEP}"), ("5,000 digits", "lut = " + "9" * 5000)):
        (folder / "x.toml").write_text(text)
        wrong = unrefused(cli("estimate", folder / "m.pt", "--board", folder / "x.toml"))
        if wrong:
            yield f"a board, {name}: {wrong[:90]}"


run(test)
