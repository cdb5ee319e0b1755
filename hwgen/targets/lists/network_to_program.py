"""Network to the program of edge lists: independent of any graph, scales folded, ranges proved."""

from ...errors import HwgenError
from ...network.batch import SetName
from ...network.closed_lists import close_lists
from ...network.edges import kind_by_row
from ...network.network import Network
from ...network.rules import check_network
from ...network.zero_points import fold_zero_points
from .fuse import blocks, steps
from .passes import PassBuilder
from .program import ORDER, Pass, Program
from .rules import check_program, longest_lists

__all__ = ["lower", "sets_of"]


def lower(network: Network, *, max_degree: int, max_members: int, max_features: int, max_weight: int = 1) -> Program:
    """Lower a quantized network.

    Parameters
    ----------
    max_degree, max_members, max_features, max_weight : int
        Longest lists of any batch that the program may see, as :class:`hwgen.targets.lists.program.Program` has them.

    Returns
    -------
    Program
        Verified.

    Raises
    ------
    HwgenError
        If the network is malformed, or a value's scales exceed the multipliers.
    """
    for name, given in (("max_degree", max_degree), ("max_members", max_members), ("max_features", max_features),
                        ("max_weight", max_weight)):
        if given < 1:
            raise HwgenError(f"{name} is {given}", f"network {network.name}", "give the longest list, at least 1")
    check_network(network)
    kind = kind_by_row(network.edges)
    if kind is not None:  # one entry a list
        max_weight = (1 << network.edges[kind].bits) - 1
    longest = longest_lists(max_degree=max_degree, max_members=max_members, max_features=max_features,
                            max_weight=max_weight)
    network = close_lists(fold_zero_points(network))
    builder = PassBuilder(network, longest, blocks(network))
    passes = tuple(builder.build(step) for step in steps(network))
    program = Program(
        name=network.name, features=network.features, input_bits=network.input_bits, tensors=tuple(builder.tensors),
        passes=passes, sets=sets_of(passes), max_degree=max_degree, max_members=max_members,
        max_features=max_features, trained_nodes=network.trained_nodes, max_weight=max_weight if network.edges else 0,
        edges=network.edges)
    check_program(program)
    return program


def sets_of(passes: tuple[Pass, ...]) -> tuple[SetName, ...]:
    """Lists that are walked, or whose lengths are looked up."""
    used: set[SetName] = set()
    for each in passes:
        finals = [each.final] if each.combine is None else [each.final, each.combine.final]
        used |= {final.of for final in finals if final.select == "degree"}
        for operand in (operand for block in each.blocks for operand in block.operands):
            used |= {operand.via} if operand.kind == "list" else set()
            used |= {operand.row.of} if operand.row.select == "degree" else set()
    return tuple(name for name in ORDER if name in used)
