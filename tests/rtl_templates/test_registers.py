"""The register map as data: no overlaps, and every rendering says the same."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rtl_templates.registers import REGISTERS, Error, Stage, constants, register, to_c_header, to_dict, to_markdown


def test_no_two_registers_or_fields_overlap():
    taken = [entry.offset + 4 * index for entry in REGISTERS for index in range(entry.count)]
    assert taken == sorted(set(taken))
    assert all(offset % 4 == 0 for offset in taken)
    assert len({entry.name for entry in REGISTERS}) == len(REGISTERS)
    for entry in REGISTERS:
        bits = [bit for field in entry.fields for bit in range(field.low, field.low + field.width)]
        assert len(bits) == len(set(bits)), entry.name
        assert all(bit < 32 for bit in bits)
        assert entry.access in ("const", "ro", "rw", "command", "w1c")
        assert 0 <= entry.reset < 1 << entry.width


def test_the_page_in_docs_is_this_map():
    page = Path(__file__).parents[2] / "docs" / "registers.md"
    assert page.read_text(encoding="utf-8").endswith(to_markdown())


def test_offsets_that_drivers_rely_on():
    offsets = {name: register(name).offset for name in ("ID", "CONTROL", "STATUS", "LOAD_BASE_LOW", "CYCLES")}
    assert offsets == {"ID": 0x00, "CONTROL": 0x08, "STATUS": 0x0C, "LOAD_BASE_LOW": 0x18, "CYCLES": 0x38}


def test_codes_fit_their_fields():
    assert max(Error) < 1 << register("STATUS").field("error").width
    assert max(Stage) < 1 << register("STATUS").field("stuck_stage").width


def test_constants_cover_every_const_register():
    hardware = {entry.name.lower(): index for index, entry in enumerate(REGISTERS)}
    assert set(constants(hardware)) == {entry.name for entry in REGISTERS if entry.access == "const"}
    assert constants(hardware)["LANES"] == hardware["lanes"]


def test_markdown_has_every_register_and_field():
    text = to_markdown()
    for entry in REGISTERS:
        assert f"| 0x{entry.offset:03X} | `{entry.name}" in text
        for field in entry.fields:
            assert f"`{field.name}` [" in text
    assert len({line.count("|") for line in text.splitlines()}) == 1


def test_dict_is_complete():
    assert [(entry["name"], entry["offset"]) for entry in to_dict()] == \
        [(entry.name, entry.offset) for entry in REGISTERS]
    assert all(set(field) == {"name", "low", "width", "description"}
               for entry in to_dict() for field in entry["fields"])


def test_header_defines_every_offset_and_mask():
    macros = dict(re.findall(r"#define (\w+) (\w+)", to_c_header()))
    for entry in REGISTERS:
        assert int(macros[f"HWGEN_{entry.name}"].rstrip("u"), 16) == entry.offset
        for field in entry.fields:
            mask = int(macros[f"HWGEN_{entry.name}_{field.name.upper()}_MASK"].rstrip("u"), 16)
            assert mask == ((1 << field.width) - 1) << field.low
    assert macros["HWGEN_ERROR_WATCHDOG"] == f"{Error.WATCHDOG.value}u"


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_header_compiles(tmp_path):
    (tmp_path / "registers.h").write_text(to_c_header())
    (tmp_path / "main.c").write_text('#include "registers.h"\n#include "registers.h"\n'
                                     "int main(void) { return HWGEN_STATUS_ERROR_MASK != 0xF00u; }\n")
    command = ["cc", "-Wall", "-Werror", "-pedantic", "main.c", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run([str(tmp_path / "main")], check=True)
