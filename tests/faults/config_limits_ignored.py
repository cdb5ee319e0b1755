"""config.json, edited and fed back, must be obeyed or refused: its limits too."""

import json

from small import build, checkpoint, cli, run, unrefused


def test():
    folder = build()
    model = checkpoint(folder.parent / "m.pt")
    config = json.loads((folder / "config.json").read_text())
    wanted = config["limits"]["max_nodes"] + 100
    for edit, words in {"max_nodes": wanted, "nodez": 5}.items():
        changed = json.loads(json.dumps(config))
        changed["limits"][edit] = words
        (folder.parent / "c.json").write_text(json.dumps(changed))
        found = cli("build", model, "--config", folder.parent / "c.json", "-o", folder.parent / "again", "--no-verify")
        if unrefused(found) is None:
            continue
        have = (
            json.loads((folder.parent / "again" / "config.json").read_text())["limits"]["max_nodes"]
            if found.returncode == 0
            else None
        )
        if edit == "max_nodes" and have != wanted:
            yield f"limits.max_nodes {wanted} in config.json: the new build has {have}, without a word"
        if edit == "nodez":
            yield "an unknown limit is not refused"


run(test)
