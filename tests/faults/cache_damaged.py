"""A damaged entry of the resource cache must be counted anew; it must neither stop the work nor change figures."""

import json
import os
import shutil
from pathlib import Path

from small import checkpoint, cli, run, said, temporary


def test():
    folder = temporary()
    model = checkpoint(folder / "m.pt")
    words = ("estimate", model, "--units", 1, "--lanes", 8, "--graphs", 3, "--json")
    kept = Path(os.environ.get("HWGEN_CACHE") or folder / "cache")  # run_all.sh has filled it
    usual = cli(*words, HWGEN_CACHE=str(kept))
    if usual.returncode:
        yield f"estimate fails: {said(usual)}"
        return
    resources = json.loads(usual.stdout)["resources"]["total"]
    for name, change in {
        "empty": lambda text: "",
        "[]": lambda text: "[]",
        "every count 1": lambda text: json.dumps(dict.fromkeys(json.loads(text), 1)),
        "every count negative": lambda text: json.dumps(dict.fromkeys(json.loads(text), -3)),
        "counts as strings": lambda text: json.dumps(dict.fromkeys(json.loads(text), "7")),
    }.items():
        cache = Path(shutil.copytree(kept, temporary() / "cache"))
        for entry in cache.glob("yosys/*.json"):
            entry.write_text(change(entry.read_text()))
        found = cli(*words, timeout=30, HWGEN_CACHE=str(cache))  # after that it counts anew, which is right
        if found.returncode == 0 and json.loads(found.stdout)["resources"]["total"] != resources:
            lut = json.loads(found.stdout)["resources"]["total"].get("lut")
            yield f"{name}: LUT {lut} instead of {resources.get('lut')}"
        elif found.returncode not in (0, 124):
            yield f"{name}: {said(found)[:110]}"


run(test)
