"""What is decided before any RTL exists: program, hardware parameters, schedule, cycles, golden codes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from boards import Board

from ...errors import HwgenError
from ...network.batch import Batch
from ...network.network import Network
from ...network.sample import Sample
from ..lists.hardware import Hardware as ListHardware
from .candidates import choices
from .cycles import estimate as count_cycles
from .execute import Trace, run
from .hardware import Hardware
from .images import Image, pack
from .network_to_program import lower
from .program import Pass, Program
from .schedule.schedule import schedule
from .schedule.slots import Schedule
from .sizes import capacities, check_capacity

__all__ = ["UNIFORM", "Plan", "fit", "plans", "read_hardware", "repack", "uniform_bits"]

#: Bit widths that the learned ones are compared with.
UNIFORM = (2, 4, 8)

_ALL_SLOTS = 1 << 16  # as many as a task word can name
_SLOT_STEP = 128


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A model on one graph, on one design.

    Parameters
    ----------
    network : Network
    batch : Batch
        The graph it runs on.
    program : Program
    hardware : Hardware
    schedule : Schedule
    choice : str
        Why this hardware was chosen, for people.
    """

    network: Network
    batch: Batch
    program: Program
    hardware: Hardware
    schedule: Schedule
    choice: str = ""

    @cached_property
    def trace(self) -> Trace:
        """What the reference computes: the golden codes."""
        return run(self.program)

    @cached_property
    def image(self) -> Image:
        """What is loaded."""
        return pack(self.program, self.hardware, self.schedule)

    @cached_property
    def capacities(self) -> dict[str, int]:
        """What other graphs the design takes."""
        return capacities(self.program, self.hardware)

    @cached_property
    def cycles(self) -> dict[str, Any]:
        """Exact cycles: ``total``, and ``name``, ``cycles`` and ``utilisation`` of each of ``passes``."""
        return cycle_facts(self.program, self.hardware, self.schedule)

    def cycles_by_bits(self) -> dict[str, int]:
        """Total cycles with the learned bit widths, and with the same one for all nodes."""
        totals = {"learned": int(self.cycles["total"])}
        for bits in UNIFORM:
            facts = cycle_facts(uniform_bits(self.program, bits), self.hardware, self.schedule)
            totals[f"uniform {bits} bit"] = int(facts["total"])
        return totals


def fit(network: Network, sample: Sample, wanted: Mapping[str, int], board: Board | None = None) -> Plan:
    """Lower a model on its sample graph and choose hardware that holds it: the first of :func:`plans`."""
    return next(plans(network, sample, wanted, board))


def plans(network: Network, sample: Sample, wanted: Mapping[str, int], board: Board | None = None) -> Iterator[Plan]:
    """Lower a model on its sample graph and place it on one design after the other, best first.

    Parameters
    ----------
    network : Network
    sample : Sample
    wanted : mapping
        Hardware parameters that are not to be chosen. If it names all of them they are taken as they are.
    board : Board or None
        What designs should fit; see :func:`hwgen.targets.banked.candidates.choices`.
    """
    program = lower(network, sample.batch)
    for choice in choices(program, wanted, board):
        hardware = choice.hardware
        if "slots" not in wanted:
            placed = schedule(program, replace(hardware, slots=_ALL_SLOTS))
            needed = -(-placed.slots_used // _SLOT_STEP) * _SLOT_STEP
            hardware = replace(hardware, slots=max(hardware.slots, needed))
        else:
            placed = schedule(program, hardware)
        yield Plan(network=network, batch=sample.batch, program=program, schedule=placed, hardware=hardware,
                   choice=choice.reason)


def repack(network: Network, batch: Batch, hardware: Mapping[str, int]) -> Plan:
    """Lower a model on another graph, for hardware as it is."""
    design = Hardware(**hardware)
    program = lower(network, batch)
    check_capacity(program, design)
    return Plan(network=network, batch=batch, program=program, hardware=design, schedule=schedule(program, design))


def uniform_bits(program: Program, bits: int) -> Program:
    """The same program with one bit width for all nodes; only its cycles mean anything."""
    def change(step: Pass) -> Pass:
        if step.pre is None or step.pre.row_bits is None:
            return step
        same = np.full_like(step.pre.row_bits, bits)
        return replace(step, pre=replace(step.pre, row_bits=same, bits=bits))

    return replace(program, passes=tuple(change(step) for step in program.passes))


def cycle_facts(program: Program, hardware: Hardware, placed: Schedule) -> dict[str, Any]:
    """The cycle estimate as plain data."""
    return dict(count_cycles(program, hardware, placed).to_dict())


def read_hardware(config: Path | None, kind: type[Hardware] | type[ListHardware] = Hardware) -> dict[str, int]:
    """Hardware parameters of a ``config.json``, of the organisation that ``kind`` is the hardware of.

    Raises
    ------
    HwgenError
        Not such a file; an unknown parameter; a value that is no integer.
    """
    if config is None:
        return {}
    try:
        content = json.loads(config.read_text(encoding="utf-8"))["hardware"]
        items = dict(content).items()
    except OSError as error:
        raise HwgenError(f"cannot be read: {error.strerror}", str(config), "give a build's config.json") from None
    except (ValueError, KeyError, TypeError):
        raise HwgenError("not a configuration", str(config),
                         'give a build\'s config.json: {"hardware": {...}}') from None
    known = [field.name for field in fields(kind)]
    for name, value in items:
        if name not in known:
            raise HwgenError(f"unknown parameter {name!r}", f"{config}: hardware", f"use {', '.join(known)}")
        if not isinstance(value, int) or isinstance(value, bool):
            raise HwgenError(f"{name} is {value!r}", f"{config}: hardware", "make it an integer")
    return dict(items)

