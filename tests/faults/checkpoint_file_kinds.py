"""A checkpoint that is cut, that unpacks to gigabytes, or that is a pipe: one error, soon, in little memory."""

import os
import resource
import zipfile

from small import checkpoint, cli, run, temporary, unrefused


def test():
    folder = temporary()
    model = checkpoint(folder / "m.pt")
    for size in (0, 1, 2, 20, -1):
        with zipfile.ZipFile(model) as source, zipfile.ZipFile(folder / "cut.pt", "w") as cut:
            for name in source.namelist():
                cut.writestr(name, source.read(name)[:size] if name.endswith("data.pkl") else source.read(name))
        wrong = unrefused(cli("inspect", folder / "cut.pt"))
        if wrong:
            yield f"data.pkl cut to {size} bytes: {wrong[:90]}"
    os.mkfifo(folder / "pipe.pt")
    wrong = unrefused(cli("inspect", folder / "pipe.pt", timeout=20))
    if wrong:
        yield f"a named pipe: {wrong[:90]}"
    cli("inspect", model)
    usual = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with zipfile.ZipFile(folder / "bomb.pt", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb:
        with bomb.open("archive/data.pkl", "w", force_zip64=True) as member:
            for _ in range(600):
                member.write(bytes(1 << 20))
        bomb.writestr("archive/version", "3\n")
    cli("inspect", folder / "bomb.pt")
    grown = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - usual) >> 10
    if grown > 300:
        size = (folder / "bomb.pt").stat().st_size >> 10
        yield f"data.pkl of 600 MiB of zeros in a file of {size} KiB: {grown} MiB more memory"


run(test)
