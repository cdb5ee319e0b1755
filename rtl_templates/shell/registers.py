"""The register map, declared once as plain data: RTL, design.json, header and documentation come from it.

Every target has these registers, and its own in ``registers.py`` of its folder; what both have is at the same offset,
and bits of a field mean the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .status import Error, Stage

__all__ = ["STUCK_PASS", "VERSION", "Field", "Register", "constants", "from_dict", "register", "register_map",
           "to_c_header", "to_dict"]

VERSION = 0x0002_0000  # major in the upper half: a driver refuses another major


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


STUCK_PASS = 16  # bit of STATUS at which the pass begins
_STATUS = (
    Field("busy_load", 0, 1, "a load is going on"),
    Field("busy_run", 1, 1, "a run is going on"),
    Field("busy_store", 2, 1, "a store is going on"),
    Field("done_load", 4, 1, "the last load finished without an error"),
    Field("done_run", 5, 1, "the last run finished without an error"),
    Field("done_store", 6, 1, "the last store finished without an error"),
    Field("error", 8, 4, ", ".join(f"{code.value} {code.name}" for code in Error)),
    Field("stuck_stage", 12, 3, ", ".join(f"{stage.value} {stage.name}" for stage in Stage)),
)
_INTERRUPT = (Field("done", 0, 1, "all commands of the last write to CONTROL have ended"),
              Field("error", 1, 1, "STATUS.error has become non-zero"))

#: Name, access and description of the registers from 0x018 on; a target's counters of a run follow the first part.
_COMMANDS = (
    ("LOAD_BASE_LOW", "rw", "Address of the load stream, a multiple of 16; lower half."),
    ("LOAD_BASE_HIGH", "rw", "Upper half."),
    ("LOAD_BEATS", "rw", "Length of the load stream in 16-byte beats, END included."),
    ("STORE_BASE_LOW", "rw", "Address of the results, a multiple of 16; lower half."),
    ("STORE_BASE_HIGH", "rw", "Upper half."),
    ("STORE_WORDS", "rw", "Words that each {unit} stores, at most RESULT_DEPTH: {unit} 0's first, 16 bytes each."),
    ("WATCHDOG", "rw", "Cycles without progress that count as stuck and end a run; 0: any number."),
    ("PASS", "ro", "Pass that runs, or the last one that ran."),
    ("CYCLES", "ro", "Cycles of the last run: from the accepted command to the end of the last pass."),
    ("LOAD_CYCLES", "ro", "Cycles of the last load."),
    ("STORE_CYCLES", "ro", "Cycles of the last store."),
    ("LOAD_RUN", "ro", "Cycles of the last load in which a beat arrived."),
    ("LOAD_WAIT_IN", "ro", "Cycles of the last load that waited for memory."),
)
_STORE = (
    ("STORE_RUN", "ro", "Cycles of the last store in which a beat left."),
    ("STORE_WAIT_OUT", "ro", "Cycles of the last store in which memory did not take a beat."),
)
_RESET = {"WATCHDOG": 1 << 20}
_RUN_LIMIT = Register("RUN_LIMIT", 0x0C0, "rw", "Cycles that a run may take; 0: any number.", reset=1 << 28)

Entry = tuple[str, str, str]


def register_map(*, identity: int, passes: int, unit: str, counters: Sequence[Entry],
                 more: Sequence[Entry] = (), pass_cycles: int, capacities: Sequence[str]) -> tuple[Register, ...]:
    """Registers of a target, rising by offset: those that every target has, and its own.

    Parameters
    ----------
    identity : int
        What ID reads.
    passes : int
        Of the longest program.
    unit : str
        What has a result memory.
    counters, more : sequence of (name, access, description)
        Six counters of a run; whatever follows the common registers.
    pass_cycles : int
        Offset of PASS_CYCLES.
    capacities : sequence of str
        Hardware parameters that read as constants.
    """
    head = (
        Register("ID", 0x000, "const", f"Reads 0x{identity:08X}.", value=identity),
        Register("VERSION", 0x004, "const", "Of this map: major in the upper half, minor in the lower one.",
                 value=VERSION),
        Register("CONTROL", 0x008, "command", "Written together they run as load, run, store.", (
            Field("load", 0, 1, "read the load stream"),
            Field("run", 1, 1, "run the passes that are loaded"),
            Field("store", 2, 1, "write the results"),
            Field("clear", 3, 1, "end a run; forget waiting commands, done bits, the error, and what goes on"),
        )),
        Register("STATUS", 0x00C, "ro", "What goes on, what has ended, what went wrong.",
                 (*_STATUS, Field("stuck_pass", STUCK_PASS, (passes - 1).bit_length(),
                                  "pass in which WATCHDOG or RUN_LIMIT expired"))),
        Register("INTERRUPT_ENABLE", 0x010, "rw", "Which events raise the interrupt.", _INTERRUPT),
        Register("INTERRUPT_STATUS", 0x014, "w1c", "Events that have happened.", _INTERRUPT),
    )
    middle = (Register(name, 0x018 + 4 * index, access, description.format(unit=unit), reset=_RESET.get(name, 0))
              for index, (name, access, description) in enumerate((*_COMMANDS, *counters, *_STORE, *more)))
    tail = (Register(name.upper(), 0x100 + 4 * index, "const", f"The design's `{name}`.")
            for index, name in enumerate(capacities))
    stamps = Register("PASS_CYCLES", pass_cycles, "ro", "CYCLES at the end of each pass of the last run.", count=passes)
    return tuple(sorted((*head, *middle, _RUN_LIMIT, *tail, stamps), key=lambda entry: entry.offset))


def register(name: str, registers: Sequence[Register]) -> Register:
    """The register of that name."""
    return next(entry for entry in registers if entry.name == name)


def constants(hardware: Mapping[str, int], registers: Sequence[Register]) -> dict[str, int]:
    """Values of the ``const`` registers of a design with these hardware parameters."""
    return {entry.name: hardware[entry.name.lower()] if entry.value is None else entry.value
            for entry in registers if entry.access == "const"}


def to_dict(registers: Sequence[Register]) -> list[dict[str, object]]:
    """The map as JSON-ready values."""
    return [
        {"name": entry.name, "offset": entry.offset, "access": entry.access, "reset": entry.reset,
         "count": entry.count, "description": entry.description,
         "fields": [asdict(field) for field in entry.fields]}
        for entry in registers
    ]


def from_dict(entries: Iterable[Mapping[str, Any]]) -> tuple[Register, ...]:
    """Registers out of :func:`to_dict`; a ``value`` beside it is what a constant of a design reads as."""
    return tuple(Register(**{**entry, "fields": tuple(Field(**field) for field in entry["fields"])})
                 for entry in entries)


def to_c_header(registers: Sequence[Register], prefix: str = "HWGEN") -> str:
    """The map as C macros.

    ``<PREFIX>_<REGISTER>`` offsets, ``..._VALUE`` of constants that have one, ``..._<FIELD>_LOW`` and
    ``..._<FIELD>_MASK``; codes of errors and stages, and ``<PREFIX>_ERROR_MEANINGS``, texts to initialise an array of.
    """
    guard = f"{prefix}_REGISTERS_H"
    lines = [f"#ifndef {guard}", f"#define {guard}", ""]
    for entry in registers:
        name = f"{prefix}_{entry.name}"
        lines += [f"/* {entry.description} ({entry.access}) */", f"#define {name} 0x{entry.offset:03X}u"]
        if entry.count > 1:
            lines.append(f"#define {name}_COUNT {entry.count}u")
        if entry.value is not None:
            lines.append(f"#define {name}_VALUE 0x{entry.value:08X}u")
        for field in entry.fields:
            mask = ((1 << field.width) - 1) << field.low
            lines += [f"#define {name}_{field.name.upper()}_LOW {field.low}u",
                      f"#define {name}_{field.name.upper()}_MASK 0x{mask:08X}u"]
    for title, kind in (("ERROR", Error), ("STAGE", Stage)):
        lines += [f"#define {prefix}_{title}_{code.name} {code.value}u" for code in kind]
    meanings = ", ".join(f'"{code.name}: {code.meaning}"' for code in Error)
    lines.append(f"#define {prefix}_ERROR_MEANINGS {{{meanings}}}")
    return "\n".join([*lines, "", f"#endif /* {guard} */", ""])
