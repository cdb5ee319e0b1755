"""Every board file loads, agrees with its part, and a wrong one is refused in three parts."""

import os
import re
from importlib.resources import files

import pytest

import boards
from hwgen.errors import HwgenError

#: Vendors' selection guides: LUT, FF, 36 kbit block RAM, UltraRAM, DSP, distributed RAM in kbit.
PARTS = {
    "xczu3eg": (70_560, 141_120, 216, 0, 360, 1_800),
    "xc7z020": (53_200, 106_400, 140, 0, 220, 1_087.5),
    "xczu9eg": (274_080, 548_160, 912, 0, 2_520, 9_000),
    "xczu7ev": (230_400, 460_800, 312, 96, 1_728, 6_360),
    "xck26": (117_120, 234_240, 144, 64, 1_248, 3_600),
    "xcu50": (871_680, 1_743_360, 1_344, 640, 5_952, 25_200),
    "LFE5U-85F": (83_640, 83_640, 104, 0, 156, 653.4375),
    "GW5AST-LV138": (138_240, 138_240, 170, 0, 298, 1_080),
    "CCGM1A2": (81_920, 81_920, 64, 0, 0, 0),  # halves of a CPE; pairs of 20 kbit
}


@pytest.mark.parametrize("name", boards.names())
def test_totals_are_the_parts_own(name: str) -> None:
    board = boards.load(name)
    [part] = [part for part in PARTS if board.part.startswith(part)]
    lut, ff, bram36, uram, dsp, kbit = PARTS[part]
    have = board.resources
    assert (have.lut, have.ff, have.bram36, have.uram, have.dsp) == (lut, ff, bram36, uram, dsp)
    assert have.lutram * (16 if board.family in ("ecp5", "gw5a") else 64) == kbit * 1024
    assert board.name == name


@pytest.mark.parametrize("name", boards.names())
def test_part_names_its_package(name: str) -> None:
    board = boards.load(name)
    package = board.package.replace("CABGA", "BG")  # Lattice abbreviates the package in the part
    assert package in board.part
    assert 50 <= board.clock.assumed_mhz <= 300


def test_the_first_boards_are_there() -> None:
    assert boards.names() == ["alveo-u50", "gatemate-a2", "kv260", "pynq-z1", "pynq-z2", "tang-mega-138k",
                              "ultra96", "ultra96v2", "ulx3s-85f", "zcu102", "zcu104"]


def test_unknown_board_lists_the_known_ones() -> None:
    with pytest.raises(HwgenError, match=r"^unknown board 'ultra69'\n") as caught:
        boards.load("ultra69")
    assert "alveo-u50, gatemate-a2, kv260, pynq-z1" in caught.value.fix


@pytest.mark.parametrize(("old", "new", "message"), [
    ("lut = 70560", "luts = 70560", r"^unknown key resources\.luts$"),
    ("dsp = 360\n", "", r"^key resources\.dsp is missing$"),
    ("dsp = 360", 'dsp = "360"', r"^resources\.dsp is '360'$"),
    ("dsp = 360", "dsp = -1", r"^resources\.dsp is -1$"),
    ("dsp = 360", "dsp = true", r"^resources\.dsp is True$"),
    ("[memory]", "[[memory]]", r"^memory is \[.*\]$"),
    ('part = "xczu3eg-sbva484-1-e"', "part = 3", r"^part is 3$"),
    ('\npart = "', '\npart = "[exec x] ', r"^part is '\[exec x\] xczu3eg"),
    ('board_part = "', 'board_part = "x;\\ty ', r"^board_part is 'x;"),
    ('flow = "vivado"', 'flow = "ecp5"', r"^family 'xcup' with flow 'ecp5'$"),
    ("lut = 70560", "lut = ", r"^not TOML: "),
    ("lut = 70560", "lut = 0", r"^resources\.lut is 0$"),
    ("ff = 141120", f"ff = {'9' * 400}", r"^resources\.ff is 9+\.\.\.9+$"),
    ("ff = 141120", f"ff = {'9' * 5000}", r"^not TOML: Exceeds the limit"),
    ("assumed_mhz = ", "assumed_mhz = 0 # ", r"^clock\.assumed_mhz is 0$"),
    ("peak_gb_per_s = ", "peak_gb_per_s = inf # ", r"^memory\.peak_gb_per_s is inf$"),
    ("peak_gb_per_s = ", "peak_gb_per_s = nan # ", r"^memory\.peak_gb_per_s is nan$"),
    ("peak_gb_per_s = ", "peak_gb_per_s = 0 # ", r"^memory\.peak_gb_per_s is 0$"),
    ("mebibytes = ", "mebibytes = 0 # ", r"^memory\.mebibytes is 0$"),
    ("port_bits = ", "port_bits = 0 # ", r"^memory\.port_bits is 0$"),
    ('name = "ultra96"', 'name = "../ultra96"', r"^name is '\.\./ultra96'$"),
    ('title = "', 'title = "\\u202e', r"^title is '"),
    ('name = "ultra96"', "name = " + "[" * 4000, r"^(nested too deep|not TOML)"),
    ('name = "ultra96"', "a" + ".a" * 7000 + " = 1", r"^nested too deep"),
    ('name = "ultra96"', "#" * 20_000, r"^\d+,\d+ bytes, and a file of this kind has 16,384 at most"),
])
def test_a_wrong_file_is_refused(tmp_path, old: str, new: str, message: str) -> None:
    text = (files("boards") / "ultra96.toml").read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(HwgenError) as caught:
        boards.load(str(path))
    assert re.search(message, caught.value.what)
    assert caught.value.where.startswith(str(path))
    assert caught.value.fix


def test_your_own_board_is_a_path(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((files("boards") / "kv260.toml").read_text().replace('"kv260"', '"mine"'))
    assert boards.load(str(path)).name == "mine"
    with pytest.raises(HwgenError, match=r"^there is no file"):
        boards.load(str(tmp_path / "none.toml"))


def test_a_name_in_any_case() -> None:
    assert boards.load("Ultra96") == boards.load("ultra96")


def test_what_is_no_regular_file_is_not_read(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    for name in ("pipe.toml", "endless.toml"):
        with pytest.raises(HwgenError, match="not a regular file"):
            boards.load(str(tmp_path / name))
