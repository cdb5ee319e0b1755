"""Graphs with edge weights and a forward that takes them: warn or refuse, do not leave them out without a word."""

import contextlib
import io
import warnings

import torch
from small import Chain, one_graph, run

import hwgen


class Weighted(Chain):
    def forward(self, x, edge_index, edge_weight=None):
        return self.far(self.near(x, edge_index, edge_weight).relu(), edge_index, edge_weight)


def test():
    data = one_graph()
    data.edge_weight = torch.rand(data.edge_index.shape[1]) * 5
    text = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as said,
        contextlib.redirect_stderr(text),
        contextlib.redirect_stdout(text),
    ):
        warnings.simplefilter("always")
        try:
            model = hwgen.quantize(Weighted().eval(), scheme="nns", data=data).eval()
            with_weights = model(data)
            data.edge_weight = torch.ones_like(data.edge_weight)
            if not torch.equal(with_weights, model(data)):
                return  # the weights are honoured
        except hwgen.HwgenError as error:
            print(error)
    if "weight" not in text.getvalue() + " ".join(str(each.message) for each in said):
        yield "quantize takes data with edge_weight and says nothing; the model is quantized without them"


run(test)
