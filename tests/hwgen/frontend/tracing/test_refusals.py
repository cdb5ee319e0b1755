"""What errors propose is what the table of recognisers holds."""

import re
from typing import get_args

import pytest
from torch import nn

from hwgen.frontend.calls import Call
from hwgen.frontend.tracing.recognisers import RECOGNISERS
from hwgen.frontend.tracing.refusals import ALL, INSTEAD, fix_for
from hwgen.frontend.tracing.table import Kind, Recogniser, Recognisers

CLASSES = {each.__name__ for each in RECOGNISERS.classes()}


def call(target: object, name: str) -> Call:
    return Call(name=name, path="", line="", target=target, args=(), kwargs={})


def test_every_kind_is_known() -> None:
    assert {row.kind for row in RECOGNISERS.rows} == set(get_args(Kind))
    assert {kind for _, fix in INSTEAD if not isinstance(fix, str) for kind in fix} <= set(ALL)


@pytest.mark.parametrize("name", ["F.gelu", ".tanh()", "LayerNorm", "TopKPooling", "torch.bmm", "torch.matmul",
                                  "torch.stack", ".mean()", "AlphaDropout", "add_self_loops", "what"])
def test_layers_that_are_proposed_are_known(name: str) -> None:
    named = re.findall(r"\b[A-Z]+[a-z]+[A-Z]\w*", fix_for(call(name, name), RECOGNISERS))
    assert set(named) <= CLASSES, named


def test_no_target_has_two_rows() -> None:
    targets = [target for row in RECOGNISERS.rows for target in set(row.targets)]  # torch has two names for some
    assert len(set(targets)) == len(targets)


def test_a_new_layer_is_proposed() -> None:
    more = Recognisers([*RECOGNISERS.rows, Recogniser("activation", (nn.Mish,), lambda *_: None)])
    assert fix_for(call("gelu", "F.gelu"), RECOGNISERS) == "use ReLU, LeakyReLU, ReLU6 or Hardtanh"
    assert fix_for(call("gelu", "F.gelu"), more) == "use ReLU, LeakyReLU, ReLU6, Hardtanh or Mish"
    assert "Mish" in fix_for(call("what", "what"), more)
    assert more.find(call(nn.Mish(), "Mish")) is more.rows[-1]
    assert RECOGNISERS.find(call(nn.Mish(), "Mish")) is None
