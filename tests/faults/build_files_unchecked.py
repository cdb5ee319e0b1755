"""Files of a build that hold nonsense must not be passed over: what is written down must be true or be refused."""

import json

from small import build, cli, run, unrefused


def test():
    for level, file, path, value in (
        ("node", "config.json", ["hardware", "acc_bits"], "x"),
        ("node", "config.json", ["hardware", "lanes"], None),
        ("graph", "config.json", ["limits", "max_degree"], -1),
        ("graph", "config.json", ["hardware", "list_depth"], []),
        ("node", "design.json", ["registers", 1, "reset"], 2**62),
        ("graph", "manifest.json", ["capacities"], {}),
        ("graph", "images/layout.json", ["buffer_words"], None),
        ("graph", "manifest.json", None, "not JSON"),
    ):
        folder = build(level, simulator=True)
        if path is None:
            (folder / file).write_text(value)
        else:
            content = json.loads((folder / file).read_text())
            inner = content
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
            (folder / file).write_text(json.dumps(content))
        wrong = unrefused(cli("verify", folder))
        if wrong:
            yield f"{level} level, {file} {'.'.join(map(str, path or []))} = {value!r}: {wrong[:60]}"


run(test)
