"""'PyTorch' in build, verify and report must be the user's FP32 model, or be called by its real name."""

import re

import torch
from small import Gin, cli, graphs, run, temporary

import hwgen


def test():
    folder, data, model = temporary(), graphs(), Gin(3).eval()
    with torch.no_grad():

        def logits():
            return torch.cat([model(g.x, g.edge_index, torch.zeros(len(g.x), dtype=torch.long)) for g in data])

        hwgen.save(hwgen.quantize(model, scheme="nns", data=data), data, folder / "m.pt")
        kept = torch.load(folder / "m.pt", weights_only=True)["sample"]["logits"]
        margin = [each[:, 0] - each[:, 1] for each in (logits(), kept)]  # FP32, quantized
        at = int((margin[0] - margin[1]).abs().argmax())
        model.head.bias[1] += float(margin[0][at] + margin[1][at]) / 2  # between the two: graph `at` changes its class
        model.head.bias[2] -= 0.5
        fp32 = logits().argmax(1)
    for each, label in zip(data, fp32, strict=True):
        each.y = label.reshape(1)
    hwgen.save(hwgen.quantize(model, scheme="nns", data=data), data, folder / "m.pt")
    same = float((torch.load(folder / "m.pt", weights_only=True)["sample"]["logits"].argmax(1) == fp32).double().mean())
    hwgen.build(folder / "m.pt", out=folder / "b", units=1, lanes=8, graphs=3)
    for line in cli("verify", folder / "b").stdout.splitlines():
        figure = re.search(r"([\d.]+) ?%", line)
        if "PyTorch" in line and figure and abs(float(figure[1]) / 100 - (1 if "accuracy" in line else same)) > 0.05:
            yield f"says {' '.join(line.split())!r}; FP32's classes agree for {same:.0%}, FP32's accuracy is 100 %"


run(test)
