"""Which graph of several exceeds a design, by how much, and with which option a build would take it."""

from ..errors import CapacityError
from ..network.batch import Batch
from ..network.sample import Limits, single
from ..targets import OPTIONS
from ..targets.design import Design

__all__ = ["misfit"]


def misfit(design: Design, batch: Batch, first: int, reason: CapacityError) -> CapacityError:
    """Why a design refuses a batch.

    Parameters
    ----------
    design : Design
    batch : Batch
        That it refused.
    first : int
        Number of the batch's first graph among those that the user gave.
    reason : CapacityError
        What the design said.
    """
    graphs = single(batch)
    for number, graph in enumerate(graphs, first):
        if len(graphs) > 1:
            try:
                design.session(graph)
            except CapacityError as error:
                reason = error
            else:
                continue
        needs = Limits.of(graph, design.network.input_bits, design.network.edges).to_dict()
        over = {name: (needs[name], most) for name, most in design.capacities.items() if needs.get(name, 0) > most}
        what = ", ".join(f"{name} {need:,g}, and the design takes {most:,}" for name, (need, most) in over.items())
        flags = {each.name: each.flag for each in OPTIONS}
        asked = " ".join(f"{flags[name]} {need:g}" for name, (need, _) in over.items() if name in flags)
        return CapacityError(f"graph {number} needs {what}" if what else f"graph {number}: {reason.what}", reason.where,
                             f"build with {asked}, or leave the graph out" if asked else reason.fix)
    last = first + len(graphs) - 1
    return CapacityError(f"graphs {first} to {last} together: {reason.what}", reason.where, reason.fix)
