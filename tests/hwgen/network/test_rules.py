"""Every rule of a network: what breaks it is refused, by the user's layer and the key."""

from dataclasses import replace

import numpy as np
import pytest
from networks import gin_network, random_network, residual_gcn_network, sage_network

from hwgen.errors import HwgenError
from hwgen.network.granularity import Granularity
from hwgen.network.network import Term, Weight
from hwgen.network.rules import check_network

NETWORKS = {"gin": gin_network(0), "sage": sage_network(0), "residual": residual_gcn_network(0)}


def fed(**change):
    """A network with another input."""
    return replace(NETWORKS["gin"], input=replace(NETWORKS["gin"].input, **change))


def changed(which, index, *, term=None, quantizer=None, weight=None, **value):
    """A network with one value changed: fields of its first term, of its quantizer, of its weight, or its own."""
    network = NETWORKS[which]
    values = list(network.values)
    old = values[index]
    terms = old.terms
    if weight is not None:
        term = {"weight": replace(terms[0].weight, **weight)}
    if term is not None:
        terms = (replace(terms[0], **term), *terms[1:])
    if quantizer is not None:
        value["quantizer"] = replace(old.quantizer, **quantizer)
    values[index] = replace(old, **{"terms": terms, **value})
    return replace(network, values=tuple(values))


ONE = np.ones(1)
BROKEN = {
    "taken": (changed("gin", 1, name="v0"), "'v0' is taken", "convs.0.aggregate"),
    "no quantizer": (replace(NETWORKS["gin"], values=(replace(NETWORKS["gin"].values[0], quantizer=None),
                                                      *NETWORKS["gin"].values[1:])), "no quantizer", "input"),
    "width": (changed("gin", 2, width=15), "terms cover 16 of 15", "convs.0.mlp.0"),
    "gap": (changed("sage", 1, term={"offset": 1}), "terms begin at channel 1", "convs.0.aggregate"),
    "no terms": (changed("gin", 1, terms=()), "there are no terms", "convs.0.aggregate"),
    "unknown source": (changed("gin", 1, term={"source": "v9"}), "'v9' is not defined before", "terms[0]"),
    "itself": (changed("gin", 1, term={"source": "v1"}), "'v1' is not defined before", "terms[0]"),
    "list by row": (changed("sage", 3, term={"source": "v1"}), "is quantized per_degree", "terms[0]"),
    "linear by column": (changed("sage", 1, quantizer={
        "granularity": Granularity.PER_CHANNEL, "step": np.arange(1.0, 33), "bits": ONE * 4}),
                         "whose channels have steps of their own", "convs.0.lin"),
    "two with linear": (changed("gin", 2, terms=(NETWORKS["gin"].values[2].terms[0], Term(gain=np.ones(16)))),
                        "a linear layer and another term", "convs.0.mlp.0"),
    "factor of linear": (changed("gin", 2, term={"factor": "mean"}), "factor of a linear layer", "terms[0]"),
    "max of self": (changed("residual", 7, term={"op": "max"}), "op 'max' via 'self'", "terms[0]"),
    "members of nodes": (changed("gin", 1, term={"via": "members"}), "via 'members' of nodes", "terms[0]"),
    "edges of graphs": (changed("gin", 7, term={"via": "edges"}), "via 'edges' of graphs", "pool"),
    "nodes by self": (changed("gin", 7, term={"via": "self"}), "source 'v6' of nodes via 'self'", "pool"),
    "factor of members": (changed("gin", 1, term={"factor": "mean", "of": "members"}), "factor by members of nodes",
                          "terms[0]"),
    "constant": (changed("gin", 1, term={"source": None}), "a constant without gain", "terms[0]"),
    "constants of two lists": (changed("gin", 1, term={"source": None, "gain": np.ones(7), "factor": "mean",
                                                       "of": "looped"}), "with a factor of looped", "terms[0]"),
    "features alone": (changed("gin", 0, term={"weight": None, "gain": np.ones(7)}), "without weight", "input"),
    "gain": (changed("gin", 1, term={"gain": np.ones(3)}), "gain is not one finite number", "terms[0]"),
    "infinite gain": (changed("gin", 1, term={"gain": np.full(7, np.inf)}), "gain is not one finite", "terms[0]"),
    "bias shape": (changed("gin", 2, bias=np.ones(3)), "bias has shape (3,)", "convs.0.mlp.0"),
    "bias nan": (changed("gin", 2, bias=np.full(16, np.nan)), "bias is not finite", "convs.0.mlp.0"),
    "bias of a maximum": (changed("residual", 6, bias=np.ones(16)), "join by maximum", "jump"),
    "factor of the result": (changed("sage", 4, factor="mean"), "factor 'mean' of the result", "convs.1.lin"),
    "factor and nearest": (changed("gin", 1, factor="mean"), "a factor and a quantizer nearest", "quantizer"),
    "two degrees": (changed("sage", 1, factor="mean", of="looped", quantizer={"via": "edges"}),
                    "degrees of edges, factor of looped", "quantizer"),
    "degree of graphs": (changed("gin", 7, quantizer={"granularity": Granularity.PER_DEGREE}),
                         "graphs quantized per_degree", "quantizer"),
    "step": (changed("gin", 2, quantizer={"step": NETWORKS["gin"].values[2].quantizer.step * 0}),
             "a step is not positive", "quantizer"),
    "step shape": (changed("gin", 3, quantizer={"step": np.ones(3)}), "step has shape (3,)", "quantizer"),
    "bits": (changed("gin", 3, quantizer={"bits": np.array([9])}), "bits span 9 to 9", "quantizer"),
    "bits shape": (changed("gin", 3, quantizer={"bits": np.array([4, 4])}), "bits has shape (2,)", "quantizer"),
    "clip value": (changed("gin", 1, quantizer={"clip_value": None}), "clip_value is not one ascending", "quantizer"),
    "falling clip value": (changed("gin", 1, quantizer={
        "clip_value": NETWORKS["gin"].values[1].quantizer.clip_value * -1.0}),
                           "clip_value is not one ascending", "quantizer"),
    "trained": (replace(NETWORKS["residual"], trained_nodes=3), "for 3 trained nodes", "quantizer"),
    "weight bits": (changed("gin", 2, weight={"bits": 9}), "bits is 9", "terms[0].weight"),
    "weight range": (changed("gin", 2, weight={"bits": 2}), "codes exceed ±1", "terms[0].weight"),
    "weight shape": (changed("gin", 2, weight={"codes": np.ones((5, 16), dtype=np.int64)}), "codes has shape (5, 16)",
                     "terms[0].weight"),
    "weight step": (changed("gin", 2, weight={"step": np.full(16, np.nan)}), "a step is not positive",
                    "terms[0].weight"),
    "weighted list": (changed("gin", 1, term={"weight": Weight(codes=np.eye(7, dtype=np.int64), bits=2,
                                                               step=np.ones(7))}), "a linear layer via 'edges'",
                      "terms[0]"),
    "features": (fed(features=0), "features is 0", "network gin, input"),
    "input bits": (fed(bits=9), "bits is 9", "network gin, input"),
    "input scale": (fed(scale=np.full(7, np.nan)), "a scale is [nan]", "network gin, input"),
    "input scale of 0": (fed(scale=np.zeros(7)), "a scale is [0.]", "network gin, input"),
    "input columns": (fed(column=np.arange(7) + 1), "columns name features 1 to 7 of 7", "network gin, input"),
    "input shapes": (fed(zero_point=np.zeros(6, np.int64)), "column, scale and zero_point have shapes", "gin, input"),
    "zero point": (fed(zero_point=np.full(7, 1 << 30)), "a zero point exceeds", "network gin, input"),
    "values": (replace(NETWORKS["gin"], values=()), "there are no values", "network gin"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_a_rule_is_refused(name):
    network, what, where = BROKEN[name]
    with pytest.raises(HwgenError) as caught:
        check_network(network)
    assert what in caught.value.what
    assert where in caught.value.where
    assert len(caught.value.fix) > 10


def test_what_keeps_them_passes():
    for network in (*NETWORKS.values(), random_network(3)):
        check_network(network)
