"""Names of limits in options, files and messages: what help is printed with needs no arrays."""

from collections.abc import Mapping

__all__ = ["LIMITS", "OF_EDGES"]

#: Name -> field of :class:`hwgen.network.sample.Limits`.
LIMITS: Mapping[str, str] = {
    "max_nodes": "nodes", "max_edges": "edges", "max_nonzeros": "entries", "max_degree": "degree",
    "max_node_nonzeros": "features", "mean_nodes": "mean_nodes", "mean_edges": "mean_edges",
    "mean_nonzeros": "mean_entries", "max_edge_sum": "weight", "max_edge_entries": "weighed",
    "mean_edge_entries": "mean_weighed"}
#: Those that only networks with quantized edges have.
OF_EDGES = ("max_edge_sum", "max_edge_entries", "mean_edge_entries")
