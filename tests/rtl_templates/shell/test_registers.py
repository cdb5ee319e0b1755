"""The register map as data: no overlaps, and every rendering says the same."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from register_tables import errors_to_markdown, to_markdown

from rtl_templates.banked.registers import REGISTERS as BANKED
from rtl_templates.lists.formats import PASSES
from rtl_templates.lists.registers import REGISTERS as LISTS
from rtl_templates.shell.axi_lite import ADDRESS_BITS
from rtl_templates.shell.registers import constants, register, to_c_header, to_dict
from rtl_templates.shell.status import Error, Stage

MAPS = pytest.mark.parametrize("registers", [BANKED, LISTS], ids=["banked", "lists"])


@MAPS
def test_no_two_registers_or_fields_overlap(registers):
    taken = [entry.offset + 4 * index for entry in registers for index in range(entry.count)]
    assert taken == sorted(set(taken))
    assert all(offset % 4 == 0 for offset in taken)
    assert max(taken) < 1 << ADDRESS_BITS
    assert len({entry.name for entry in registers}) == len(registers)
    for entry in registers:
        bits = [bit for field in entry.fields for bit in range(field.low, field.low + field.width)]
        assert len(bits) == len(set(bits)), entry.name
        assert all(bit < 32 for bit in bits)
        assert entry.access in ("const", "ro", "rw", "command", "w1c")
        assert 0 <= entry.reset < 1 << entry.width


def test_the_page_in_docs_is_these_maps():
    page = Path(__file__).parents[3] / "docs" / "registers.md"
    assert errors_to_markdown() in page.read_text(encoding="utf-8")
    lists, banked = re.findall(r"^\| offset .*?(?=\n\n|\Z)", page.read_text(encoding="utf-8"), re.M | re.S)
    assert lists.rstrip() + "\n" == to_markdown(LISTS)
    assert banked.rstrip() + "\n" == to_markdown(BANKED)


@MAPS
def test_offsets_that_drivers_rely_on(registers):
    names = ("ID", "CONTROL", "STATUS", "LOAD_BASE_LOW", "CYCLES")
    offsets = {name: register(name, registers).offset for name in names}
    assert offsets == {"ID": 0x00, "CONTROL": 0x08, "STATUS": 0x0C, "LOAD_BASE_LOW": 0x18, "CYCLES": 0x38}


def test_both_maps_agree_on_what_both_have():
    banked, lists = ({entry.name: entry for entry in registers} for registers in (BANKED, LISTS))
    common = {name for name in set(banked) & set(lists) if banked[name].access != "const"} - {"PASS_CYCLES"}
    assert {"CONTROL", "STATUS", "LOAD_BASE_LOW", "STORE_WORDS", "WATCHDOG", "RUN_LIMIT", "CYCLES",
            "GATHER_RUN"} <= common
    for name in common:
        assert (banked[name].offset, banked[name].access, banked[name].reset) == \
            (lists[name].offset, lists[name].access, lists[name].reset), name
    fields = [{field.name: field.low for field in entry["STATUS"].fields} for entry in (banked, lists)]
    assert fields[0] == fields[1]
    assert banked["ID"].value != lists["ID"].value


@MAPS
def test_codes_fit_their_fields(registers):
    status = register("STATUS", registers)
    assert max(Error) < 1 << status.field("error").width
    assert max(Stage) < 1 << status.field("stuck_stage").width
    assert register("PASS_CYCLES", registers).count <= 1 << status.field("stuck_pass").width
    assert register("PASS_CYCLES", LISTS).count == PASSES


@MAPS
def test_constants_cover_every_const_register(registers):
    hardware = {entry.name.lower(): index for index, entry in enumerate(registers)}
    assert set(constants(hardware, registers)) == {entry.name for entry in registers if entry.access == "const"}
    assert constants(hardware, registers)["LANES"] == hardware["lanes"]
    assert constants(hardware, registers)["ID"] == register("ID", registers).value


@MAPS
def test_markdown_has_every_register_and_field(registers):
    text = to_markdown(registers)
    for entry in registers:
        assert f"| 0x{entry.offset:03X} | `{entry.name}" in text
        for field in entry.fields:
            assert f"`{field.name}` [" in text
    assert len({line.count("|") for line in text.splitlines()}) == 1


@MAPS
def test_dict_is_complete(registers):
    assert [(entry["name"], entry["offset"]) for entry in to_dict(registers)] == \
        [(entry.name, entry.offset) for entry in registers]
    assert all(set(field) == {"name", "low", "width", "description"}
               for entry in to_dict(registers) for field in entry["fields"])


@MAPS
def test_header_defines_every_offset_and_mask(registers):
    macros = dict(re.findall(r"#define (\w+) (\w+)", to_c_header(registers)))
    for entry in registers:
        assert int(macros[f"HWGEN_{entry.name}"].rstrip("u"), 16) == entry.offset
        for field in entry.fields:
            mask = int(macros[f"HWGEN_{entry.name}_{field.name.upper()}_MASK"].rstrip("u"), 16)
            assert mask == ((1 << field.width) - 1) << field.low
    assert macros["HWGEN_ERROR_WATCHDOG"] == f"{Error.WATCHDOG.value}u"
    assert macros["HWGEN_STAGE_STORE"] == f"{Stage.STORE.value}u"


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_header_compiles(tmp_path):
    (tmp_path / "registers.h").write_text(to_c_header(BANKED))
    (tmp_path / "main.c").write_text('#include "registers.h"\n#include "registers.h"\n'
                                     "int main(void) { return HWGEN_STATUS_ERROR_MASK != 0xF00u; }\n")
    command = ["cc", "-Wall", "-Werror", "-pedantic", "main.c", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run([str(tmp_path / "main")], check=True)
