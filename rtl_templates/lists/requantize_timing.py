"""When a requantizer takes its beats and gives its chunks, in plain integers: exact, cycle by cycle.

Two stages with a buffer of ``value_slots`` chunks between them, and one of ``code_slots`` chunks behind them. With S
steps (cycles) a beat, beats n, chunks c in order, and f(c) the beat with ``last`` of chunk c::

    a[n] = max(arrival[n], a[n-1] + S, b[c - value_slots] + 1 if beat n is f(c))     stage A begins; ready in a[n] + S-1
    r    = a[beat with end] + S-1 + VALUE + LOOKUP (+ LEAKY) (+ nearest)             parameters of the row are there
    b[c] = max(r of its row, b[c-1] + S, taken[c - code_slots] + 1)                  stage B begins
    v[c] = max(b[c] + S-1 + CODE, taken[c-1] + S)                                    o.valid rises
    nearest = 1 + ⌈log2 requant_lanes⌉ + 2 * levels                                  largest magnitude, then the search;
                                                                                     0 where levels is 0: one entry

``arrival[n]`` is the first cycle with ``i.valid`` for beat n, after ready of beat n-1; ``taken[c]`` the
cycle of the output handshake.
"""

__all__ = ["CODE", "CUT", "FACTOR", "LEAKY", "LOOKUP", "MIDDLE", "PRODUCT", "READ", "ROUNDED", "SCALED", "SEARCH",
           "TOTAL", "VALUE", "RequantizeTiming", "code_slots", "steps", "value_slots"]

READ = 2  # address to a table's word in a register: the memory, the register
MULTIPLY = 2  # operands to a product, in the fabric's registers

# Values: from a step's cycle to its
PRODUCT = READ + MULTIPLY  # x times C
MIDDLE = PRODUCT + 1  # shifted
SCALED = MIDDLE + MULTIPLY  # times R
TOTAL = SCALED + 1  # joined with the beats before
VALUE = TOTAL + 1  # V, rounded
LEAKY = MULTIPLY + 1  # and, in leaky designs, from there: times slope, and the choice by sign

# Rows
SEARCH = 2  # cycles of a level: the memory, the comparison
LOOKUP = 3  # address, entry, its record

# Codes: from a step's cycle to its
FACTOR = 1  # V, beside Q
CUT = FACTOR + MULTIPLY + 1  # times Q, cut
ROUNDED = CUT + 1
JUDGED = ROUNDED + 1  # in range or not; the choice follows without a register
CODE = JUDGED + 1  # codes, in the queue of chunks

DEPTH = 32  # what a distributed memory has anyway


def steps(lanes: int, requant_lanes: int) -> int:
    """Cycles of a beat, and of a chunk of codes."""
    return lanes // requant_lanes


def value_slots(lanes: int, requant_lanes: int, chunks: int) -> int:
    """Chunks of values between the stages: two rows at least."""
    return max(2 * chunks, DEPTH // steps(lanes, requant_lanes))


def code_slots(lanes: int, requant_lanes: int) -> int:
    """Chunks of codes begun and not taken."""
    return max(2, DEPTH // steps(lanes, requant_lanes))


class RequantizeTiming:
    """The recurrences, stepped: :meth:`beat` for all beats of a row, then :meth:`chunk` and :meth:`take` in turn.

    Parameters
    ----------
    lanes, requant_lanes, chunks, levels, leaky : int
        As :class:`rtl_templates.lists.requantize.Requantizer`.
    nearest : bool
        The pass selects the nearest entry.

    Attributes
    ----------
    run, waited : int
        Cycles of ``working`` and ``waiting`` so far.
    """

    __slots__ = ("_a", "_b", "_begun", "_chunks", "_codes", "_finish", "_free", "_lasts", "_row", "_steps", "_taken",
                 "_taken_last", "_values", "run", "waited")

    def __init__(self, *, lanes: int, requant_lanes: int, chunks: int, levels: int, leaky: int, nearest: bool) -> None:
        self._steps = steps(lanes, requant_lanes)
        self._values = value_slots(lanes, requant_lanes, chunks)
        self._codes = code_slots(lanes, requant_lanes)
        self._finish = self._steps - 1 + VALUE + LOOKUP + (LEAKY if leaky else 0)
        if nearest and levels:
            self._finish += 1 + (requant_lanes - 1).bit_length() + SEARCH * levels
        self._begun = [0] * self._values  # earliest beginning that each slot allows
        self._taken = [0] * self._codes
        self._a = self._b = self._row = 0  # earliest next beginning of either stage; parameters of the row
        self._taken_last = -self._steps
        self._lasts = self._chunks = self._free = 0  # slots to use next
        self.run = self.waited = 0

    def beat(self, arrival: int, *, last: bool, end: bool) -> int:
        """Cycle in which a beat that arrives in cycle ``arrival`` begins; ready is S-1 cycles later."""
        begin = arrival if arrival > self._a else self._a
        if last:
            slot = self._lasts
            if self._begun[slot] > begin:
                self.waited += self._begun[slot] - begin
                begin = self._begun[slot]
            self._lasts = slot + 1 if slot + 1 < self._values else 0
            if end:
                self._row = begin + self._finish
        self._a = begin + self._steps
        self.run += self._steps
        return begin

    def chunk(self) -> int:
        """Cycle in which the next chunk of the row is first valid; :meth:`take` of the chunk before comes first."""
        begin = max(self._row, self._b, self._taken[self._free])
        self._b = begin + self._steps
        slot = self._chunks
        self._begun[slot] = begin + 1
        self._chunks = slot + 1 if slot + 1 < self._values else 0
        return max(begin + self._steps - 1 + CODE, self._taken_last + self._steps)

    def take(self, cycle: int) -> None:
        """The chunk is taken in ``cycle``."""
        self._taken[self._free] = cycle + 1
        self._free = self._free + 1 if self._free + 1 < self._codes else 0
        self._taken_last = cycle
