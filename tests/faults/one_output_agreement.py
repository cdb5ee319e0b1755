"""A result of one column has no argmax: agreement must be by sign, or not be printed."""

import json

import torch
from small import NET, Gin, cli, graphs, run, temporary


def test():
    folder, data = temporary(), graphs(60)
    model = Gin(1).eval()
    with torch.no_grad():
        out = [float(model(g.x, g.edge_index, torch.zeros(len(g.x), dtype=torch.long))) for g in data]
    middle = sum(sorted(out)[29:31]) / 2  # no output: its sign would be that of rounding, which differs by processor
    net = NET.replace(
        "self.head = nn.Linear(8, outputs)", f"self.head = nn.Linear(8, outputs); self.head.bias.data -= {middle}"
    )
    torch.save(
        [
            {"x": g.x.long(), "edge_index": g.edge_index, "y": torch.tensor([int(value > middle)])}
            for g, value in zip(data, out, strict=True)
        ],
        folder / "g.pt",
    )
    (folder / "net.py").write_text(net)
    found = cli(
        "quantize",
        "net.py:Net(1)",
        "--data",
        "g.pt",
        "-o",
        "q.pt",
        "--json",
        "--bits",
        1,
        "--weight-bits",
        2,
        "--message-bits",
        2,
        cwd=folder,
    )
    figures = json.loads(found.stdout)
    kept = torch.load(folder / "q.pt", weights_only=True)["sample"]["logits"].reshape(-1)
    same = sum((k > 0) == (v > middle) for k, v in zip(kept.tolist(), out, strict=True)) / len(out)
    said = figures.get("agreement")
    if said is not None and abs(said - same) > 0.02:
        yield f"says the same class for {said:.0%}; by sign it is {same:.0%}"
    accuracy = figures.get("fp32_accuracy")
    if accuracy is not None and accuracy < 1:
        yield f"FP32 accuracy {accuracy:.0%}, by sign it is 100 %"


run(test)
