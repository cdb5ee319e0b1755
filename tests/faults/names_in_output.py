"""Names from a checkpoint or a board file are text: never read as markup or formulas, and leave no half build."""

import json

import torch
from small import checkpoint, cli, run, temporary


def test():
    folder = temporary()
    model = checkpoint(folder / "m.pt")
    content = torch.load(model, weights_only=True)
    old = json.loads(content["facts"])["values"][1]["path"]
    for name in ("[/bold]", r"$\frac$", "half a pair \ud800", '" onmouseover="alert(1)'):
        changed = content | {"facts": content["facts"].replace(json.dumps(old), json.dumps(name))}
        torch.save(changed, folder / "named.pt")
        for words in (
            ("inspect", "named.pt"),
            ("build", "named.pt", "--no-verify", "--units", 1, "--lanes", 8, "--graphs", 3, "-o", "b"),
        ):
            found = cli(*words, cwd=folder)
            if found.returncode not in (0, 2) or "Traceback" in found.stderr:
                last = [line for line in found.stderr.splitlines() if line.strip()][-1]
                yield f"a layer called {name.encode('unicode_escape').decode()}, {words[0]}: {last[:90]}"
            page = folder / "b" / "report" / "report.html"
            if words[0] == "build" and page.exists() and '" onmouseover="' in page.read_text():
                yield "a quotation mark in a name is not escaped in report.html"


run(test)
