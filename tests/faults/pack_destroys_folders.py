"""hwgen pack --name must stay within BUILD/runs: no build and no folder elsewhere may be lost."""

import numpy as np
from small import build, cli, graphs, run


def test():
    data = graphs(1)[0]
    for name in ("..", "ELSEWHERE", ".", ""):
        folder = build()
        other = folder.parent / "thesis"
        other.mkdir()
        (other / "chapter.txt").write_text("years of work")
        np.savez(folder.parent / "g.npz", edges=data.edge_index.numpy(), features=data.x.numpy().astype(np.int64))
        cli("pack", folder, folder.parent / "g.npz", "--name", str(other) if name == "ELSEWHERE" else name)
        if not (folder / "design.v").exists():
            yield f"--name {name!r} removes the build"
        if not (other / "chapter.txt").exists():
            yield "--name FOLDER replaces a folder outside the build"
        if (
            name in (".", "")
            and (folder / "runs").exists()
            and not any(each.is_dir() and (each / "0000").exists() for each in (folder / "runs").iterdir())
        ):
            yield f"--name {name!r} is taken for runs/ itself"


run(test)
