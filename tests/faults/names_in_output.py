"""Names from a checkpoint or a board file are text: never read as markup or formulas, and leave no half build."""

import json

import torch
from small import checkpoint, cli, run, temporary

BUILD = ("build", "named.pt", "--no-verify", "--units", 1, "--lanes", 8, "--graphs", 3, "-o", "b")


def test():
    folder = temporary()
    model = checkpoint(folder / "m.pt")
    content = torch.load(model, weights_only=True)
    # what is text goes into one build, a name for each layer; what is none is refused by itself
    for names in (
        {"conv.nn.0": '" onmouseover="alert(1)', "conv.nn.2": r"$\frac$", "head": "[/bold]"},
        {"conv.nn.0": "half a pair \ud800"},
    ):
        facts = json.loads(content["facts"])
        for value in facts["values"]:
            value["path"] = names.get(value["path"], value["path"])
        torch.save(content | {"facts": json.dumps(facts)}, folder / "named.pt")
        for words in (("inspect", "named.pt"), BUILD):
            found = cli(*words, cwd=folder)
            if found.returncode not in (0, 2) or "Traceback" in found.stderr:
                last = [line for line in found.stderr.splitlines() if line.strip()][-1]
                called = ", ".join(names.values()).encode("unicode_escape").decode()
                yield f"layers called {called}, {words[0]}: {last[:90]}"
            page = folder / "b" / "report" / "report.html"
            if words[0] == "build" and page.exists() and '" onmouseover="' in page.read_text():
                yield "a quotation mark in a name is not escaped in report.html"
    text = page.read_text()
    for name in ("onmouseover", r"$\frac$", "[/bold]"):
        if name not in text:
            yield f"{name} is not in report.html"


run(test)
