"""Tables of docs/registers.md, as Markdown."""

from collections.abc import Sequence

from rtl_templates.shell.registers import Register
from rtl_templates.shell.status import Error

__all__ = ["errors_to_markdown", "to_markdown"]


def to_markdown(registers: Sequence[Register]) -> str:
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


def errors_to_markdown() -> str:
    """Codes of ``STATUS.error`` as a Markdown table."""
    return "".join(["| code | name | meaning |\n|---|---|---|\n",
                    *(f"| {code.value} | `{code.name}` | {code.meaning} |\n" for code in Error)])
