"""Graphs as integer codes: those that a network takes, or, for a network to be made, those that the features are."""

from dataclasses import astuple, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...errors import HwgenError
from ...numeric import MAX_ACTIVATION_BITS
from ..batch import Batch
from ..network import Network
from ..sample import Limits, Sample
from .graphs import Graphs

__all__ = ["batch_for", "own_codes", "sample_for", "weights_of"]

#: How far a feature may lie from a code: features are float32, and a scale such as 1/15 is rounded.
NEAR = 1e-4


def batch_for(network: Network, graphs: Graphs, where: str) -> Batch:
    """Graphs as a network takes them. Nothing is rounded in silence.

    Parameters
    ----------
    network : Network
    graphs : Graphs
        With codes of the network, or real values that are multiples of its ``input_scale``.
    where : str
        What users call them, for errors.

    Raises
    ------
    HwgenError
        Features of another width or that are no codes; nodes that were not trained; as :func:`weights_of`.
    """
    width, scale = int(graphs.features.shape[1]), network.input_scale
    if width != network.features:
        raise HwgenError(f"nodes have {width} features, the model takes {network.features} features", where,
                         "give the features that the model was trained on")
    given = graphs.features.data
    exact = given if graphs.scale is None or graphs.scale == scale else given * graphs.scale / scale
    codes = np.rint(exact)
    near = 0 if graphs.scale is None else NEAR
    wrong = (np.abs(exact - codes) > near) | (codes < 0) | (codes >= 1 << network.input_bits)
    if wrong.any():
        what = "feature code" if graphs.scale is None else "feature"
        raise HwgenError(f"{what} {given[wrong][0]:g} is not one of 0 .. {(1 << network.input_bits) - 1}"
                         + ("" if graphs.scale is None else f" times {scale / graphs.scale:g}"), where,
                         "encode the features as for training")
    return _batch(graphs, codes, _trained(network, graphs, where), weights_of(graphs, where) if network.edges else None)


def sample_for(network: Network, graphs: Graphs, where: str) -> Sample:
    """The same with what is known of them.

    Raises
    ------
    HwgenError
        As :func:`batch_for`; labels, masks or logits of something else than the network's results.
    """
    result = network.values[-1]
    batch = batch_for(network, graphs, where)
    graphs.check_rows(result.domain, where)
    if graphs.labels is not None and graphs.labels.size and np.isnan(graphs.labels).all():
        raise HwgenError("labels of which every one is NaN, which is none", where, "give some, or leave labels out")
    for name, each in graphs.results.items():
        if each.shape[1] != result.width:
            raise HwgenError(f"{name} of {each.shape[1]} classes, the model gives {result.width}", where,
                             f"leave {name} out, or give those of this model")
    limits = Limits.of(batch, network.input_bits, network.edges)
    if graphs.limits is not None:
        limits = replace(limits, **{each.name: type(own)(found) for each, own, found in zip(
            fields(Limits), astuple(limits), graphs.limits.tolist(), strict=False)})
    return Sample(batch=batch, labels=graphs.labels, mask=graphs.counted("test_mask", result.domain),
                  logits=graphs.results.get("logits"), fp32=graphs.results.get("fp32"),
                  integer=graphs.results.get("integer"), limits=limits)


def own_codes(graphs: Graphs, where: str) -> tuple[Batch, int, float]:
    """Features as the codes that they are, the width of these, and the real value of code 1.

    What edges weigh is kept as it is, for models that take it.

    Raises
    ------
    HwgenError
        Features that are not small unsigned integers.
    """
    given, scale = graphs.features.data, 1.0 if graphs.scale is None else graphs.scale
    wrong = (given != np.rint(given)) | (given < 0)
    if wrong.any():
        raise HwgenError(f"feature {given[wrong][0]} is not an unsigned integer", f"{where}.x",
                         "scale the features to integers from 0, and give the value of 1 as data.input_scale")
    top = int(given.max(initial=0))
    if top >= 1 << MAX_ACTIVATION_BITS:
        raise HwgenError(f"feature {top} exceeds {MAX_ACTIVATION_BITS} bits", f"{where}.x",
                         "scale the features to fewer bits, and give the value of 1 as data.input_scale")
    batch = _batch(graphs, given, graphs.node, _usable(graphs).get("edge_weight", _usable(graphs).get("edge_attr")))
    return batch, max(1, top.bit_length()), scale


def weights_of(graphs: Graphs, where: str) -> NDArray[np.float64]:
    """What each edge weighs, for a model that takes it: ``edge_weight``, or else one column of ``edge_attr``.

    Raises
    ------
    HwgenError
        Graphs without; both, and they differ; several columns; a number that is not finite.
    """
    usable = _usable(graphs)
    found = usable.get("edge_weight", usable.get("edge_attr"))
    if found is None:
        wide = graphs.weights.get("edge_weight", graphs.weights.get("edge_attr"))
        has = "no edge_weight" if wide is None else f"{wide.shape[1]} numbers an edge"
        raise HwgenError(f"the model takes a weight of each edge, and the graphs have {has}", where,
                         "give edge_weight, one number for each edge, as the model was trained with")
    if not np.isfinite(found).all():
        raise HwgenError(f"an edge weighs {found[~np.isfinite(found)][0]}", where, "give finite numbers")
    if not all(np.array_equal(found, each) for each in usable.values()):
        raise HwgenError("edge_weight and edge_attr of one column, which differ", where,
                         "leave out the one that the model does not take")
    return found


def _usable(graphs: Graphs) -> dict[str, NDArray[np.float64]]:
    """Values of edges that are one number for each, as float32 holds them: PyTorch rounds them to that."""
    return {name: value.reshape(-1).astype(np.float32).astype(np.float64) for name, value in graphs.weights.items()
            if value.ndim == 1 or value.shape[1:] == (1,)}


def _batch(graphs: Graphs, codes: NDArray[np.float64] | NDArray[np.int64], node: NDArray[np.int64] | None,
           weight: NDArray[np.float64] | None) -> Batch:
    features = csr_array((codes.astype(np.int64), graphs.features.indices, graphs.features.indptr),
                         shape=graphs.features.shape)
    features.eliminate_zeros()
    if node is None:
        node = np.arange(graphs.nodes) if graphs.graphs == 1 else np.zeros(graphs.nodes, np.int64)
    return Batch(features=features, edges=graphs.edges, graph=graphs.graph, graphs=graphs.graphs, node=node,
                 weight=weight)


def _trained(network: Network, graphs: Graphs, where: str) -> NDArray[np.int64] | None:
    """The trained node of each node; of another graph than the trained one it must be said."""
    count, node = network.trained_nodes, graphs.node
    if not count:
        return node
    if node is None:
        sizes = np.bincount(graphs.graph, minlength=graphs.graphs)
        if (sizes != count).any():
            raise HwgenError(f"a graph of {sizes[sizes != count][0]} nodes without node; the model has steps for "
                             f"{count} of its own", where, "give node: for each node the trained one whose step and "
                             "bits it takes; or quantize with nns or mega, which serve any graph")
        return np.tile(np.arange(count), graphs.graphs)
    if node.size and node.max() >= count:
        raise HwgenError(f"node {node.max()} was not trained ({count} nodes were)", where, "number them as in training")
    return node
