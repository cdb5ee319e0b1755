"""Graphs as integer codes: those that a network takes, and the input of a network whose features are codes already."""

import warnings
from dataclasses import astuple, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ...errors import HwgenError
from ...numeric import MAX_ACTIVATION_BITS
from ..batch import Batch
from ..edges import weights_count
from ..input import Input
from ..network import Network
from ..sample import Limits, Sample
from .graphs import Graphs

__all__ = ["batch_for", "input_codes", "plain_input", "sample_for", "weights_of"]

#: How far a feature may lie from a code: features are float32, and a scale such as 1/15 is rounded.
NEAR = 1e-4


def batch_for(network: Network, graphs: Graphs, where: str) -> Batch:
    """Graphs as a network takes them.

    Parameters
    ----------
    network : Network
    graphs : Graphs
        With codes of the network or real values.
    where : str
        What users call them, for errors.

    Raises
    ------
    HwgenError
        As :func:`input_codes`; nodes that were not trained; as :func:`weights_of`.

    Warns
    -----
    UserWarning
        Real values beyond what the input was calibrated for, with their number: they are clipped.
    """
    given, codes = network.input, input_codes(network.input, graphs, where)
    lost = 0 if given.exact or graphs.scale is None else given.clipped(graphs.real)
    if lost:
        warnings.warn(f"{lost:,} of {np.prod(graphs.features.shape):,} features lie beyond the range that the input "
                      f"was calibrated for: they are clipped ({where})", stacklevel=3)
    weights = {"edge_weight": weights_of(graphs, where)} if weights_count(network.edges) else {}
    return replace(graphs, node=_trained(network, graphs, where), weights=weights).batch(codes)


def input_codes(given: Input, graphs: Graphs, where: str) -> csr_array:
    """Features as an input's codes: csr_array int64 [n, columns].

    Parameters
    ----------
    given : Input
        Exact: nothing is rounded in silence. Else real values are rounded and clipped as it says.
    graphs : Graphs
    where : str
        What users call them, for errors.

    Raises
    ------
    HwgenError
        Features of another width; codes out of range; of an exact input real values that are no codes.
    """
    is_codes = graphs.scale is None
    width, need = int(graphs.features.shape[1]), given.width if is_codes else given.features
    if width != need:
        raise HwgenError(f"nodes have {width} features, the model takes {need} features", where,
                         "give the features that the model was trained on")
    return _as_they_are(given, graphs, where) if is_codes or given.exact else given.codes(graphs.real)


def _as_they_are(given: Input, graphs: Graphs, where: str) -> csr_array:
    """Codes, or real values that are codes times the one scale."""
    found, scale = graphs.features.data, given.unit
    exact = found if graphs.scale is None or graphs.scale == scale else found * graphs.scale / scale
    codes = np.rint(exact)
    near = 0 if graphs.scale is None else NEAR
    wrong = (np.abs(exact - codes) > near) | (codes < 0) | (codes > given.top)
    if wrong.any():
        what = "feature code" if graphs.scale is None else "feature"
        raise HwgenError(f"{what} {found[wrong][0]:g} is not one of 0 .. {given.top}"
                         + ("" if graphs.scale is None else f" times {scale / graphs.scale:g}"), where,
                         "encode the features as for training")
    kept = csr_array((codes.astype(np.int64), graphs.features.indices, graphs.features.indptr),
                     shape=graphs.features.shape)
    kept.eliminate_zeros()
    return kept


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
                  integer=graphs.results.get("integer"), limits=limits,
                  accuracy_by_width=graphs.accuracy_by_width)


def plain_input(features: csr_array, scale: float | None, bits: int | None = None) -> Input | None:
    """The input of features that are codes already: unsigned integers of few bits, times a scale.

    Parameters
    ----------
    features : csr_array [n, f]
    scale : float or None
        Real value of 1; None: 1.
    bits : int or None
        Width that they may have; None: 8.

    Returns
    -------
    Input or None
        None: they are real values.
    """
    given: NDArray[np.float64] = features.data
    top = given.max(initial=0)
    if (given != np.rint(given)).any() or given.min(initial=0) < 0 or top >= 1 << (bits or MAX_ACTIVATION_BITS):
        return None
    return Input.plain(features.shape[1], max(1, int(top).bit_length()), 1.0 if scale is None else scale)


def weights_of(graphs: Graphs, where: str) -> NDArray[np.float64]:
    """What each edge weighs, for a model that takes it: ``edge_weight``, or else one column of ``edge_attr``.

    Raises
    ------
    HwgenError
        Graphs without; both, and they differ; several columns; a number that is not finite.
    """
    usable, found = graphs.usable_weights, graphs.weight
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
