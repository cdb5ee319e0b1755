"""IR 3, hardware parameters: every number the RTL is built from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rtl_templates.banked.formats import ACC_BITS, HOLD_DEPTH, TASK, UNITS, WIDE_ACC_BITS
from rtl_templates.cells.formats import RAW_BITS
from rtl_templates.cells.mac_plan import TABLE_WORDS
from rtl_templates.shell.timing import SHELL_QUIET
from rtl_templates.shell.words import BEAT_BITS

from ...errors import HwgenError

__all__ = ["MAX_CHUNKS", "MAX_GROUPS", "UNITS", "WORD_BITS", "Hardware", "result_parts"]

WORD_BITS = 128  # of a bank: one beat of the load bus
MAX_CHUNKS = (1 << TASK["q1_chunks"]) - 1  # requantizations of a row that a task word can name
MAX_GROUPS = 16  # that a load header can name


def result_parts(requant_lanes: int) -> int:
    """Words of 16 bytes that the results of so many lanes take in memory."""
    return -(-requant_lanes * RAW_BITS // BEAT_BITS)


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """One design. Anything that fits these numbers runs on it without new RTL.

    Parameters
    ----------
    groups : int
        Groups of 16 processing elements with a copy of the node buffer each: 1 to 16.
    servers : int
        Requantize-and-combine units: 4, 8 or 16. Server s serves processing elements and banks p with p % servers == s.
    lanes : int
        Channels of a row.
    code_bits : int
        Width of a channel's code in a row.
    digit : int
        Bits of a code that are added per cycle: 1 is the bit-serial array. Divides ``code_bits``.
    acc_bits : int
        Signed width of a lane's accumulator.
    bank_depth, slots, param_depth, result_depth, feature_depth : int
        Words of a bank (rows), of a group's schedule, and of each server's row parameters, results (of 16 bytes at
        most), dense input.
        ``feature_depth`` 0 leaves the dense input path out.
    requant_lanes : int
        Requantizers of a set of a server: 1, 2, 4, 8 or 16.
    mac_columns : int
        Outputs of a server's MAC array.
    weight_bits : int
        Signed width of the MAC array's weights.
    planes : int
        Activation bit planes per cycle: 1 or 2.
    pages : int
        Weight matrices (``lanes`` × ``mac_columns``) that stay resident in the MAC array.
    column_depth, bias_depth : int
        Words of a requantizer lane's tables of column factors and of biases.
    sum_bits : int
        Signed width of the sums that requantizers take: 18, or 24 with column factors of 17 bits instead of 24.
    zero_points : int
        1: rows may have codes with a zero point (docs/decisions/0013-zero-points.md).
    hold_depth : int
        Finished sums that a processing element keeps for its server: 1 to 4.
    lane_sets : int
        1: the stages before and behind the MAC array share a server's requantizer lanes; 2: each has its own.
    table_words : int
        Words of a memory of look-up tables, for which the MAC array is divided: 32; 16 where look-up tables have four
        inputs. It follows from the board.
    """

    groups: int
    servers: int
    lanes: int
    code_bits: int
    digit: int
    acc_bits: int
    bank_depth: int
    slots: int
    param_depth: int
    result_depth: int
    feature_depth: int
    requant_lanes: int
    mac_columns: int
    weight_bits: int
    planes: int
    pages: int
    column_depth: int
    bias_depth: int
    sum_bits: int = ACC_BITS
    zero_points: int = 0
    hold_depth: int = HOLD_DEPTH
    lane_sets: int = 1
    table_words: int = TABLE_WORDS

    @property
    def digits(self) -> int:
        """Cycles of a schedule slot."""
        return self.code_bits // self.digit

    @property
    def ports(self) -> int:
        """Queues of sums a server reads: those of its processing elements in every group."""
        return self.groups * UNITS // self.servers

    @property
    def banks_per_server(self) -> int:
        return UNITS // self.servers

    @property
    def result_parts(self) -> int:
        """Words in memory that a result word of a server takes: 16 bytes each."""
        return result_parts(self.requant_lanes)

    def lane_beats(self, q1_beats: int, q2_beats: int) -> int:
        """Cycles for which a node that combines keeps the requantizer lanes from the next one."""
        return q1_beats + q2_beats if self.lane_sets == 1 else max(q1_beats, q2_beats)

    @staticmethod
    def verify_sum_bits(sum_bits: int) -> None:
        """Refuse widths that no requantizer has; asked before a program is lowered for one."""
        if sum_bits not in (ACC_BITS, WIDE_ACC_BITS):
            raise HwgenError(f"sum_bits is {sum_bits}", "hardware.sum_bits", f"use {ACC_BITS} or {WIDE_ACC_BITS}")

    @staticmethod
    def verify_choices(given: Mapping[str, int]) -> None:
        """Refuse values of which there are few. Asked before anything is divided by them."""
        for key, values in _CHOICES.items():
            if key in given and given[key] not in values:
                raise HwgenError(f"{key} is {given[key]}", f"hardware.{key}",
                                 f"use one of {', '.join(map(str, values))}")

    def verify(self) -> None:
        """Refuse values that no template implements."""
        self.verify_sum_bits(self.sum_bits)
        self.verify_choices(asdict(self))
        if self.code_bits % self.digit:
            raise HwgenError(f"digit {self.digit} does not divide {self.code_bits}-bit codes", "hardware.digit",
                             f"use a divisor of {self.code_bits}")
        if self.lanes * self.digit > WORD_BITS:
            raise HwgenError(f"{self.lanes} lanes of {self.digit}-bit digits exceed a {WORD_BITS}-bit word",
                             "hardware.lanes", "use a smaller --digit")
        if self.lanes % self.requant_lanes or not 1 <= self.mac_columns <= self.lanes:
            raise HwgenError(f"{self.lanes} lanes, {self.requant_lanes} requantizer lanes, {self.mac_columns} columns",
                             "hardware.lanes", "lanes must be a multiple of requant_lanes and at least mac_columns")
        if self.lanes > MAX_CHUNKS * self.requant_lanes:
            raise HwgenError(f"{self.lanes} lanes take {-(-self.lanes // self.requant_lanes)} beats of "
                             f"{self.requant_lanes} requantizer lanes; a task word counts to {MAX_CHUNKS}",
                             "hardware.requant_lanes", "use more --requant-lanes or narrower layers")
        if self.bank_depth & (self.bank_depth - 1):
            raise HwgenError(f"bank depth {self.bank_depth} is not a power of two", "hardware.bank_depth",
                             f"use {1 << self.bank_depth.bit_length()}: halves differ in the address's top bit")

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


_CHOICES = {"groups": tuple(range(1, MAX_GROUPS + 1)), "servers": (4, 8, 16), "code_bits": (4, 8),
            "digit": (1, 2, 4, 8), "requant_lanes": (1, 2, 4, 8, 16), "lane_sets": (1, 2), "planes": (1, 2),
            # a sum that goes through its queue is no activity
            "table_words": (16, TABLE_WORDS), "zero_points": (0, 1), "hold_depth": tuple(range(1, SHELL_QUIET + 1))}
