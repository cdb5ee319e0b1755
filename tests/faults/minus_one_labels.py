"""Labels -1 (binary +1/-1, or not labelled) must not count as a class that is never right."""

import json

import torch
from small import NET, Gin, cli, graphs, run, temporary


def test():
    folder, data = temporary(), graphs(40)
    model = Gin(2).eval()
    with torch.no_grad():
        out = torch.cat([model(g.x, g.edge_index, torch.zeros(len(g.x), dtype=torch.long)) for g in data])
    middle = float((out[:, 1] - out[:, 0]).median()) + 1e-4
    net = NET.replace(
        "self.head = nn.Linear(8, outputs)", f"self.head = nn.Linear(8, outputs); self.head.bias.data[1] -= {middle}"
    )
    (folder / "net.py").write_text(net)
    own = (out[:, 1] - out[:, 0] > middle).long()  # the model's own decisions: its accuracy is 100 %
    for name, labels in {
        "+1/-1": 2 * own - 1,
        "-1 for not labelled": torch.where(torch.arange(40) % 2 > 0, own, -1),
    }.items():
        torch.save(
            [{"x": g.x.long(), "edge_index": g.edge_index, "y": labels[i : i + 1]} for i, g in enumerate(data)],
            folder / "g.pt",
        )
        found = cli(
            "quantize", "net.py:Net(2)", "--data", "g.pt", "-o", "q.pt", "--json", "--weight-bits", 8, cwd=folder
        )
        accuracy = json.loads(found.stdout).get("fp32_accuracy") if found.returncode == 0 else None
        if accuracy is not None and accuracy < 1:
            yield f"{name}: says FP32 accuracy {accuracy:.1%}, it is 100 %"


run(test)
