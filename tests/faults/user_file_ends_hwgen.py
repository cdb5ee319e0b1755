"""A net.py that exits, or raises what no `except Exception` catches: an error, never exit code 0 with nothing made."""

import torch
from small import NET, cli, graphs, run, temporary


def test():
    folder = temporary()
    torch.save([{"x": each.x.long(), "edge_index": each.edge_index} for each in graphs()], folder / "g.pt")
    for name, text in {
        "sys.exit() when it is read": NET + "import sys\nsys.exit()\n",
        "sys.exit() in forward": NET.replace(
            "        return self.head", "        import sys; sys.exit()\n        return self.head"
        ),
        "a BaseException of its own": NET + "class Stop(BaseException): pass\nraise Stop\n",
        "__getattr__ that divides by zero": NET
        + "    def __getattr__(self, name):\n        return 1 / 0 if name == '__deepcopy__' else "
        "super().__getattr__(name)\n",
    }.items():
        (folder / "net.py").write_text(text)
        found = cli("quantize", "net.py:Net", "--data", "g.pt", "-o", "q.pt", cwd=folder)
        if found.returncode == 0 and not (folder / "q.pt").exists():
            yield f"{name}: exit code 0, no checkpoint, not a word"
        elif found.returncode != 2 or "Traceback" in found.stderr:
            yield f"{name}: exit code {found.returncode}, {found.stderr.strip().splitlines()[-1][:80]}"


run(test)
