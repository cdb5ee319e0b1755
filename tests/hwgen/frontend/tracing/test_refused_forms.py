"""Forms of forward that hardware cannot have: each error says why, in the user's words, and what helps."""

import re
import sys
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.nn import GCNConv, GINConv, global_add_pool
from torch_geometric.utils import dropout_edge, scatter
from user_modules import Net, conv
from user_modules import middle as on

from hwgen.errors import HwgenError
from hwgen.frontend.tracing import plan_of


def written(s: Any, h: Tensor, e: Tensor, b: Tensor) -> Tensor:
    h[:, 0] = 0
    return h


def exits(s: Any, h: Tensor, e: Tensor, b: Tensor) -> Tensor:
    sys.exit(h.dim())


def raises(s: Any, h: Tensor, e: Tensor, b: Tensor) -> Tensor:
    if h.shape[1] == 6:
        raise ValueError("not six")
    return h


LINE = r"\((test_refused_forms|user_modules)\.py:\d+\)"
HERE = rf"model\.forward {LINE}"
A = r"model\.a "
SHAPES = "keep code that depends on shapes"
#: By name: module, and what the three parts of the error begin with, or (of what mends it) contain.
REFUSED: dict[str, tuple[nn.Module, str, str, str]] = {
    "weight of nodes": (on(lambda s, h, e, b: h + torch.ones(19, 1)), r"\+ of a tensor of shape \(19, 1\) and 6", HERE,
                        "use one number, or one for each channel"),
    "divided by itself": (on(lambda s, h, e, b: 1 / h), "/ by something that is not a number", HERE, "divide by"),
    "divided by 0": (on(lambda s, h, e, b: h / 0), "/ by something that is not a number", HERE, "not by 0"),
    "alpha of a value": (on(lambda s, h, e, b: torch.add(h, h, alpha=h)), "torch.add with alpha=", HERE, "a number"),
    "a weight that diverged": (on(lambda s, h, e, b: h * torch.tensor(float("inf"))),
                               "a tensor that does not depend on the graph holds inf", HERE, "load other weights"),
    "complex numbers": (on(lambda s, h, e, b: h * torch.tensor([1j])), "a tensor .* is complex", HERE, "real numbers"),
    "matrix of values": (on(lambda s, h, e, b: h @ h), "@ of two values", HERE, "use Linear: a weight times a value"),
    "widths of a matrix": (on(lambda s, h, e, b: h @ torch.ones(5, 2)), "@ takes 5 channels and gets 6", HERE, "fit"),
    "vector and column": (on(lambda s, h, e, b: s.a(h).squeeze(-1) + s.a(h), a=nn.Linear(6, 1)),
                          r"\+ of a vector and a matrix", HERE, "of every value alike"),
    "vector in the middle": (on(lambda s, h, e, b: s.c(s.a(h).view(-1)), a=nn.Linear(6, 1), c=nn.Linear(1, 2)),
                             "Linear of a vector", r"model\.c ", "at the end of forward"),
    "softmax of a vector": (on(lambda s, h, e, b: s.a(h).squeeze(-1).softmax(-1), a=nn.Linear(6, 1)),
                            r"\.softmax\(\) over dim=-1", HERE, "over the classes"),
    "squeeze of nodes": (on(lambda s, h, e, b: h.squeeze(0)), r"\.squeeze\(\) with dim=0", HERE, "dim=-1"),
    "unsqueeze": (on(lambda s, h, e, b: h.unsqueeze(1)), r"\.unsqueeze\(\) is not supported", HERE, SHAPES),
    "flatten": (on(lambda s, h, e, b: h.flatten()), r"\.flatten\(\) is not supported", HERE, SHAPES),
    "view of many": (on(lambda s, h, e, b: h.view(-1)), r"\.view\(\) is not supported", HERE, SHAPES),
    "view of graphs": (on(lambda s, h, e, b: global_add_pool(h, b).view(h.size(0), -1)), r"\.view\(\) is not sup",
                       HERE, SHAPES),
    "double": (on(lambda s, h, e, b: h.double()), r"\.double\(\) is not supported", HERE, "leave values in float32"),
    "to double": (on(lambda s, h, e, b: h.to(torch.float64)), r"\.to\(\) with torch.float64", HERE, "float32"),
    "long": (on(lambda s, h, e, b: h.long()), r"\.long\(\) of real numbers", HERE, "float32"),
    "cuda": (on(lambda s, h, e, b: h.cuda()), r"\.cuda\(\) is not supported", HERE, r"model\.to\(device\)"),
    "argmax": (on(lambda s, h, e, b: h.argmax(1)), r"\.argmax\(\) is not supported", HERE, "return the logits"),
    "normalize": (on(lambda s, h, e, b: F.normalize(h)), "F.normalize is not supported", HERE, "use BatchNorm1d"),
    "embedding": (Net(lambda s, x, e, b: s.c(s.a(x), e), a=nn.Embedding(4, 7), c=GCNConv(7, 2)),
                  "Embedding is not supp", A, "give one-hot features to a Linear: its weights are the embedding's"),
    "slopes": (on(lambda s, h, e, b: s.p(h), p=nn.PReLU(5)), "PReLU of 5 slopes and 6 channels", r"model\.p", "fit"),
    "result that saturates": (on(lambda s, h, e, b: s.p(h), p=nn.ReLU6()), "the result saturates at 6", r"model\.p",
                              "put a layer behind it"),
    "lopsided": (on(lambda s, h, e, b: s.p(h), p=nn.Hardtanh(-1, 2)), r"Hardtanh from -1\.?0? to 2", r"model\.p",
                 "as far on both sides"),
    "upper bound alone": (on(lambda s, h, e, b: h.clamp(max=2)), r"\.clamp\(\) from None to 2", "model", "from 0 to a"),
    "scatter by edges": (on(lambda s, h, e, b: scatter(h, e[1])), r"\[\.\.\.\] is not supported", HERE, SHAPES),
    "scatter of minima": (on(lambda s, h, e, b: scatter(h, b, reduce="min")), "scatter with dim=0, reduce=min", HERE,
                          "reduce sum, mean or max"),
    "edges dropped for good": (on(lambda s, h, e, b: s.a(h, dropout_edge(e)[0]), a=GCNConv(6, 2)),
                               "dropout_edge that stays on in evaluation", HERE, "training=self.training"),
    "gin of a vector": (conv(GINConv(nn.Sequential(nn.Linear(7, 1), nn.Flatten(0)))),
                        "GINConv of a module that returns a vector", A, "keep one row"),
    "how many nodes": (on(lambda s, h, e, b: h if h.size(0) > 3 else -h), "forward decides by the number of nodes",
                       rf"model {LINE}", "over how many rows it has"),
    "len": (on(lambda s, h, e, b: h * len(h)), r"forward takes the len\(\) of a tensor: the number of nodes",
            rf"model {LINE}", r"no int\(\), float\(\) or len\(\)"),
    "rows": (on(lambda s, h, e, b: sum(row for row in h)), "forward loops over the rows of a tensor", rf"model {LINE}",
             "no if, while or loop over a tensor"),
    "columns written": (on(written), "forward writes into parts of a tensor", rf"model {LINE}", "let forward"),
    "int": (on(lambda s, h, e, b: h * int(h.sum())), "forward takes a number out of a tensor", rf"model {LINE}", "int"),
    "exits": (on(exits), r"forward cannot be traced: sys.exit\(2\) ends the program", rf"model {LINE}", "let "),
    "raises": (on(raises), "forward cannot be traced: ValueError: not six", rf"model {LINE}", "let forward"),
    "edges are counted": (on(lambda s, h, e, b: h * e.size(1)), r"\* of the number of edges", HERE, "compute with"),
    "degrees": (on(lambda s, h, e, b: h / torch.bincount(e[1], minlength=h.size(0)).unsqueeze(1)),
                r"forward cannot be traced: TypeError: .* not what only a graph tells", rf"model {LINE}", "let "),
    "no tensor": (on(lambda s, h, e, b: h if isinstance(h, Tensor) else None),
                  "forward does not return what its layers compute, but a NoneType", r"model \(Net", "no torch.Tensor"),
    "of the batch": (on(lambda s, h, e, b: h * b.max()), r"\* of what is computed of batch", HERE, "results of layers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    model, what, where, fix = REFUSED[name]
    with pytest.raises(HwgenError) as caught:
        plan_of(model)
    assert re.match(what, caught.value.what), caught.value.what
    assert re.match(where, caught.value.where), caught.value.where
    assert re.search(fix, caught.value.fix), caught.value.fix
    assert "Proxy" not in str(caught.value)
