"""Labels of several columns (multi-label): no agreement by argmax, and labels not dropped without a word."""

import torch
from small import NET, cli, graphs, run, temporary


def test():
    folder, data = temporary(), graphs(12)
    torch.save(
        [
            {"x": each.x.long(), "edge_index": each.edge_index, "y": torch.tensor([[1.0, 0.0, float(i % 2)]])}
            for i, each in enumerate(data)
        ],
        folder / "g.pt",
    )
    (folder / "net.py").write_text(NET)
    found = cli("quantize", "net.py:Net", "--data", "g.pt", "-o", "q.pt", cwd=folder)
    text = found.stdout + found.stderr
    if found.returncode:
        yield f"quantize fails: {text.strip()[-100:]}"
    elif "same class" in text and "label" not in text:
        yield "prints 'same class as FP32' for independent labels, and drops the labels without a word"


run(test)
