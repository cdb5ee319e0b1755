"""Configurations to fit and to try the cost functions on: drawn from a seed, synthesized part by part.

A configuration is the hardware of a drawn model for a board, with parameters such as a search tries. Each of its
parts (group, server, shell; unit, shell) is synthesized by itself, as ``hwgen build`` does, and known from then on by
its own Verilog: what two configurations have in common is synthesized once.
"""

import hashlib
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from amaranth.lib import wiring
from synthesis import synthesize

import boards
from hwgen.errors import HwgenError
from hwgen.flow.families import FAMILIES, Family
from hwgen.flow.resources import Usage
from hwgen.flow.verilog import TOP, convert
from hwgen.targets import find_target
from hwgen.targets.banked.hardware import Hardware as Banked
from hwgen.targets.lists.hardware import Hardware as Lists
from rtl_templates.banked.accelerator import Accelerator as BankedAccelerator
from rtl_templates.lists.accelerator import Accelerator as ListsAccelerator
from rtl_templates.shell.shell import Shell, Top

__all__ = ["FITTED", "REPORTED", "SAMPLED", "Configuration", "draw", "measure", "recipe", "sources", "variants"]

SAMPLED, REPORTED = 1, 2  #: Seeds: what is fitted, and what errors are reported on.

#: Families that have data, and a board of each that bounds what is drawn.
FITTED = {"xcup": "ultra96", "ecp5": "ulx3s-85f", "gw5a": "tang-mega-138k", "xc7": "pynq-z2"}

Draw = Callable[[random.Random], dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One drawn design: of which seed, the how manyth, for which board."""

    seed: int
    number: int
    target: str
    board: str
    hardware: Banked | Lists

    @property
    def family(self) -> Family:
        """Of the board."""
        return FAMILIES[boards.load(self.board).family]


def draw(seed: int, target: str, board: str) -> Iterator[Configuration]:
    """Configurations without end, of which no part is too large to be synthesized in about a minute."""
    chosen = boards.load(board)
    rng = random.Random(f"{seed} {target} {chosen.family}")  # the same designs for boards of one family
    number = 0
    while True:
        values = _DRAWS[target](rng) | dict(FAMILIES[chosen.family].hardware)
        hardware = (Banked if target == "banked" else Lists)(**values)
        try:
            hardware.verify()
        except HwgenError:  # drawn values that no template implements
            continue
        if _size(hardware) > LARGEST:
            continue
        for each in _variants(hardware, variants(target, chosen.family, seed)):
            yield Configuration(seed=seed, number=number, target=target, board=board, hardware=each)
            number += 1


#: Bits of the largest part that is drawn, by :func:`_size`: what a minute synthesizes.
LARGEST = 4600


def _size(h: Banked | Lists) -> int:
    """A fixed rule for how large the largest part is, so that what is drawn never changes with the cost functions."""
    table = h.lanes * h.weight_bits * (h.mac_columns * h.planes if isinstance(h, Banked) else h.lanes)
    if isinstance(h, Banked):
        group = 16 * h.lanes * (3 * h.digit + h.acc_bits)
        return max(group, h.requant_lanes * (60 * h.lane_sets + 2 * h.ports) + table)
    second = 2 if h.weight_bits else 1
    return h.lanes * (h.acc_bits + 3 * h.code_bits) + second * (600 + 130 * h.requant_lanes + 16 * h.lanes) + table


def variants(target: str, family: str, seed: int) -> int:
    """Designs that share parts with a drawn one and are reported beside it."""
    if target == "lists" or seed != REPORTED:
        return 1
    return 12 if family == "xcup" else 4


def _variants(hardware: Banked | Lists, count: int) -> Iterator[Banked | Lists]:
    """The drawn design alone; four of two groups, two servers and a shell; twelve of three, four and one."""
    if isinstance(hardware, Lists) or count == 1:
        yield hardware
        return
    own = hardware.hold_depth
    other = 3 if own == 2 else 2
    for depths in ((own, other), {1, 2, 3} - {own, other}) if count > 4 else ((own, other),):
        for sets, sums, hold in product((1, 2), (18, 24) if count > 4 else (18,), depths):
            yield replace(hardware, lane_sets=sets, sum_bits=sums, hold_depth=hold)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


def _banked(rng: random.Random) -> dict[str, int]:
    """A chain of graph convolutions on one graph, and how it is built."""
    layers, nodes = rng.choice((2, 2, 2, 3)), int(2 ** rng.uniform(6, 12.5))
    channels, classes = rng.choice((4, 8, 8, 12, 16, 16, 24, 32)), rng.randint(2, 12)
    groups, servers = rng.choice((1, 1, 2, 2, 3, 4, 4, 6, 8)), rng.choice((4, 8, 16, 16))
    requant = rng.choice((2, 4, 4, 8, 8, 16))
    lanes = _up(max(channels, classes), requant)
    code_bits, planes = rng.choice((4, 4, 4, 8)), rng.choice((1, 1, 1, 2))
    digit = next(size for size in (4, 2, 1) if size * lanes <= 128)
    digit = rng.choice([digit, digit, *(size for size in (1, 2, 4, 8) if size <= code_bits and size * lanes <= 128)])
    sum_bits = rng.choice((18,) * 6 + (24,))
    per_server = -(-nodes // 16) * (16 // servers)
    widths = [channels] * (layers - 1) + [classes]
    chunks = [-(-width // requant) for width in widths]
    dense = rng.random() < 0.15
    pages = rng.randint(2, 6) if dense else rng.choice((1, 1, layers))
    column = 2 * sum(chunks)
    return {
        "groups": groups, "servers": servers, "lanes": lanes, "code_bits": code_bits, "digit": digit,
        "acc_bits": min(sum_bits, code_bits + rng.randint(2, 10)),
        "bank_depth": max(512, 1 << (2 * -(-nodes // 16) + rng.choice((0, 64, 300)) - 1).bit_length()),
        "slots": 128 * max(1, int(2 ** rng.uniform(0, 5))), "param_depth": _up(layers * per_server + dense, 64),
        "result_depth": _up(per_server * chunks[-1] * -(-requant * 16 // 128), 64),
        "feature_depth": _up(per_server * pages * rng.choice((1, 2)), 64) if dense else 0, "requant_lanes": requant,
        "mac_columns": min(lanes, _up(max(widths), min(requant, 8))), "weight_bits": rng.choice((3, 4, 4, 4, 4, 5, 8)),
        "planes": planes, "pages": pages, "column_depth": min(column, 64),
        "bias_depth": min(2048, sum(each * rng.choice((1, 1, 6, 24)) for each in chunks)), "sum_bits": sum_bits,
        "zero_points": int(rng.random() < 0.15), "hold_depth": rng.choice((2, 2, 2, 2, 1, 3)),
        "lane_sets": rng.choice((1, 1, 2))}


def _lists(rng: random.Random) -> dict[str, int]:
    """A module of some layers on batches of graphs, and how it is built."""
    lanes = rng.choice((8, 8, 16, 16, 16, 24, 32, 32))
    requant = rng.choice([each for each in (2, 4, 8, 16) if lanes % each == 0])
    code_bits = rng.choice((4, 4, 8))
    weight_bits = rng.choice((0, 3, 4, 4, 4, 4, 6, 8))
    pages = rng.choice((1, 2, 3, 4, 6, 9, 12)) if weight_bits else 1
    return {
        "units": rng.choice((1, 1, 2, 2, 4)), "lanes": lanes, "code_bits": code_bits,
        "acc_bits": min(24, 8 + rng.randint(1, 10)), "requant_lanes": requant, "chunks": rng.randint(1, 4),
        "weight_bits": weight_bits, "pages": pages, "buffer_depth": _up(int(2 ** rng.uniform(7, 12.5)), 64),
        "list_depth": _up(int(2 ** rng.uniform(6, 11.5)), 64),
        "descriptor_depth": _up(int(2 ** rng.uniform(6, 10.5)), 64),
        "column_depth": _up(rng.choice((4, 12, 20, 40, 70)), 16), "param_depth": _up(int(2 ** rng.uniform(6, 10)), 64),
        "levels": rng.choice((0, 0, 0, 5, 6, 8)), "tables": rng.randint(1, 6), "passes": rng.randint(2, 16),
        "beats": rng.randint(2, 24), "result_depth": _up(int(2 ** rng.uniform(5, 9.5)), 64),
        "leaky": int(rng.random() < 0.15), "joined": int(rng.random() < 0.5), "maxima": int(rng.random() < 0.2),
        "lut_inputs": rng.choice((0, 3 * lanes // 8)) if pages >= 8 else 0}


_DRAWS: Mapping[str, Draw] = {"banked": _banked, "lists": _lists}


def sources(target: str, hardware: Banked | Lists, family: Family) -> tuple[str, dict[str, str]]:
    """Verilog of a design, and of each of its parts the modules that are its own; ``whole`` has all of them."""
    make: Callable[..., Shell] = BankedAccelerator if target == "banked" else ListsAccelerator
    core = make(**hardware.to_dict(), primitives=family.primitives, shared=True)
    parts: dict[str, wiring.Component] = {name: getattr(core, name) for name in find_target(target).parts}
    text = convert({TOP: Top(core), **parts})
    own: dict[str, str] = dict.fromkeys((*parts, "shell"), "")
    for module in re.findall(r"^module .*?^endmodule", text, flags=re.MULTILINE | re.DOTALL):
        name = re.split(r"[\s.(]", module.removeprefix("module ").removeprefix("\\"), maxsplit=1)[0]
        own[name if name in parts else "shell"] += module
    return text, {**own, "whole": text}


def recipe(path: Path, target: str, part: str) -> list[str]:
    """Yosys's commands that read a part, as :func:`hwgen.flow.yosys.synthesize` has them; "whole" is all, flat."""
    probes = find_target(target).parts
    top = TOP if part in ("shell", "whole") else part
    through = path.with_suffix(".il")
    return [f"read_verilog {path}", *(f"blackbox {name}" for name in (probes if part == "shell" else ())),
            f"hierarchy -top {top}", *(f"delete -port {top}/{port}" for port in probes.get(part, ())),
            f"write_rtlil {through}", "design -reset", f"read_rtlil {through}"]


def measure(each: Configuration, known: dict[str, Any], part: str, text: str,
            own: str) -> tuple[str, dict[str, Any] | None]:
    """Key of a part of a configuration, by what is its own; and the line of its count if it was not known."""
    key = hashlib.sha256(f"{each.family.synth} {part} {own}".encode()).hexdigest()[:16]
    if key in known:
        return key, None
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.v"
        path.write_text(text)
        top = TOP if part in ("shell", "whole") else part
        used: Usage = synthesize(recipe(path, each.target, part), top, each.family, boxes=tuple(
            find_target(each.target).parts) if part == "shell" else ())
    line = {"key": key, "target": each.target, "family": each.family.name, "part": part,
            "hardware": each.hardware.to_dict(), "used": {name: value for name, value in asdict(used).items() if value},
            "seconds": round(time.perf_counter() - began, 1)}
    known[key] = line
    return key, line
