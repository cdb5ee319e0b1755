"""Targets that accept a network and have everything that was wished for; or which wish is in the way."""

from collections.abc import Mapping

from ..errors import HwgenError
from ..network.network import Network
from ..network.sample import Sample
from ..targets import OPTIONS, TARGETS, find_target
from ..targets.target import Target
from .wishes import Wishes

__all__ = ["candidate_targets", "flag_of"]


def candidate_targets(network: Network, sample: Sample, wishes: Wishes) -> list[Target]:
    """Targets that accept a network, and have everything that was wished for.

    Raises
    ------
    HwgenError
        There is none: says which wish, or what of the network, is in the way.
    """
    names = TARGETS if wishes.target is None else (find_target(wishes.target).name,)
    having = {name: {*find_target(name).parameters, *(each.name for each in OPTIONS if name in each.targets)}
              for name in TARGETS}
    for wish in wishes.names:
        if not any(wish in have for have in having.values()):
            known = sorted(set().union(*(having[name] for name in names)))
            raise HwgenError(f"no parameter is called {wish}", f"hardware.{wish}", f"use {', '.join(known)}")
    wanted = [name for name in names if set(wishes.names) <= having[name]]
    if not wanted:
        raise _foreign_wish(wishes, having)
    reasons = {name: find_target(name).accepts(network, sample) for name in wanted}
    accepted = [find_target(name) for name, reason in reasons.items() if reason is None]
    if not accepted:
        reason = next(reason for reason in reasons.values() if reason is not None)
        asked = [wish for wish in wishes.names if any(wish not in have for have in having.values())]
        if wishes.target is None and asked:
            flag = flag_of(asked[0])
            what = f"{flag} is an option of target {wanted[0]}, which does not run this network: {reason.what}"
            raise HwgenError(what, reason.where, f"leave {flag} out")
        raise reason
    return accepted


def _foreign_wish(wishes: Wishes, having: Mapping[str, set[str]]) -> HwgenError:
    """Wishes that no single target has."""
    owners = {wish: [name for name in TARGETS if wish in having[name]] for wish in wishes.names}
    if wishes.target is not None:
        wrong = next(wish for wish, names in owners.items() if wishes.target not in names)
        return HwgenError(f"{flag_of(wrong)} is an option of target {owners[wrong][0]}, and the target is "
                          f"{wishes.target}", flag_of(wrong), f"leave it out, or use --target {owners[wrong][0]}")
    first = next(wish for wish, names in owners.items() if len(names) == 1)
    other = next(wish for wish, names in owners.items() if owners[first][0] not in names)
    return HwgenError(f"{flag_of(first)} is an option of target {owners[first][0]}, {flag_of(other)} one of target "
                      f"{owners[other][0]}", flag_of(first), "leave one of them out")


def flag_of(wish: str) -> str:
    """A wish on the command line, or in a config."""
    return next((option.flag for option in OPTIONS if option.name == wish), f"hardware.{wish}")
