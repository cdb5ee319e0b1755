"""Refusals that are right must name what helps, in the user's words."""

from small import Gin, graphs, run
from torch import nn
from torch_geometric.nn import global_mean_pool

import hwgen


class Columns(Gin):
    def forward(self, x, edge_index, batch):
        h = 0
        for column in range(x.shape[1]):
            h = h + x[:, column : column + 1]
        return self.head(global_mean_pool(self.conv(x, edge_index).relu(), batch)) + h.sum()


class Embedded(Gin):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(4, 5)

    def forward(self, x, edge_index, batch):
        return super().forward(self.table(x), edge_index, batch)


def said(model):
    try:
        hwgen.quantize(model.eval(), scheme="nns", data=graphs())
    except hwgen.HwgenError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__} traceback"
    return None


def test():
    text = said(Columns())
    if text and ("_Proxy" in text or "traceback" in text):
        yield f"a loop over the columns of x: {text.splitlines()[0][:110]}"
    text = said(Embedded())
    if text and "one-hot" not in text and "one hot" not in text:
        yield f"an embedding: {' / '.join(text.split(chr(10)))[:170]}"


run(test)
