"""Contents of the memories behind the load bus, each as sections of the load stream."""

from collections.abc import Sequence

import numpy as np

from rtl_templates.banked.formats import BIAS_BITS, COLUMN_BITS, Target
from rtl_templates.shell.words import BEAT_BITS

from ...errors import CapacityError
from ..arrays import Ints
from ..words import Beats, pack_bits, pack_fields, section
from .hardware import UNITS, Hardware
from .program import Pass, Program, Requant
from .schedule.clos import route
from .schedule.slots import Schedule

__all__ = [
    "bank_memory", "chunks_of", "feature_memory", "input_steps", "lane_tables", "schedule_memory", "weight_pages",
]


def lane_tables(stages: Sequence[Requant], hardware: Hardware) -> list[Beats]:
    """The column and bias tables of every requantizer lane, stage after stage, of a stage's bias class after class."""
    lanes = hardware.requant_lanes
    padded = [(0, -len(requant.column) % lanes) for requant in stages]
    column = np.concatenate([np.pad(requant.column, more) for requant, more in zip(stages, padded, strict=True)])
    bias = np.concatenate([np.pad(requant.bias, ((0, 0), more)).ravel()
                           for requant, more in zip(stages, padded, strict=True)])
    return [each for lane in range(lanes) for target, table, bits in (
                (Target.COLUMN, column, COLUMN_BITS), (Target.BIAS, bias, BIAS_BITS))
            for each in section(target, lane, 0, pack_fields([(table[lane::lanes], bits)]))]


def chunks_of(requant: Requant, hardware: Hardware) -> int:
    """Requantizer beats that a row takes."""
    return -(-len(requant.column) // hardware.requant_lanes)


def input_steps(program: Program, hardware: Hardware) -> int:
    """Words that bring one input page of a node, plane by plane."""
    return -(-program.input_bits // hardware.planes)


def weight_pages(step: Pass, hardware: Hardware) -> list[Ints]:
    """Weight matrices of a pass, each [lanes, mac_columns], zero where the pass has fewer."""
    if step.combine is None:
        return []
    inputs, outputs = step.combine.shape
    count = -(-inputs // hardware.lanes)
    whole = np.zeros((count * hardware.lanes, hardware.mac_columns), dtype=np.int64)
    whole[:inputs, :outputs] = step.combine
    return list(whole.reshape(count, hardware.lanes, hardware.mac_columns))


def schedule_memory(hardware: Hardware, schedule: Schedule) -> list[Beats]:
    """Schedule words of every group, routes included."""
    row_bits = hardware.bank_depth.bit_length() - 1
    stream: list[Beats] = []
    if not schedule.slots:
        return stream
    bank, row, node = (np.concatenate([getattr(slots, name) for slots in schedule.slots])
                       for name in ("bank", "row", "node"))
    for group in range(hardware.groups):
        reads = bank[:, group]
        add = reads >= 0
        at = np.nonzero(add)
        by_bank = np.zeros_like(reads)  # column c names the row that bank c reads, for whoever wants it
        by_bank[at[0], reads[at]] = row[:, group][at]
        routes = route(reads)
        last = (node[:, group] >= 0).astype(np.int64)
        fields = []
        for column in range(UNITS):
            fields += [(by_bank[:, column], row_bits), (routes[:, column], 6), (last[:, column], 1),
                       (add[:, column].astype(np.int64), 1)]
        words = pack_fields(fields)
        for chunk in range(words.shape[1] // 2):
            stream += section(Target.SCHEDULE, group * UNITS + chunk, 0, words[:, 2 * chunk : 2 * chunk + 2])
    return stream


def bank_memory(program: Program, hardware: Hardware, schedule: Schedule) -> list[Beats]:
    """Source rows, in runs of rising rows."""
    stream: list[Beats] = []
    sources, gathered = schedule.sources, program.gathered
    if sources is None or gathered is None:
        return stream
    order = np.lexsort((sources.row, sources.bank))
    bank, row = sources.bank[order], sources.row[order]
    codes = np.zeros((len(order), hardware.lanes), dtype=np.int64)
    codes[:, : gathered.rows.shape[1]] = gathered.rows[sources.source[order]]
    digits, digit = hardware.digits, hardware.digit
    cut = codes[:, None, :] >> (digit * np.arange(digits))[None, :, None] & (1 << digit) - 1
    flat = cut.reshape(-1, hardware.lanes)
    words = pack_fields([(flat[:, lane], digit) for lane in range(hardware.lanes)])
    breaks = np.flatnonzero((np.diff(bank) != 0) | (np.diff(row) != 1)) + 1
    for first, end in zip([0, *breaks.tolist()], [*breaks.tolist(), len(order)], strict=True):
        if end > first:
            stream += section(Target.BANK, int(bank[first]), int(row[first]) * digits,
                              words[first * digits : end * digits])
    return stream


def feature_memory(program: Program, hardware: Hardware, schedule: Schedule) -> list[Beats]:
    """Dense input, node by node in the order of the server's row parameters."""
    stream: list[Beats] = []
    step = program.passes[0]
    if step.kind != "dense":
        return stream
    lanes, planes = hardware.lanes, hardware.planes
    steps, pages = input_steps(program, hardware), len(weight_pages(step, hardware))
    if lanes * planes > BEAT_BITS:
        raise CapacityError(
            f"{lanes} lanes of {planes} planes are {lanes * planes} bits, a load beat has {BEAT_BITS}",
            f"program {program.name}, hardware.planes {planes}", "build with --planes 1")
    for server in range(hardware.servers):
        mine = schedule.passes[0].order[server][0]
        codes = np.zeros((len(mine), pages * lanes), dtype=np.int64)
        codes[:, : program.features.shape[1]] = program.features[mine].toarray()
        weight = (np.arange(steps)[::-1, None] * planes + np.arange(planes))[None, :, None, :, None]
        bits = codes.reshape(-1, 1, pages, 1, lanes) >> weight & 1  # node, step, page, plane, lane
        stream += section(Target.FEATURE, server, 0, pack_bits(bits.reshape(-1, planes * lanes).astype(bool)))
    return stream
