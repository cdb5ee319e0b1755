"""The register maps, declared once as plain data: RTL, design.json, header and documentation come from them.

One map for each organisation; what both have is at the same offset, and bits of a field mean the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum

from ..lists.formats import PASSES

__all__ = [
    "ID",
    "LISTS_ID",
    "LISTS_REGISTERS",
    "REGISTERS",
    "VERSION",
    "Error",
    "Field",
    "ListsStage",
    "Register",
    "Stage",
    "constants",
    "register",
    "to_c_header",
    "to_dict",
    "to_markdown",
]

ID = 0x48574E47  # "HWGN"
LISTS_ID = 0x48574753  # "HWGS"
VERSION = 0x0001_0000  # major in the upper half: a driver refuses another major


class Error(IntEnum):
    """``STATUS.error``: the first thing that went wrong since the last accepted command."""

    NONE = 0
    READ = 1
    WRITE = 2
    NO_END = 3
    BAD_TARGET = 4
    WATCHDOG = 5
    BUSY = 6


class Stage(IntEnum):
    """``STATUS.stuck_stage``: where nothing moved when the watchdog expired."""

    NONE = 0
    LOAD = 1
    GATHER = 2
    SERVER = 3
    STORE = 4


class ListsStage(IntEnum):
    """``STATUS.stuck_stage`` of the graph-level organisation; UNIT is everything behind the gather stage."""

    NONE = 0
    LOAD = 1
    GATHER = 2
    UNIT = 3
    STORE = 4


@dataclass(frozen=True)
class Field:
    """Bits ``low`` to ``low + width - 1`` of a register."""

    name: str
    low: int
    width: int
    description: str


@dataclass(frozen=True)
class Register:
    """One 32-bit register, or ``count`` of them in a row.

    Parameters
    ----------
    name : str
        Upper case; the RTL port has the same name in lower case.
    offset : int
        Byte address, a multiple of 4.
    access : str
        ``const``: fixed by the design. ``ro``: read only. ``rw``: read and write. ``command``: a one starts
        something and reads back as zero. ``w1c``: set by hardware, cleared by writing a one.
    description : str
        One sentence.
    fields : tuple of Field
        None means that the whole word is one number.
    reset : int
        Value of an ``rw`` register after reset.
    count : int
        Words of an array (read only).
    value : int or None
        Of a ``const`` register that all designs have in common.
    """

    name: str
    offset: int
    access: str
    description: str
    fields: tuple[Field, ...] = ()
    reset: int = 0
    count: int = 1
    value: int | None = None

    @property
    def width(self) -> int:
        """Bits that exist; the others read as zero."""
        return max((field.low + field.width for field in self.fields), default=32)

    def field(self, name: str) -> Field:
        """The field of that name."""
        return next(field for field in self.fields if field.name == name)



def _status(stages: type[IntEnum], pass_bits: int) -> tuple[Field, ...]:
    return (
        Field("busy_load", 0, 1, "a load is going on"),
        Field("busy_run", 1, 1, "a run is going on"),
        Field("busy_store", 2, 1, "a store is going on"),
        Field("done_load", 4, 1, "the last load finished without an error"),
        Field("done_run", 5, 1, "the last run finished without an error"),
        Field("done_store", 6, 1, "the last store finished without an error"),
        Field("error", 8, 4, ", ".join(f"{code.value} {code.name}" for code in Error)),
        Field("stuck_stage", 12, 3, ", ".join(f"{stage.value} {stage.name}" for stage in stages)),
        Field("stuck_pass", 16, pass_bits, "pass in which the watchdog expired"),
    )


_INTERRUPT = (Field("done", 0, 1, "all commands of the last write to CONTROL have ended"),
              Field("error", 1, 1, "STATUS.error has become non-zero"))

_CONTROL = (
    ("LOAD_BASE_LOW", "rw", "Address of the load stream, a multiple of 16; lower half."),
    ("LOAD_BASE_HIGH", "rw", "Upper half."),
    ("LOAD_BEATS", "rw", "Length of the load stream in 16-byte beats, END included."),
    ("STORE_BASE_LOW", "rw", "Address of the results, a multiple of 16; lower half."),
    ("STORE_BASE_HIGH", "rw", "Upper half."),
    ("STORE_WORDS", "rw", "Result words that each server stores; server 0's come first, 16 bytes a word."),
    ("WATCHDOG", "rw", "Cycles without progress that count as stuck; 0 switches the watchdog off."),
    ("PASS", "ro", "Pass that runs, or the last one that ran."),
    ("CYCLES", "ro", "Cycles of the last run: from the accepted command to the end of the last pass."),
    ("LOAD_CYCLES", "ro", "Cycles of the last load."),
    ("STORE_CYCLES", "ro", "Cycles of the last store."),
    ("LOAD_RUN", "ro", "Cycles of the last load in which a beat arrived."),
    ("LOAD_WAIT_IN", "ro", "Cycles of the last load that waited for memory."),
    ("GATHER_RUN", "ro", "Cycles of the last run in which a group read rows, summed over the groups."),
    ("GATHER_IDLE", "ro", "Cycles in which a group had nothing to issue, summed over the groups."),
    ("GATHER_WAIT_OUT", "ro", "Cycles in which a group stood still for a server, summed over the groups."),
    ("SERVER_RUN", "ro", "Cycles of the last run in which a server worked, summed over the servers."),
    ("SERVER_IDLE", "ro", "Cycles in which a server had no pass to work for, summed over the servers."),
    ("SERVER_WAIT_IN", "ro", "Cycles in which a server waited within a pass, summed over the servers."),
    ("STORE_RUN", "ro", "Cycles of the last store in which a beat left."),
    ("STORE_WAIT_OUT", "ro", "Cycles of the last store in which memory did not take a beat."),
)

#: Names of the node-level map that the graph-level one replaces, at the same offsets.
_LISTS_CONTROL = {
    "STORE_WORDS": ("STORE_WORDS", "rw", "Result words that each unit stores; unit 0's come first, 16 bytes a word."),
    "GATHER_RUN": ("GATHER_RUN", "ro", "Cycles of the last run in which a unit read rows, summed over the units."),
    "GATHER_IDLE": ("GATHER_IDLE", "ro", "Cycles in which a unit did neither, summed over the units."),
    "GATHER_WAIT_OUT": ("GATHER_WAIT_OUT", "ro",
                        "Cycles in which a unit's gather stage waited for the next, summed over the units."),
    "SERVER_RUN": ("PRE_RUN", "ro", "Cycles in which the first requantizer worked, summed over the units."),
    "SERVER_IDLE": ("PRE_IDLE", "ro", "Cycles in which it did neither, summed over the units."),
    "SERVER_WAIT_IN": ("PRE_WAIT_OUT", "ro", "Cycles in which it waited for the next stage, summed over the units."),
}
_LISTS_MORE = (
    ("RUN_FIRST", "rw", "First pass of a run."),
    ("RUN_COUNT", "rw", "Passes of a run; 0: up to the pass that says it is the last."),
    ("COMBINE_RUN", "ro", "Cycles in which the MAC array worked, summed over the units."),
    ("COMBINE_IDLE", "ro", "Cycles in which it did neither, summed over the units."),
    ("COMBINE_WAIT_OUT", "ro", "Cycles in which it waited for the next stage, summed over the units."),
    ("POST_RUN", "ro", "Cycles in which the second requantizer worked, summed over the units."),
    ("POST_IDLE", "ro", "Cycles in which it did neither, summed over the units."),
    ("POST_WAIT_OUT", "ro", "Cycles in which it waited for the next stage, summed over the units."),
    ("WRITE_RUN", "ro", "Cycles in which a word was written, summed over the units."),
)

_CAPACITY = (
    "groups", "servers", "lanes", "code_bits", "digit", "acc_bits", "bank_depth", "slots", "param_depth",
    "result_depth", "feature_depth", "requant_lanes", "mac_columns", "weight_bits", "planes", "pages",
    "column_depth",
)

_LISTS_CAPACITY = (
    "units", "lanes", "code_bits", "acc_bits", "requant_lanes", "chunks", "weight_bits", "pages", "buffer_depth",
    "list_depth", "descriptor_depth", "column_depth", "param_depth", "levels", "tables", "passes", "beats",
    "result_depth", "leaky",
)

_RESET = {"WATCHDOG": 1 << 20}


def _head(identity: int, status: tuple[Field, ...]) -> Iterator[Register]:
    """What software needs before it knows the organisation."""
    yield Register("ID", 0x000, "const", f"Reads 0x{identity:08X}.", value=identity)
    yield Register("VERSION", 0x004, "const", "Of this map: major in the upper half, minor in the lower one.",
                   value=VERSION)
    yield Register("CONTROL", 0x008, "command", "Written together they run as load, run, store.", (
        Field("load", 0, 1, "read the load stream"),
        Field("run", 1, 1, "run all passes"),
        Field("store", 2, 1, "write the results"),
        Field("clear", 3, 1, "end a run, forget waiting commands, done bits and the error"),
    ))
    yield Register("STATUS", 0x00C, "ro", "What goes on, what has ended, what went wrong.", status)
    yield Register("INTERRUPT_ENABLE", 0x010, "rw", "Which events raise the interrupt.", _INTERRUPT)
    yield Register("INTERRUPT_STATUS", 0x014, "w1c", "Events that have happened.", _INTERRUPT)


def _tail(names: Sequence[str]) -> Iterator[Register]:
    for index, name in enumerate(names):
        yield Register(name.upper(), 0x100 + 4 * index, "const", f"The design's `{name}`.")


def _declare() -> Iterator[Register]:
    yield from _head(ID, _status(Stage, 4))
    for index, (name, access, description) in enumerate(_CONTROL):
        yield Register(name, 0x018 + 4 * index, access, description, reset=_RESET.get(name, 0))
    yield Register("PASS_CYCLES", 0x080, "ro", "CYCLES at the end of each pass of the last run.", count=16)
    yield from _tail(_CAPACITY)


def _declare_lists() -> Iterator[Register]:
    yield from _head(LISTS_ID, _status(ListsStage, (PASSES - 1).bit_length()))
    replaced = (_LISTS_CONTROL.get(entry[0], entry) for entry in _CONTROL)
    for index, (name, access, description) in enumerate((*replaced, *_LISTS_MORE)):
        yield Register(name, 0x018 + 4 * index, access, description, reset=_RESET.get(name, 0))
    yield from _tail(_LISTS_CAPACITY)
    yield Register("PASS_CYCLES", 0x200, "ro", "CYCLES at the end of each pass of the last run, by number of the pass.",
                   count=PASSES)


#: Every register of the node-level organisation, rising by offset.
REGISTERS: tuple[Register, ...] = tuple(_declare())

#: Every register of the graph-level organisation.
LISTS_REGISTERS: tuple[Register, ...] = tuple(_declare_lists())


def register(name: str, registers: Sequence[Register] = REGISTERS) -> Register:
    """The register of that name."""
    return next(entry for entry in registers if entry.name == name)


def constants(hardware: Mapping[str, int], registers: Sequence[Register] = REGISTERS) -> dict[str, int]:
    """Values of the ``const`` registers of a design with these hardware parameters."""
    return {entry.name: hardware[entry.name.lower()] if entry.value is None else entry.value
            for entry in registers if entry.access == "const"}


def to_dict(registers: Sequence[Register] = REGISTERS) -> list[dict[str, object]]:
    """The map as JSON-ready values."""
    return [
        {"name": entry.name, "offset": entry.offset, "access": entry.access, "reset": entry.reset,
         "count": entry.count, "description": entry.description,
         "fields": [asdict(field) for field in entry.fields]}
        for entry in registers
    ]


def to_markdown(registers: Sequence[Register] = REGISTERS) -> str:
    """The map as a Markdown table: one line a register, one a field."""
    lines = ["| offset | register | access | meaning |", "|---|---|---|---|"]
    for entry in registers:
        array = f"[{entry.count}]" if entry.count > 1 else ""
        name = f"`{entry.name}{array}`"
        lines.append(f"| 0x{entry.offset:03X} | {name} | {entry.access} | {entry.description} |")
        for field in entry.fields:
            high = field.low + field.width - 1
            bits = f"{high}:{field.low}" if field.width > 1 else str(field.low)
            lines.append(f"| | &nbsp;&nbsp;`{field.name}` [{bits}] | | {field.description} |")
    return "\n".join(lines) + "\n"


def to_c_header(prefix: str = "HWGEN", registers: Sequence[Register] = REGISTERS,
                stages: type[IntEnum] = Stage) -> str:
    """The map as C macros: ``<PREFIX>_<REGISTER>`` offsets, ``..._<FIELD>_LOW`` and ``..._<FIELD>_MASK``."""
    guard = f"{prefix}_REGISTERS_H"
    lines = [f"#ifndef {guard}", f"#define {guard}", ""]
    for entry in registers:
        name = f"{prefix}_{entry.name}"
        lines += [f"/* {entry.description} ({entry.access}) */", f"#define {name} 0x{entry.offset:03X}u"]
        if entry.count > 1:
            lines.append(f"#define {name}_COUNT {entry.count}u")
        for field in entry.fields:
            mask = ((1 << field.width) - 1) << field.low
            lines += [f"#define {name}_{field.name.upper()}_LOW {field.low}u",
                      f"#define {name}_{field.name.upper()}_MASK 0x{mask:08X}u"]
    for title, kind in (("ERROR", Error), ("STAGE", stages)):
        lines += [f"#define {prefix}_{title}_{code.name} {code.value}u" for code in kind]
    return "\n".join([*lines, "", f"#endif /* {guard} */", ""])
