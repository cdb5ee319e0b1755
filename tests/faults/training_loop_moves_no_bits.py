"""The loop of docs/usage.md must learn bits, or something must say that no width has moved."""

import contextlib
import io
import warnings

import torch
from small import run, temporary

from hwgen import GCN, load_dataset, quantize, save


def test():
    data = load_dataset("digits")
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
            logits = model(data.x, data.edge_index)
            loss = torch.nn.functional.cross_entropy(logits[data.train_mask], data.y[data.train_mask]) + model.penalty()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        path = temporary() / "model.pt"
        save(model, data, path)
    widths = {
        int(w)
        for layer in torch.load(path, weights_only=True)["layers"]
        if layer.get("row")
        for w in layer["row"]["bits"].unique()
    }
    if len(widths) <= 1 and "bit" not in text.getvalue() + " ".join(str(each.message) for each in said):
        yield f"after the documented loop every hidden row has the bits it began with: {sorted(widths)}"


run(test)
