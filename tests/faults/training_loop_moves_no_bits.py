"""The loop of docs/usage.md must learn bits, or something must say that no width has moved."""

import contextlib
import io
import warnings

import torch
from small import run, temporary

from hwgen import GCN, load, load_data, quantize, save


def test():
    data = load_data("digits")
    model = quantize(GCN(64, 16, 10), scheme="a2q", data=data)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    text = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as said,
        contextlib.redirect_stderr(text),
        contextlib.redirect_stdout(text),
    ):
        warnings.simplefilter("always")
        save(model, data, temporary() / "before.pt")
        for epoch in range(20):
            if epoch == 10:
                model.freeze_bits()
            logits = model(data)
            loss = torch.nn.functional.cross_entropy(logits[data.train_mask], data.y[data.train_mask]) + model.penalty()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        path = temporary() / "model.pt"
        save(model, data, path)
    network, _ = load(path)
    rows = [value.quantizer for value in network.values if value.quantizer is not None]
    widths = {int(width) for each in rows if each.granularity.by_row for width in each.bits}
    if len(widths) <= 1 and "bit" not in text.getvalue() + " ".join(str(each.message) for each in said):
        yield f"after the documented loop every hidden row has the bits it began with: {sorted(widths)}"


run(test)
