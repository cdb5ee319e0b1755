"""A quantized module called with Data must use data.input_scale, as calibration did."""

import torch
from small import Gin, graphs, run

import hwgen


def test():
    data = graphs(8)
    for each in data:
        each.input_scale = 1 / 16
    model = hwgen.quantize(Gin().eval(), scheme="nns", data=data).eval()
    first = data[0]
    first.batch = torch.zeros(len(first.x), dtype=torch.long)
    with torch.no_grad():
        given, real = model(first), model(first.x / 16, first.edge_index, first.batch)
    off = float((given - real).abs().max())
    if off > 1e-6:
        most = float(real.abs().max())
        yield f"model(data) and model(x * input_scale, ...) differ by {off:.3g}; logits reach {most:.3g}"


run(test)
