"""A user's own folder or file called sim or boards must not break hwgen, nor get hwgen's."""

import os
import subprocess
import sys

from small import cli, run, temporary


def test():
    for kind in ("sim/__init__.py", "sim.py", "boards/__init__.py", "boards.py"):
        folder = temporary()
        (folder / kind).parent.mkdir(exist_ok=True)
        (folder / kind).write_text("")
        (folder / "deploy.py").write_text("import hwgen; hwgen.build; hwgen.verify; hwgen.Accelerator")
        for words in (["deploy.py"], ["-m", "hwgen", "boards"]):
            found = subprocess.run([sys.executable, *words], cwd=folder, env=os.environ, text=True, capture_output=True)
            clear = "Traceback" not in found.stderr or "HwgenError" in found.stderr
            if found.returncode and not (clear and kind.split("/")[0].split(".")[0] in found.stderr):
                yield f"{kind}, python {' '.join(words)}: {found.stderr.strip().splitlines()[-1][:90]}"
    folder = temporary()
    (folder / "boards.py").write_text("PARTS = 3\n")
    (folder / "net.py").write_text(
        "from boards import PARTS\nfrom torch_geometric.nn import GCN\ndef Net(): return GCN(5, 8, 2, PARTS)\n"
    )
    found = cli("inspect", folder / "net.py:Net")
    if found.returncode:
        yield f"a net.py that imports its own boards.py: {found.stderr.strip().splitlines()[0][:110]}"


run(test)
