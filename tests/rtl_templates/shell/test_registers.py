"""The register map as data: no overlaps, and every rendering says the same."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rtl_templates.lists.formats import PASSES
from rtl_templates.shell.axi_lite import ADDRESS_BITS
from rtl_templates.shell.registers import (
    LISTS_REGISTERS,
    REGISTERS,
    Error,
    ListsStage,
    Stage,
    constants,
    register,
    to_c_header,
    to_dict,
    to_markdown,
)

MAPS = pytest.mark.parametrize("registers", [REGISTERS, LISTS_REGISTERS], ids=["node", "stream"])


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
    stream, node = re.findall(r"^\| offset .*?(?=\n\n|\Z)", page.read_text(encoding="utf-8"), re.M | re.S)
    assert stream.rstrip() + "\n" == to_markdown(LISTS_REGISTERS)
    assert node.rstrip() + "\n" == to_markdown()


def test_offsets_that_drivers_rely_on():
    offsets = {name: register(name).offset for name in ("ID", "CONTROL", "STATUS", "LOAD_BASE_LOW", "CYCLES")}
    assert offsets == {"ID": 0x00, "CONTROL": 0x08, "STATUS": 0x0C, "LOAD_BASE_LOW": 0x18, "CYCLES": 0x38}


def test_both_maps_agree_on_what_both_have():
    node, stream = ({entry.name: entry for entry in registers} for registers in (REGISTERS, LISTS_REGISTERS))
    common = {name for name in set(node) & set(stream) if node[name].access != "const"} - {"PASS_CYCLES"}
    assert {"CONTROL", "STATUS", "LOAD_BASE_LOW", "STORE_WORDS", "WATCHDOG", "CYCLES", "GATHER_RUN"} <= common
    for name in common:
        assert (node[name].offset, node[name].access, node[name].reset) == \
            (stream[name].offset, stream[name].access, stream[name].reset), name
    fields = [{field.name: field.low for field in entry["STATUS"].fields} for entry in (node, stream)]
    assert fields[0] == fields[1]
    assert node["ID"].value != stream["ID"].value


def test_codes_fit_their_fields():
    for registers, stages in ((REGISTERS, Stage), (LISTS_REGISTERS, ListsStage)):
        status = register("STATUS", registers)
        assert max(Error) < 1 << status.field("error").width
        assert max(stages) < 1 << status.field("stuck_stage").width
        assert register("PASS_CYCLES", registers).count <= 1 << status.field("stuck_pass").width
    assert register("PASS_CYCLES", LISTS_REGISTERS).count == PASSES


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
    stages = Stage if registers is REGISTERS else ListsStage
    macros = dict(re.findall(r"#define (\w+) (\w+)", to_c_header("HWGEN", registers, stages)))
    for entry in registers:
        assert int(macros[f"HWGEN_{entry.name}"].rstrip("u"), 16) == entry.offset
        for field in entry.fields:
            mask = int(macros[f"HWGEN_{entry.name}_{field.name.upper()}_MASK"].rstrip("u"), 16)
            assert mask == ((1 << field.width) - 1) << field.low
    assert macros["HWGEN_ERROR_WATCHDOG"] == f"{Error.WATCHDOG.value}u"
    assert macros["HWGEN_STAGE_STORE"] == f"{stages.STORE.value}u"


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_header_compiles(tmp_path):
    (tmp_path / "registers.h").write_text(to_c_header())
    (tmp_path / "main.c").write_text('#include "registers.h"\n#include "registers.h"\n'
                                     "int main(void) { return HWGEN_STATUS_ERROR_MASK != 0xF00u; }\n")
    command = ["cc", "-Wall", "-Werror", "-pedantic", "main.c", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run([str(tmp_path / "main")], check=True)
