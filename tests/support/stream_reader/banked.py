"""The accelerator as docs/banked.md states it, without time: executes a load stream and nothing else.

It knows the design's parameters and the 128-bit beats, not the program nor the schedule that they were made
from, so that its agreement with :func:`hwgen.targets.banked.execute.run` proves the images.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwgen.targets.banked.arithmetic import requantize
from hwgen.targets.banked.hardware import UNITS, Hardware
from rtl_templates.banked.formats import AFFINE, BIAS_BITS, PARAM, RAW_SHIFT, SHIFT, TASK, ZERO, Target, weight_plan
from rtl_templates.cells.formats import Kind, clip_range
from rtl_templates.shell.words import unpack

from .memories import ImageError, Memories, signed

__all__ = ["ImageError", "PassWrites", "execute"]

Ints = NDArray[np.int64]
NO_BANK = 15


@dataclass
class PassWrites:
    """What one pass wrote.

    Attributes
    ----------
    server, bank, address : list of int
        As the probes show it: the bank among the server's own, the row or the result word.
    codes : list of int64 [lanes], or [requant_lanes] for a word of results
    """

    server: list[int] = field(default_factory=list)
    bank: list[int] = field(default_factory=list)
    address: list[int] = field(default_factory=list)
    codes: list[Ints] = field(default_factory=list)


def execute(beats: NDArray[np.uint64], hardware: Hardware) -> list[PassWrites]:
    """Load the stream and run all its passes.

    Parameters
    ----------
    beats : uint64 [m, 2]
        128-bit beats, lower half first.
    hardware : Hardware
        The design.

    Raises
    ------
    ImageError
        On an address outside a memory, a row read before it was written or in the pass that writes it, two
        reads of a bank in a slot, or row parameters that run out.
    """
    memories = Memories(hardware)
    memories.load(beats.astype("<u8").tobytes())
    machine = _Machine(hardware, memories)
    done: list[PassWrites] = []
    for index in range(1 << 16):
        task = unpack({**TASK, **(ZERO if hardware.zero_points else {})}, memories.word(Target.TASK, 0, index))
        done.append(machine.dense_pass(task) if task["dense"] else machine.gather_pass(task))
        if task["last"]:
            break
    return done


class _Machine:
    """Passes over the memories of a loaded design."""

    def __init__(self, hardware: Hardware, memories: Memories) -> None:
        self.hardware = hardware
        self.memories = memories
        self.plan = weight_plan(hardware.to_dict())
        self.entry = {(server, port): memories.word(Target.SETUP, server, port)  # next row parameters
                      for server in range(hardware.servers) for port in range(hardware.ports)}

    # Gather passes

    def gather_pass(self, task: dict[str, int]) -> PassWrites:
        """Walk every group's slots, then let the servers take what each port finished."""
        h = self.hardware
        finished: dict[tuple[int, int], list[Ints]] = {}
        used: set[tuple[int, int]] = set()
        for group in range(h.groups):
            sums = np.zeros((UNITS, h.lanes), dtype=np.int64)
            for slot in range(task["slot_start"], task["slot_start"] + task["slot_count"]):
                self._slot(group, slot, task, sums, finished, used)
        writes = PassWrites()
        for server in range(h.servers):
            for port in range(h.ports):
                group, unit = port // h.banks_per_server, port % h.banks_per_server * h.servers + server
                for x in finished.get((group, unit), []):
                    self._finish_gather(task, server, port, x, writes)
        self._commit(task, writes, used)
        return writes

    def _slot(self, group: int, slot: int, task: dict[str, int], sums: Ints,
              finished: dict[tuple[int, int], list[Ints]], used: set[tuple[int, int]]) -> None:
        h, half = self.hardware, task["read_half"]
        zero = signed(task["dense_pages"], TASK["dense_pages"]) if h.zero_points else 0
        channels = task["q1_chunks"] * h.requant_lanes  # others are not read
        row_bits = h.bank_depth.bit_length() - 1
        column_bits = row_bits + 8
        chunks = -(-UNITS * column_bits // 128)
        whole = sum(self.memories.word(Target.SCHEDULE, group * UNITS + c, slot) << 128 * c for c in range(chunks))
        columns = [whole >> column_bits * c & (1 << column_bits) - 1 for c in range(UNITS)]
        routes = [column >> row_bits & 63 for column in columns]
        # The three stages: which bank each output carries.
        first = [4 * (o // 4) + (routes[o] & 3) for o in range(UNITS)]
        second = [first[4 * (routes[o] >> 2 & 3) + o // 4] for o in range(UNITS)]
        third = [second[4 * (routes[o] >> 4) + o // 4] for o in range(UNITS)]
        taken: set[int] = set()
        for unit in range(UNITS):
            last, add = columns[unit] >> (row_bits + 6) & 1, columns[unit] >> (row_bits + 7) & 1
            if add:
                bank = third[unit]
                if bank in taken:
                    raise ImageError(f"slot {slot}: bank {bank} feeds two processing elements")
                taken.add(bank)
                row = columns[bank] & (1 << row_bits) - 1 ^ half << (row_bits - 1)
                used.add((bank, row))
                for k in range(h.digits):
                    digits = np.array(self.memories.digits(bank, row, k))
                    if k == h.digits - 1:
                        digits = np.where(digits >> (h.digit - 1), digits - (1 << h.digit), digits)
                    sums[unit] += digits << (h.digit * k)
                sums[unit] -= zero
                if np.abs(2 * sums[unit, :channels] + 1).max() >= 1 << h.acc_bits:
                    raise ImageError(f"slot {slot}: accumulator {unit} overflows")
            if last:
                finished.setdefault((group, unit), []).append(sums[unit].copy())
                sums[unit] = 0

    def _finish_gather(self, task: dict[str, int], server: int, port: int, x: Ints, writes: PassWrites) -> None:
        params = self._params(server, port)
        codes = self._stage(task, "q1", x, params["row_r"], params["bias_r"] if params["pair"] else None, params)
        if task["combine"]:
            steps = max(1, -(-params["bits"] // self.hardware.planes))
            bits = steps * self.hardware.planes
            planes = [(1 << k, codes >> k & 1) for k in range(bits)]
            codes = self._stage(task, "q2", self._mac(task["page"], planes), params["q2_r"], None, params)
        self._write(task, server, params, codes, writes)

    # Dense passes

    def dense_pass(self, task: dict[str, int]) -> PassWrites:
        """Every server walks its own input words until the final row parameters."""
        h, writes = self.hardware, PassWrites()
        for server in range(h.servers):
            address, final = 0, False
            while not final:
                params = self._params(server, 0)
                final = bool(params["final"])
                if params["bank"] == NO_BANK:
                    continue
                total = np.zeros(h.mac_columns, dtype=np.int64)
                for step in range(task["dense_steps"]):
                    low = (task["dense_steps"] - 1 - step) * h.planes
                    for page in range(task["dense_pages"]):
                        word = self.memories.word(Target.FEATURE, server, address)
                        address += 1
                        planes = [(1 << low + p, np.array([word >> p * h.lanes + lane & 1 for lane in range(h.lanes)]))
                                  for p in range(h.planes)]
                        total += self._mac(task["page"] + page, planes)
                codes = self._stage(task, "q2", total, params["q2_r"], None, params)
                self._write(task, server, params, codes, writes)
        self._commit(task, writes, set())
        return writes

    # Servers

    def _params(self, server: int, port: int) -> dict[str, int]:
        entry = self.entry[server, port]
        self.entry[server, port] += 1
        return unpack(PARAM, self.memories.word(Target.PARAM, server, entry))

    def _stage(self, task: dict[str, int], stage: str, x: Ints, row: int, bias_row: int | None,
               params: dict[str, int]) -> Ints:
        """Requantize chunk after chunk; channels beyond the last chunk are zero."""
        h = self.hardware
        kind = task[f"{stage}_kind"]
        affine, zero = kind == AFFINE, task.get("zero", 0)
        bounds = (-zero, task["signed_max"] - zero) if affine else clip_range(
            kind, task["signed_max"] if kind == Kind.SIGNED else (1 << params["bits"]) - 1)
        codes = np.zeros(h.lanes, dtype=np.int64)
        first = params["bias_r"] if stage == "q1" and bias_row is None else task[f"{stage}_bias"]
        for chunk in range(task[f"{stage}_chunks"]):
            for lane in range(h.requant_lanes):
                column = self.memories.word(Target.COLUMN, lane, task[f"{stage}_column"] + chunk)
                bias = self.memories.word(Target.BIAS, lane, first + chunk)
                channel = chunk * h.requant_lanes + lane
                if channel >= len(x):
                    continue
                codes[channel] = requantize(
                    x[None, channel : channel + 1], np.array([column]), np.array([[signed(bias, BIAS_BITS)]]),
                    np.array([row]), np.array([0]), None if bias_row is None else np.array([bias_row]), *bounds,
                    shift=RAW_SHIFT if kind == Kind.RAW else SHIFT, half_up=bool(task[f"{stage}_half_up"]),
                )[0, 0] + affine * (zero - (1 << h.code_bits - 1))
        return codes

    def _mac(self, page: int, planes: list[tuple[int, Ints]]) -> Ints:
        """Sum table entries, plane by plane."""
        total = np.zeros(self.hardware.mac_columns, dtype=np.int64)
        for weight, plane in planes:
            total += weight * np.array(self.memories.plane_sums(Target.TABLE, self.plan, page, plane.tolist()))
        return total

    def _write(self, task: dict[str, int], server: int, params: dict[str, int], codes: Ints,
               writes: PassWrites) -> None:
        lanes = self.hardware.requant_lanes
        chunks = task["q2_chunks"] if task["combine"] or task["dense"] else task["q1_chunks"]
        for chunk in range(chunks if task["to_result"] else 1):
            writes.server.append(server)
            writes.bank.append(params["bank"])
            writes.address.append(params["row"] + chunk)
            writes.codes.append(codes[chunk * lanes : (chunk + 1) * lanes] if task["to_result"] else codes)

    def _commit(self, task: dict[str, int], writes: PassWrites, used: set[tuple[int, int]]) -> None:
        """Rows reach the banks; none of them may be one that the same pass reads."""
        h = self.hardware
        depth = h.result_depth if task["to_result"] else h.bank_depth
        seen: set[tuple[int, int, int]] = set()
        for server, own, address, codes in zip(writes.server, writes.bank, writes.address, writes.codes, strict=True):
            if address >= depth or own >= h.banks_per_server or (server, own, address) in seen:
                raise ImageError(f"server {server} writes bank {own}, address {address}: taken or out of range")
            seen.add((server, own, address))
            if task["to_result"]:
                continue
            bank = own * h.servers + server
            if (bank, address) in used:
                raise ImageError(f"bank {bank}, row {address} is read and written in one pass")
            self.memories.write_row(bank, address, codes)
